import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Scratch below `clusters/`: on the same file system, so renames out of it are atomic; gone after every run; git-ignored. */
export const STATE = '.synth';

const lockOf = (root: string) => join(root, STATE, 'lock');

/**
 * Runs `action` while no other synth writes below `root`. A lock whose process is gone is taken over; a living one is
 * waited for, `patience` milliseconds at most.
 */
export function withLock<T>(root: string, action: () => T, patience = 5_000): T {
  const deadline = Date.now() + patience;
  while (!acquire(root)) {
    if (Date.now() >= deadline) {
      const [pid = '?', host = '?'] = holderOf(root)?.split(' ') ?? [];
      throw new Error(
        `${lockOf(root)}: another synth is writing (process ${pid} on ${host}); wait for it, or delete the file if that process is no synth`,
      );
    }
    sleep(20);
  }
  try {
    return action();
  } finally {
    rmSync(lockOf(root), { force: true });
    removeIfEmpty(join(root, STATE));
  }
}

function acquire(root: string): boolean {
  try {
    mkdirSync(join(root, STATE), { recursive: true });
    writeFileSync(lockOf(root), `${process.pid} ${hostname()}`, { flag: 'wx' });
    return true;
  } catch (error) {
    // ENOENT: the other one finished just now and took the folder along.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
  if (isDead(root)) breakLock(root);
  return false;
}

/** Only one process at a time may remove a dead lock: two could each remove the other's fresh one. */
function breakLock(root: string) {
  const guard = join(root, STATE, 'lock.broken');
  try {
    mkdirSync(guard);
  } catch {
    if (ageOf(guard) > 2_000) removeIfEmpty(guard);
    return;
  }
  if (isDead(root)) rmSync(lockOf(root), { force: true });
  removeIfEmpty(guard);
}

function isDead(root: string): boolean {
  const holder = holderOf(root);
  // Killed between making the file and writing into it, if it stays empty.
  if (holder === '') return ageOf(lockOf(root)) > 2_000;
  const [pid, host] = holder?.split(' ') ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function holderOf(root: string): string | undefined {
  try {
    return readFileSync(lockOf(root), 'utf8');
  } catch {
    return undefined;
  }
}

function ageOf(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

/** Removes a folder unless something is in it. */
export function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

const sleep = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
