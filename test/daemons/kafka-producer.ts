// Kafka's own producer of numbered records, and which of them were acknowledged.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { waitFor } from '../cluster/client.ts';
import type { KafkaCluster, Member } from './kafka-cluster.ts';

export interface ProducerProps {
  /** As the client was told. */
  readonly servers: string;
  readonly topic: string;
  /** Before every number, with a dot. */
  readonly prefix: number;
  /** Where it runs. @default - on a host of its own */
  readonly beside?: Member;
}

export class Producer {
  readonly acknowledged: string[] = [];
  /** When, in milliseconds of performance.now(), by partition. */
  readonly #times = new Map<number, number[]>();
  readonly #client: ChildProcess;

  constructor(cluster: KafkaCluster, { servers, topic, prefix, beside }: ProducerProps) {
    const options = {
      'bootstrap-server': servers,
      topic,
      acks: -1,
      throughput: 100,
      // Keys, for records without one would keep away from the partition that is slow.
      'repeating-keys': 60,
      'value-prefix': prefix,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const [program, ...rest] = cluster.command('org.apache.kafka.tools.VerifiableProducer', args, beside?.name);
    this.#client = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface(this.#client.stdout!).on('line', (line) => {
      if (!line.includes('producer_send_success')) return;
      const { value, partition } = JSON.parse(line);
      this.acknowledged.push(value);
      this.#times.set(partition, [...(this.#times.get(partition) ?? []), performance.now()]);
    });
  }

  /** Until every partition has taken a record that was sent from now on. */
  async awaitAll(partitions: number, seconds = 180) {
    const start = performance.now();
    const recent = () => [...this.#times.values()].filter((times) => times.at(-1)! > start);
    await waitFor('a record in every partition', async () => recent().length === partitions, seconds);
  }

  /** Longest time since `start`, in seconds, that one partition took no record. */
  longestPause(start: number): number {
    const pauses = [...this.#times.values()].flatMap((all) => {
      const times = [start, ...all.filter((time) => time > start)];
      return times.slice(1).map((time, index) => time - times[index]!);
    });
    return Math.max(0, ...pauses) / 1000;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#client.once('exit', resolve));
    this.#client.kill('SIGKILL');
    await ended;
  }
}
