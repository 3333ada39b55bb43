import { readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../synth/manifest.ts';
import { count, jsonOf, type Summary, textOf } from '../synth/report.ts';
import { environmentNames, root } from './project.ts';
import { reaches } from './reaches.ts';
import { printLines, type SynthOptions, synthesizeAll } from './synth.ts';

/** Editors save in several steps; this many milliseconds of silence end them. */
const QUIET = 20;

/**
 * Renders again after every save, the environments that the saved files are part of: what changed is written, and a
 * finding is printed when it comes and when it is gone. Programs are told all of them in every round: as a line of JSON, or
 * between two lines that begin and end it.
 */
export async function synthOnSave(wanted: readonly string[], options: SynthOptions) {
  const names = environmentNames(wanted);
  const known = new Map<string, ReadonlyMap<string, Finding>>();
  let generation = 0;

  const again = async (saved: ReadonlySet<string>) => {
    const start = performance.now();
    if (options.format === 'gnu') console.log('rendering');
    const touched = names.filter((name) => reaches(join(root, `charts/environments/${name}.ts`), saved));
    const { summaries, failed } = await synthesizeAll(touched.length ? touched : names, options, ++generation);
    if (options.format === 'json') {
      return console.log(jsonOf({ written: !failed, environments: summaries }, { oneLine: true }));
    }
    const news = summaries.map((summary) => newsOf(summary, known));
    const all = [...known.values()].flatMap((findings) => [...findings.values()]);
    if (options.format === 'gnu') printLines(all);
    else for (const text of news) if (text) console.log(text);
    for (const { added, changed, removed } of failed ? [] : summaries) {
      for (const path of [...added, ...changed]) console.log(`wrote clusters/${path}`);
      for (const path of removed) console.log(`removed clusters/${path}`);
    }
    const outcome = failed ? 'nothing was written, ' : '';
    console.log(`${outcome}${(performance.now() - start).toFixed(0)} ms, ${count(all)}`);
  };

  let running = Promise.resolve();
  let due: NodeJS.Timeout | undefined;
  let saved = new Set<string>();
  // Before the first round, which takes a while: what is saved in it is rendered after it.
  onSave(
    ['charts', 'constructs', 'imports'].map((folder) => join(root, folder)),
    (file) => {
      saved.add(file);
      clearTimeout(due);
      due = setTimeout(() => {
        const files = saved;
        saved = new Set();
        running = running.then(() => again(files)).catch((error: Error) => console.error(error.message));
      }, QUIET);
    },
  );
  running = again(new Set());
  await running;
  if (options.format === 'text') console.log('watching charts/, constructs/ and imports/; Ctrl-C ends it');
}

/** What is said of findings that came and went, of which `known` takes note. */
function newsOf({ environment, findings }: Summary, known: Map<string, ReadonlyMap<string, Finding>>): string {
  const before = known.get(environment) ?? new Map<string, Finding>();
  const now = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
  known.set(environment, now);
  const come = [...now].flatMap(([key, finding]) => (before.has(key) ? [] : [finding]));
  const gone = [...before].flatMap(([key, { object, message }]) =>
    now.has(key) ? [] : [`gone: ${object} ${message}`],
  );
  return [...(come.length ? [textOf(come)] : []), ...gone].join('\n');
}

/**
 * Calls `action` with every file below `folders` that is written, made, renamed or removed. Folders are watched one by
 * one: Node 20 follows each file on Linux otherwise, and loses one that an editor saves by renaming.
 */
function onSave(folders: readonly string[], action: (file: string) => void) {
  const watched = new Set<string>();
  const follow = (folder: string) => {
    if (watched.has(folder)) return;
    watched.add(folder);
    watch(folder, (_, name) => {
      if (!name) return;
      const path = join(folder, name);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) follow(path);
      else action(path);
    }).on('error', () => watched.delete(folder));
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) follow(join(folder, entry.name));
    }
  };
  folders.forEach(follow);
}
