// A program that writes numbered things one after the other, and prints the number of each that was acknowledged.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../cluster/client.ts';
import { runner } from '../workspace.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CountingProps {
  /** Of this folder, in TypeScript. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ends in running the rest of a command line on its host. @default - this machine */
  readonly inside?: readonly string[];
}

export class Counting {
  readonly acknowledged: number[] = [];
  /** When, in milliseconds of performance.now(). */
  readonly times: number[] = [];
  readonly #process: ChildProcess;

  constructor({ program, args, env, inside = [] }: CountingProps) {
    const node = [process.execPath, ...runner(), `${root}test/daemons/${program}`];
    const [first, ...rest] = [...inside, 'setpriv', '--pdeathsig=KILL', ...node, ...args];
    this.#process = spawn(first!, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface(this.#process.stdout!).on('line', (line) => {
      this.acknowledged.push(Number(line));
      this.times.push(performance.now());
    });
  }

  /** Until one more is acknowledged. */
  async awaitNext(seconds = 180) {
    const before = this.acknowledged.length;
    await waitFor('an acknowledged write', async () => this.acknowledged.length > before, seconds);
  }

  /** Seconds between two acknowledgements, at most, from the one before number `from` of them on. */
  longestPause(from: number): number {
    const times = this.times.slice(Math.max(0, from - 1));
    return Math.max(0, ...times.slice(1).map((time, index) => time - times[index]!)) / 1000;
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }
}
