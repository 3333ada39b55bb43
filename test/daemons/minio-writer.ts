// Clients that write numbered objects one after the other, and remember which were acknowledged.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../cluster/client.ts';
import type { S3Client } from './s3-client.ts';

/** MinIO keeps small objects with their metadata, and others in files of their own. */
const sizeOf = (number: number) => (number % 8 === 0 ? 300_000 : 1000);

/** The same for a number at every time. */
const bodyOf = (number: number) =>
  createHash('shake256', { outputLength: sizeOf(number) })
    .update(String(number))
    .digest();

const keyOf = (number: number) => `written/${String(number).padStart(8, '0')}`;

export class ObjectWriter {
  readonly acknowledged: number[] = [];
  /** When, in milliseconds of performance.now(). */
  readonly #times: number[] = [];
  readonly #client: S3Client;
  readonly #running: Promise<unknown>;
  #next = 0;
  #isStopped = false;

  constructor(client: S3Client, lanes = 4) {
    this.#client = client;
    this.#running = Promise.all(Array.from({ length: lanes }, () => this.#run()));
  }

  async stop() {
    this.#isStopped = true;
    await this.#running;
  }

  /** Until an object is acknowledged that was sent from now on by every lane. */
  async awaitNext(seconds = 180) {
    const before = this.#next;
    await waitFor(
      'acknowledged objects',
      async () => this.acknowledged.filter((number) => number > before).length > 3,
      seconds,
    );
  }

  /** Longest time since `start`, in seconds, that no object was acknowledged. */
  longestPause(start: number): number {
    const times = [start, ...this.#times.filter((time) => time > start), performance.now()];
    return Math.max(...times.slice(1).map((time, index) => time - times[index]!)) / 1000;
  }

  /** Those acknowledged that are not listed, or not read back as they were written, each tried for two minutes. */
  async lost(): Promise<string[]> {
    const acknowledged = [...this.acknowledged];
    const keys = new Set(await this.#patiently(() => this.#client.list('written/')));
    const lost = acknowledged.filter((number) => !keys.has(keyOf(number))).map((number) => `${number}: not listed`);
    const read = async () => {
      for (let number = acknowledged.pop(); number !== undefined; number = acknowledged.pop()) {
        const key = keyOf(number);
        const body = await this.#patiently(() => this.#client.get(key)).catch((error) => error);
        if (!(body instanceof Buffer && body.equals(bodyOf(number)))) lost.push(`${number}: ${body}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, read));
    return lost;
  }

  /** As a client's library would: once more, where it failed. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (const end = performance.now() + 120_000; ; await sleep(500)) {
      try {
        return await ask();
      } catch (error) {
        if (performance.now() > end) throw error;
      }
    }
  }

  async #run() {
    while (!this.#isStopped) {
      this.#next += 1;
      const number = this.#next;
      const isTaken = await this.#client.put(keyOf(number), bodyOf(number)).then(
        () => true,
        () => false,
      );
      if (isTaken) {
        this.acknowledged.push(number);
        this.#times.push(performance.now());
      }
      await sleep(200);
    }
  }
}
