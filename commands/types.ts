import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { groupBy } from '../synth/group-by.ts';
import type { Finding } from '../synth/manifest.ts';
import { root } from './project.ts';
import { reaches } from './reaches.ts';

const FOLDERS = ['charts', 'constructs', 'imports'];
const CONFIG = 'tsconfig.json';
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const passed = join(root, 'node_modules/.cache/types');

/** One error of the compiler. */
interface Fault {
  /** Relative to the repository. @default - none, the compiler could not be asked */
  readonly file?: string;
  readonly line?: number;
  readonly message: string;
}

/**
 * What the compiler says of charts/, constructs/ and imports/, by environment. Rendering only takes types away: a field
 * that is misspelt would be one that is not there, and text where a number belongs whatever becomes of it. The compiler
 * runs beside the rendering, and only where something changed since it had nothing to say. Nothing is checked where it
 * is not installed.
 */
export function typeFindings(): (environment: string) => Promise<readonly Finding[]> {
  const faults = existsSync(compiler) && existsSync(join(root, CONFIG)) ? typeFaults() : [];
  return async (environment) => {
    const from = join(root, `charts/environments/${environment}.ts`);
    const isPart = (file: string) => file === CONFIG || reaches(from, new Set([join(root, file)]));
    return [...groupBy(await faults, ({ file }) => file)]
      .filter(([file]) => !file || isPart(file))
      .flatMap(([, ofFile]) => ofFile.map((fault) => findingOf(environment, fault)));
  };
}

async function typeFaults(): Promise<readonly Fault[]> {
  try {
    const sources = keyOfSources();
    if (existsSync(passed) && readFileSync(passed, 'utf8') === sources) return [];
    const faults = faultsOf(await printed());
    if (!faults.length) remember(sources);
    return faults;
  } catch (error) {
    return [{ message: (error as Error).message }];
  }
}

/** Of every file that a type may come from, and of this one, which says what an error is. */
function keyOfSources(): string {
  const hash = createHash('sha1');
  const add = (file: string) => hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  for (const folder of FOLDERS) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((each) => each.endsWith('.ts')).sort()) add(join(folder, file));
  }
  for (const file of [CONFIG, 'package-lock.json', 'commands/types.ts']) if (existsSync(join(root, file))) add(file);
  return hash.digest('hex');
}

function remember(sources: string) {
  try {
    mkdirSync(dirname(passed), { recursive: true });
    writeFileSync(passed, sources);
  } catch {
    // A read-only checkout is only asked about again.
  }
}

async function printed(): Promise<string> {
  const words = [compiler, '--project', root, '--noEmit', '--pretty', 'false'];
  try {
    return (await promisify(execFile)(process.execPath, words, { cwd: root, maxBuffer: 2 ** 26, timeout: 60_000 }))
      .stdout;
  } catch (error) {
    // It ends with 1 or 2 where it found something.
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    if (stdout?.trim()) return stdout;
    const lines = (stderr?.trim() || message).split('\n');
    throw new Error(lines.find((line) => /^\w*Error: /.test(line)) ?? lines[0]);
  }
}

/** What is declared and not used hurts nobody while one is at it, and `npm test` is strict; a cache that cannot be written. */
const PASSED_OVER = /^TS(?:6133|6138|6192|6196|6198|6199|5033)$/;

/** `charts/a.ts(3,5): error TS2322: message`; its reasons are further lines, indented. */
function faultsOf(output: string): readonly Fault[] {
  return output.split(/\n(?=\S)/).flatMap((entry): Fault[] => {
    const [first = '', ...rest] = entry.trimEnd().split('\n');
    const [, file, line, code, text] = /^(?:(.+?)\((\d+),\d+\): )?error (TS\d+): (.*)$/.exec(first) ?? [];
    if (!code || text === undefined || PASSED_OVER.test(code)) return [];
    const message = toldOf([text, ...rest.map((each) => each.trim())]);
    if (!file) return [{ message }];
    const isOurs = file === CONFIG || FOLDERS.some((folder) => file.startsWith(`${folder}/`));
    return isOurs ? [{ file, line: Number(line), message }] : [];
  });
}

/** Which field it is, and the last reason; whole literals are spelled out in between. */
const toldOf = (lines: readonly string[]) =>
  lines
    .filter((line, i) => i === lines.length - 1 || /^Types of property/.test(line))
    .join(' ')
    .replace(/ is missing in type '\{.*\}' but required in type '/, " is missing, and required in type '");

function findingOf(environment: string, { file, line = 1, message }: Fault): Finding {
  const [, before, meant] = /^(.*?)\.? Did you mean (?:to write )?'(.+)'\?$/.exec(message) ?? [];
  return {
    rule: 'type',
    // What was not looked at need not be wrong.
    severity: file ? 'error' : 'warning',
    object: environment,
    ...(file && { source: { file, line } }),
    message: file ? (before ?? message.replace(/\.$/, '')) : `types were not looked at: ${message}`,
    fix: meant ? `write ${meant}` : '',
  };
}
