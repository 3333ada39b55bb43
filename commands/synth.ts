import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Comparison, compare } from '../synth/compare.ts';
import { lapsed } from '../synth/flux.ts';
import type { Finding } from '../synth/manifest.ts';
import { isGenerated } from '../synth/ownership.ts';
import { foldersOf, publish, readTree, settle } from '../synth/publish.ts';
import { thrown } from '../synth/render.ts';
import { type Format, gnuOf, jsonOf, type Summary, summaryOf, textOf } from '../synth/report.ts';
import { synthesize } from '../synth/synthesize.ts';
import { allEnvironments, clusters, environmentNames, load, Refusal, refusing } from './project.ts';
import { typeFindings } from './types.ts';

export interface SynthOptions {
  readonly check?: boolean;
  readonly overwrite?: readonly string[];
  readonly format: Format;
}

/** Renders, checks and writes; exit code 1 where something is wrong or, with `--check`, not as it would be written. */
export async function synth(wanted: readonly string[], options: SynthOptions) {
  if (!options.check && refusing(() => settle(clusters))) {
    console.error('a synth that was interrupted was brought to its end first');
  }
  const { summaries, failed } = await synthesizeAll(environmentNames(wanted), options);
  print(summaries, failed, options);
  const differs = summaries.some(({ added, changed, removed }) => added.length + changed.length + removed.length > 0);
  if (failed || (options.check && differs)) process.exitCode = 1;
}

/**
 * Renders, checks and compares every environment before a byte is written: an error in one keeps all as they are.
 * `generation` counts the saves of watch mode.
 */
export async function synthesizeAll(
  names: readonly string[],
  { check, overwrite = [] }: SynthOptions,
  generation?: number,
): Promise<{ summaries: Summary[]; failed: boolean }> {
  const replaced = new Set(overwrite.map(generatedPath));
  const summaries: Summary[] = [];
  const comparisons: Comparison[] = [];
  const progress = progressOf(names.length);
  // An editor that saves for watch mode knows the types itself.
  const typesOf = generation === undefined ? typeFindings() : () => [];
  for (const name of names) {
    const start = performance.now();
    const { comparison, ...made } = await one(name, replaced, generation);
    if (comparison) comparisons.push(comparison);
    summaries.push({ environment: name, ...made, milliseconds: performance.now() - start });
    progress(name);
  }
  for (const [i, summary] of summaries.entries()) {
    const faults = await typesOf(summary.environment);
    // What does not even load has the same faults, less clearly told.
    const others = summary.files ? summary.findings : [];
    if (faults.length) summaries[i] = { ...summary, findings: [...faults, ...others] };
  }
  if (allEnvironments().every((name) => names.includes(name))) summaries.push(...orphans());
  const failed = summaries.some(({ findings }) => findings.some(({ severity }) => severity === 'error'));
  if (!failed && !check) refusing(() => publish(clusters, comparisons));
  return { summaries, failed };
}

/** Folders of environments that are no longer described: nothing renders them, and Flux goes on applying them. */
function orphans(): Summary[] {
  const described = new Set(allEnvironments());
  return foldersOf(clusters)
    .filter((name) => !described.has(name))
    .flatMap((environment): Summary[] => {
      const ours = [...readTree(clusters, environment).values()].filter(isGenerated).length;
      if (!ours) return [];
      const finding: Finding = {
        rule: 'orphan-environment',
        severity: 'error',
        object: `clusters/${environment}`,
        message: `nothing renders its ${ours} generated files any more, and Flux of that cluster goes on applying them`,
        fix: `once that cluster is gone, or follows another folder: git rm -r clusters/${environment}; else bring back charts/environments/${environment}.ts`,
      };
      const none = { files: 0, objects: 0, added: [], changed: [], removed: [] };
      return [{ environment, ...none, findings: [finding], milliseconds: 0 }];
    });
}

/** `--overwrite` takes paths as the terminal completes them; the tree's are relative to clusters/. */
function generatedPath(file: string): string {
  const path = relative(clusters, resolve(file)).replaceAll('\\', '/');
  if (!path.startsWith('..') && existsSync(join(clusters, path))) return path;
  throw new Refusal(`--overwrite ${file}: is no file under clusters/`);
}

async function one(name: string, overwrite: ReadonlySet<string>, generation?: number) {
  try {
    const environment = await load(name, generation);
    const tree = readTree(clusters, name);
    const { files, objects, findings: found, removals } = synthesize(environment, tree);
    const comparison = compare({ environment: name, tree, files, also: environment.also }, { overwrite });
    const findings: readonly Finding[] = [
      ...found,
      ...comparison.findings,
      ...lapsed(removals, new Date().toISOString().slice(0, 10), name),
    ];
    const { added, changed, removed } = comparison;
    return { comparison, files: files.size, objects, added, changed, removed, findings };
  } catch (error) {
    const findings = [thrown(`charts/environments/${name}.ts`, error)];
    return { comparison: undefined, files: 0, objects: 0, added: [], changed: [], removed: [], findings };
  }
}

/** A line on the terminal once it takes over a second, taken away at the end. */
function progressOf(total: number) {
  const began = performance.now();
  let done = 0;
  return (name: string) => {
    done++;
    if (!process.stderr.isTTY || performance.now() - began < 1000) return;
    process.stderr.write(`\r\x1b[K${done < total ? `rendered ${done} of ${total}: ${name}` : ''}`);
  };
}

function print(summaries: readonly Summary[], failed: boolean, { check, format }: SynthOptions) {
  if (format === 'json') return console.log(jsonOf({ written: !failed && !check, environments: summaries }));
  for (const { environment, added, changed, removed, findings } of summaries) {
    if (format === 'gnu') printLines(findings);
    else if (findings.length) console.log(`${summaries.length > 1 ? `${environment}:\n` : ''}${textOf(findings)}\n`);
    if (!check) continue;
    for (const [what, paths] of Object.entries({ missing: added, stale: changed, leftover: removed })) {
      for (const path of paths) console.log(`${what}: clusters/${path}`);
    }
  }
  if (format === 'text') console.log(summaryOf(summaries));
  if (failed && !check) console.log('nothing was written');
}

export function printLines(findings: readonly Finding[]) {
  if (findings.length) console.log(gnuOf(findings));
}
