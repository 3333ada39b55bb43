import { accessSync, constants, type Dirent, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison } from './compare.ts';
import { commit, type Hook, isInterrupted, recover, type Step } from './journal.ts';
import { STATE, withLock } from './lock.ts';

/** Reads every YAML and JSON file of one environment; links are not followed. An environment without a folder is empty. */
export function readTree(root: string, environment: string): Map<string, string> {
  const tree = new Map<string, string>();
  const walk = (folder: string) => {
    for (const entry of entriesOf(join(root, folder)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && /\.(?:ya?ml|json)$/.test(entry.name))
        tree.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  walk(environment);
  return tree;
}

/** Names of the environments that have a folder. */
export const foldersOf = (root: string): string[] =>
  entriesOf(root)
    .flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []))
    .sort();

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Cleans up after a run that was killed, before the tree is read; says whether files had to be finished. */
export function settle(root: string): boolean {
  if (!existsSync(join(root, STATE))) return false;
  const interrupted = isInterrupted(root);
  explaining(root, () => withLock(root, () => recover(root)));
  return interrupted;
}

export interface PublishOptions {
  /** How long another synth is waited for, in milliseconds. @default 5000 */
  readonly patience?: number;
  readonly hook?: Hook;
}

/**
 * Makes the trees under `root` what `comparisons` say: of all environments or, on any error, of none. Writes nothing,
 * not even its lock, where there is nothing to do. Refused: comparisons with an error among their findings, and a tree
 * that is no longer the one compared.
 */
export function publish(
  root: string,
  comparisons: readonly Pick<Comparison, 'environment' | 'findings' | 'steps'>[],
  { patience, hook }: PublishOptions = {},
): void {
  const refused = comparisons.find(({ findings }) => findings.some(({ severity }) => severity === 'error'));
  if (refused) throw new Error(`${root}/${refused.environment}: not published, its findings have errors`);
  const steps = comparisons.flatMap((comparison) => comparison.steps);
  if (!steps.length) return;
  explaining(root, () =>
    withLock(
      root,
      () => {
        recover(root, hook);
        for (const folder of new Set(steps.flatMap(({ path }) => foldersAbove(path)))) expectFolder(join(root, folder));
        const due = steps.filter((step) => isDue(root, step));
        if (due.length) commit(root, due, hook);
      },
      patience,
    ),
  );
}

function expectFolder(folder: string) {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isDirectory()) throw new Error(`${folder}: is in the way of a folder; move it away`);
  accessSync(folder, constants.W_OK);
}

/** False where another synth has done the same meanwhile. */
function isDue(root: string, { path, before, after }: Step): boolean {
  const target = join(root, path);
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) throw new Error(`${target}: is in the way of a file; move it away`);
  const now = stats && readFileSync(target, 'utf8');
  if (now === after) return false;
  if (now !== before) throw new Error(`${target}: changed while synth ran; run it again`);
  if (stats) accessSync(target, constants.W_OK);
  return true;
}

/** `studio/notifi/app.yaml`: `studio`, `studio/notifi`. */
const foldersAbove = (path: string) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'no permission to write it',
  EPERM: 'no permission to write it',
};

function explaining(root: string, write: () => void) {
  try {
    write();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    const cause = CAUSES[code ?? ''];
    if (!cause) throw error;
    const outcome = isInterrupted(root) ? 'the next synth brings the files in order' : 'nothing was changed';
    throw new Error(`${path ?? root}: ${cause} (${code}); ${outcome}`, { cause: error });
  }
}
