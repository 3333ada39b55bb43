// A client that writes numbered rows one after the other, and remembers which were acknowledged.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../cluster/client.ts';

const term = 'inet_server_addr(), left(pg_walfile_name(pg_current_wal_lsn()), 8)';

export class Writer {
  /** Numbers whose row the server said to have. */
  readonly acknowledged: number[] = [];
  /** When, in milliseconds of performance.now(). */
  readonly times: number[] = [];
  /** By which server, as it knows its own address, and in which term of office: with each promotion a timeline begins. */
  readonly terms: string[] = [];
  readonly #command: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #next: number;
  #stopped = false;
  #client?: ChildProcess;
  #done?: Promise<void>;

  /** `command` runs psql; numbers begin with `first`. */
  constructor(command: readonly string[], env: Readonly<Record<string, string>>, first = 1) {
    this.#command = command;
    this.#env = env;
    this.#next = first;
  }

  start() {
    this.#done = this.#run();
  }

  async stop() {
    this.#stopped = true;
    this.#client?.kill('SIGKILL');
    await this.#done;
  }

  /** Until one more write is acknowledged. */
  async awaitNext(seconds = 180) {
    const before = this.acknowledged.length;
    await waitFor('an acknowledged write', async () => this.acknowledged.length > before, seconds);
  }

  /** Longest pause between two acknowledgements since `from`, an index of them. */
  longestPause(from = 0): number {
    const times = this.times.slice(from);
    return Math.max(0, ...times.slice(1).map((time, index) => time - times[index]!));
  }

  async #run() {
    while (!this.#stopped) {
      await this.#session();
      await sleep(100);
    }
  }

  /** One connection, until it breaks or does not answer for three seconds. */
  #session(): Promise<void> {
    return new Promise((resolve) => {
      const [program, ...args] = this.#command;
      const client = spawn(program!, args, { env: { ...this.#env }, stdio: ['pipe', 'pipe', 'ignore'] });
      this.#client = client;
      let patience = setTimeout(() => client.kill('SIGKILL'), 3000);
      const write = () => {
        client.stdin.write(`INSERT INTO written VALUES (${this.#next}) RETURNING n, ${term};\n`);
        this.#next += 1;
      };
      client.stdin.on('error', () => undefined);
      createInterface(client.stdout).on('line', (line) => {
        const [number, ...parts] = line.split('|');
        this.acknowledged.push(Number(number));
        this.terms.push(parts.join(' '));
        this.times.push(performance.now());
        clearTimeout(patience);
        patience = setTimeout(() => client.kill('SIGKILL'), 3000);
        setTimeout(write, 10);
      });
      client.on('close', () => {
        clearTimeout(patience);
        resolve();
      });
      write();
    });
  }
}
