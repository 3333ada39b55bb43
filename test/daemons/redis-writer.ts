// Writes numbered keys one after the other, and remembers which were acknowledged: written, and held by one more member.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection } from './redis-client.ts';

export interface Acknowledgement {
  readonly key: string;
  readonly at: number;
  /** That took the write. */
  readonly member: string;
}

export class RedisWriter {
  readonly acknowledged: Acknowledgement[] = [];
  readonly #name: string;
  readonly #connect: () => Promise<RedisConnection>;
  readonly #running: Promise<void>;
  #stopped = false;
  #next = 0;

  constructor(name: string, connect: () => Promise<RedisConnection>) {
    this.#name = name;
    this.#connect = connect;
    this.#running = this.#run();
  }

  async stop() {
    this.#stopped = true;
    await this.#running;
  }

  /** Longest time between two acknowledgements, from the last one before `since` on. */
  longestPause(since: number): number {
    const times = this.acknowledged.map(({ at }) => at);
    return Math.max(0, ...times.slice(1).map((at, index) => (at < since ? 0 : at - times[index]!)));
  }

  async #run() {
    while (!this.#stopped) {
      let connection: RedisConnection | undefined;
      try {
        connection = await this.#connect();
        const [, member] = (await connection.ask('CONFIG', 'GET', 'replica-announce-ip')) as [string, string];
        while (!this.#stopped) await this.#write(connection, member);
      } catch {
        await sleep(100);
      } finally {
        connection?.close();
      }
    }
  }

  async #write(connection: RedisConnection, member: string) {
    this.#next += 1;
    const key = `${this.#name}:${this.#next}`;
    const set = connection.ask('SET', key, this.#next);
    const waited = connection.ask('WAIT', 1, 1000);
    waited.catch(() => undefined);
    await set;
    if (Number(await waited) >= 1) this.acknowledged.push({ key, at: performance.now(), member });
    await sleep(5);
  }
}
