import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeIfEmpty, STATE } from './lock.ts';

/** One file of a transaction. */
export interface Step {
  /** Relative to the root. */
  readonly path: string;
  /** @default - the file is new */
  readonly before?: string;
  /** @default - the file is removed */
  readonly after?: string;
}

/** Called before each thing that is done, with its name; tests stop the process there. */
export type Hook = (point: string) => void;

interface Entry {
  readonly path: string;
  readonly isNew: boolean;
  readonly isRemoved: boolean;
}

// Folder `.synth`: new/<n> and old/<n> hold the texts of step n after and before; `journal` lists the steps and is there
// from the moment the first may have been done until the last is; it is renamed to `undo` where they are taken back.
const inState = (root: string, ...names: string[]) => join(root, STATE, ...names);

/**
 * Does all steps or none; the caller holds the lock and has called `recover`. Everything is on the disk, and read back,
 * before the first file of the tree changes; a file changes by one rename, so nobody ever reads half of it. An error
 * undoes what was done; after a kill, `recover` finishes it.
 */
export function commit(root: string, steps: readonly Step[], hook: Hook = () => {}): void {
  const entries = steps.map(({ path, before, after }) => ({
    path,
    isNew: before === undefined,
    isRemoved: after === undefined,
  }));
  try {
    stage(root, steps, hook);
    hook('write the journal');
    writeFileSync(inState(root, 'draft'), JSON.stringify(entries));
    hook('commit the journal');
    renameSync(inState(root, 'draft'), inState(root, 'journal'));
  } catch (error) {
    clear(root);
    throw error;
  }
  try {
    finish(root, entries, hook);
  } catch (error) {
    renameSync(inState(root, 'journal'), inState(root, 'undo'));
    undo(root, entries, hook);
    throw error;
  }
}

/** Brings a run that was killed to its end; the caller holds the lock. Finishing leaves alone what somebody changed since. */
export function recover(root: string, hook: Hook = () => {}): void {
  const read = (name: string) => JSON.parse(readFileSync(inState(root, name), 'utf8')) as Entry[];
  if (existsSync(inState(root, 'journal'))) finish(root, read('journal'), hook);
  else if (existsSync(inState(root, 'undo'))) undo(root, read('undo'), hook);
  else clear(root);
}

/** Whether a run was killed half way and nobody has finished it. */
export const isInterrupted = (root: string) =>
  existsSync(inState(root, 'journal')) || existsSync(inState(root, 'undo'));

function stage(root: string, steps: readonly Step[], hook: Hook) {
  for (const folder of ['new', 'old']) mkdirSync(inState(root, folder), { recursive: true });
  for (const [n, { path, before, after }] of steps.entries()) {
    hook(`stage ${path}`);
    if (before !== undefined) copyFileSync(join(root, path), inState(root, 'old', `${n}`));
    if (after === undefined) continue;
    const staged = inState(root, 'new', `${n}`);
    writeFileSync(staged, after);
    if (readFileSync(staged, 'utf8') !== after) throw new Error(`${staged}: the disk does not hold what was written`);
  }
}

function finish(root: string, entries: readonly Entry[], hook: Hook) {
  for (const [n, { path, isRemoved }] of entries.entries()) {
    const target = join(root, path);
    const [staged, old] = [inState(root, 'new', `${n}`), inState(root, 'old', `${n}`)];
    if (contentOf(target) !== contentOf(old)) continue;
    hook(`${isRemoved ? 'remove' : 'write'} ${path}`);
    if (isRemoved) {
      rmSync(target, { force: true });
    } else if (existsSync(staged)) {
      mkdirSync(dirname(target), { recursive: true });
      renameSync(staged, target);
    }
  }
  hook('remove empty folders');
  for (const { path, isRemoved } of entries) if (isRemoved) removeEmptyAbove(root, path);
  hook('remove the journal');
  rmSync(inState(root, 'journal'));
  clear(root);
}

function undo(root: string, entries: readonly Entry[], hook: Hook) {
  for (const [n, { path, isNew, isRemoved }] of entries.entries()) {
    const target = join(root, path);
    const isDone = isRemoved ? !existsSync(target) : !existsSync(inState(root, 'new', `${n}`));
    const old = inState(root, 'old', `${n}`);
    if (!isDone) continue;
    hook(`restore ${path}`);
    if (isNew) {
      rmSync(target, { force: true });
    } else if (existsSync(old)) {
      mkdirSync(dirname(target), { recursive: true });
      renameSync(old, target);
    }
  }
  hook('remove empty folders');
  for (const { path, isNew } of entries) if (isNew) removeEmptyAbove(root, path);
  hook('remove the journal');
  rmSync(inState(root, 'undo'));
  clear(root);
}

function clear(root: string) {
  for (const name of ['new', 'old', 'draft']) rmSync(inState(root, name), { recursive: true, force: true });
}

/** Folders below an environment that became empty; the environment's own stays. */
function removeEmptyAbove(root: string, path: string) {
  let folder = dirname(path);
  while (folder.includes('/') && removeIfEmpty(join(root, folder))) folder = dirname(folder);
}

function contentOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'latin1') : undefined;
}
