import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ran, runHere } from './run-here.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, NO_COLOR: '1' };
const engine = [
  'main.ts',
  'run.mjs',
  'strip.mjs',
  'package.json',
  'cdk8s.yaml',
  'commands',
  'synth',
  'imports',
  'constructs',
];

/** Arguments of node before those of a TypeScript program, as in package.json. */
export const runner = (folder = root) => ['--experimental-vm-modules', '--no-warnings', join(folder, 'run.mjs')];

/** A copy of the project in a folder of its own, where a test may break what it likes. */
export interface Workspace {
  readonly folder: string;
  write(path: string, text: string): void;
  /** Replaces a file as many editors do, by renaming: who watches it never sees half of it, however slow the machine is. */
  save(path: string, text: string): void;
  /** The same within the test's own process, ten times as fast, for what needs no process and edits no TypeScript. */
  call(...args: string[]): Promise<Ran>;
  /** Runs `node main.ts <args>` as a user would, without npm; `input` is what is piped into it. */
  run(...args: [{ input: string }, ...string[]] | string[]): SpawnSyncReturns<string>;
  /** Starts it in the background; `line` waits until it has printed a line that matches, and gives all it printed. */
  start(...args: string[]): { line(pattern: RegExp): Promise<string>; interrupt(): Promise<number | null> };
  remove(): void;
}

/** Copies the engine and the listed folders beside it (`charts`, `clusters`, `clusters/lab`); libraries are linked. */
export function workspace(...folders: string[]): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-synth-'));
  for (const name of [...engine, ...folders]) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    save(path, text) {
      // In a folder that nobody watches.
      writeFileSync(join(folder, 'saved'), text);
      renameSync(join(folder, 'saved'), join(folder, path));
    },
    call: (...args) => runHere(folder, args),
    run(...args) {
      const [first, ...rest] = args;
      const { input, words } = typeof first === 'object' ? { ...first, words: rest } : { input: '', words: args };
      return spawnSync(process.execPath, [...runner(folder), 'main.ts', ...(words as string[])], {
        cwd: folder,
        encoding: 'utf8',
        env,
        input,
      });
    },
    start(...args) {
      const child = spawn(process.execPath, [...runner(folder), 'main.ts', ...args], { cwd: folder, env });
      let printed = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (printed += text));
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      return {
        async line(pattern) {
          const deadline = Date.now() + 20_000;
          while (!pattern.test(printed)) {
            if (Date.now() > deadline || child.exitCode !== null) throw new Error(`no ${pattern} in:\n${printed}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          const text = printed;
          printed = '';
          return text;
        },
        interrupt() {
          child.kill('SIGINT');
          return ended;
        },
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
