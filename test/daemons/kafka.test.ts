import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import type { Topic } from '../../constructs/stores/kafka/topics.ts';
import { kafka } from '../../constructs/stores/kafka.ts';
import { Workload } from '../../constructs/workload.ts';
import { waitFor } from '../cluster/client.ts';
import { environment, render } from '../constructs/render.ts';
import { KafkaCluster, type Member } from './kafka-cluster.ts';
import { Producer } from './kafka-producer.ts';
import { LONGEST_PAUSE, roundsOf } from './rounds.ts';

const version = '4.3.1';
const PARTITIONS = 3;
const orders: Topic = { name: 'orders.placed', partitions: PARTITIONS, retentionDays: 7 };

const shop = (members: number, topics: readonly Topic[] = [orders]) => {
  const { objects, problems } = render(
    (chart) => {
      const store = new HaStatefulStore(chart, 'kafka', {
        engine: kafka({ topics, images: { kafka: `kafka:${version}`, kafkaExporter: 'kafka-exporter:v1.9.0' } }),
        members,
        storage: '1Gi',
        size: 'large',
        backup: { none: 'kept by replication' },
      });
      const uses = [store.client('shop', { produces: [orders.name] })];
      new Workload(chart, 'shop', { image: 'shop:1.0.0', size: 'tiny', uses });
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
  );
  expect(problems).toEqual([]);
  return objects;
};

describe('three members', () => {
  let cluster: KafkaCluster;
  let producer: Producer;
  let prefix = 1;

  beforeAll(() => {
    cluster = new KafkaCluster(shop(3), version);
  });
  afterAll(async () => {
    await producer?.stop();
    await cluster?.stop();
  });

  const produce = (beside?: Member) => {
    const servers = cluster.variables('shop')['KAFKA_BOOTSTRAP_SERVERS']!;
    prefix += 1;
    return new Producer(cluster, { servers, topic: orders.name, prefix, beside });
  };

  test('one alone listens to controllers, and lets clients in when a second one is there', async () => {
    const [first, second, third] = cluster.members;
    first!.start();
    await waitFor('the port of controllers', () => cluster.listens(first!, 9093));
    await sleep(5000);
    expect(await cluster.listens(first!, 9092)).toBe(false);
    second!.start();
    await waitFor('the port of clients', () => cluster.listens(first!, 9092));
    third!.start();
    await waitFor('the third', () => cluster.listens(third!, 9092));
  });

  test('the Job makes the topics, changes what differs, and nothing when run again', async () => {
    expect(await cluster.runTopics()).toMatchObject({ code: 0, output: expect.stringContaining('Created topic') });
    expect(await cluster.runTopics()).toEqual({ code: 0, output: 'topics: done\n' });
    // flush.messages is the store's, for every topic.
    expect(await cluster.topics()).toEqual({
      'orders.placed':
        'PartitionCount: 3 ReplicationFactor: 3 Configs: min.insync.replicas=2,retention.ms=604800000,flush.messages=1',
    });

    const mail: Topic = { name: 'mail', partitions: 1, retentionDays: 0.5 };
    const more = [{ ...orders, retentionDays: 30 }, mail];
    await cluster.runTopics(shop(3, more));
    const grown = shop(3, [more[0]!, { ...mail, partitions: 4 }]);
    expect(await cluster.runTopics(grown)).toMatchObject({ code: 0, output: expect.stringContaining('now has 4') });
    expect(await cluster.topics()).toMatchObject({
      mail: expect.stringMatching(/^PartitionCount: 4 .*retention.ms=43200000/),
      'orders.placed': expect.stringContaining('retention.ms=2592000000'),
    });
    const shrunk = await cluster.runTopics(shop(3, more));
    expect(shrunk).toEqual({ code: 1, output: expect.stringContaining('mail: has 4 partitions in 3 copies, 1 in 3') });
  });

  describe('no acknowledged record is lost', () => {
    beforeAll(async () => {
      producer = produce();
      await producer.awaitAll(PARTITIONS);
    });

    const faults = {
      async 'the leading controller is killed'() {
        const controller = await cluster.controller();
        await controller.end('SIGKILL');
        await producer.awaitAll(PARTITIONS);
        expect((await cluster.controller()).name).not.toBe(controller.name);
        controller.start();
      },
      async 'a member is frozen, and wakes up'() {
        const controller = await cluster.controller();
        controller.pause();
        await producer.awaitAll(PARTITIONS);
        controller.resume();
      },
      async 'a member is cut off, with a producer beside it'() {
        const [member] = draw.shuffled(cluster.members);
        const beside = produce(member!);
        await beside.awaitAll(PARTITIONS);
        cluster.network.unplug(member!.name);
        // What it takes before it knows that it is alone is not acknowledged.
        await sleep(15_000);
        const before = beside.acknowledged.length;
        await sleep(15_000);
        expect(beside.acknowledged.length).toBe(before);
        await beside.stop();
        await producer.awaitAll(PARTITIONS);
        cluster.network.plug(member!.name);
        others.push(...beside.acknowledged);
      },
      async 'a member comes back with an empty volume'() {
        const [member] = draw.shuffled(cluster.members);
        await member!.end('SIGKILL');
        member!.emptyVolume();
        await producer.awaitAll(PARTITIONS);
        member!.start();
      },
      async 'all members lose power, and come back one after the other'() {
        await Promise.all(cluster.members.map((member) => member.end('SIGKILL')));
        for (const member of draw.shuffled(cluster.members)) {
          member.start();
          await sleep(draw.below(2000));
        }
        await producer.awaitAll(PARTITIONS);
      },
      async 'every member is restarted, one after the other'() {
        for (const member of [...cluster.members].reverse()) {
          await member.end('SIGTERM');
          member.start();
          await waitFor(`${member.name} ready`, () => cluster.listens(member, 9092));
          // minReadySeconds
          await sleep(10_000);
        }
        await producer.awaitAll(PARTITIONS);
      },
    };
    /** Acknowledged to producers that are gone. */
    const others: string[] = [];

    const names = Object.keys(faults) as (keyof typeof faults)[];
    const { drawn, draw, report } = roundsOf('kafka', names, { usual: 1 });

    test.each(drawn)('$fault ($round)', async ({ fault }) => {
      const before = producer.acknowledged.length;
      const start = performance.now();
      await faults[fault]();
      await cluster.awaitWhole();
      const whole = (performance.now() - start) / 1000;
      const pause = producer.longestPause(start);
      const acknowledged = [...producer.acknowledged, ...others];
      const lost = await cluster.missing(orders.name, acknowledged);
      report(
        `${fault}: a partition took no records for ${pause.toFixed(1)} s, whole after ${whole.toFixed(1)} s, ${lost.length} of ${acknowledged.length} lost`,
      );
      expect(pause).toBeLessThan(LONGEST_PAUSE);
      expect(lost).toEqual([]);
      expect(producer.acknowledged.length).toBeGreaterThan(before);
    });

    test('and all this fits into the memory limit', () => {
      const used = cluster.members.map((member) => Math.round(cluster.memory(member) / 2 ** 20));
      report(`${used.join(', ')} MiB resident of 1024`);
      expect(Math.max(...used)).toBeLessThan(1024);
    });
  });
});

describe('a single member', () => {
  let cluster: KafkaCluster;

  beforeAll(() => {
    cluster = new KafkaCluster(shop(1), version);
  });
  afterAll(() => cluster?.stop());

  test('takes records, and has them after a power cut', async () => {
    const [member] = cluster.members;
    member!.start();
    expect(await cluster.runTopics()).toMatchObject({ code: 0 });
    const servers = cluster.variables('shop')['KAFKA_BOOTSTRAP_SERVERS']!;
    const producer = new Producer(cluster, { servers, topic: orders.name, prefix: 1 });
    await producer.awaitAll(PARTITIONS);
    await member!.end('SIGKILL');
    await producer.stop();
    member!.start();
    await waitFor('the port of clients', () => cluster.listens(member!, 9092));
    expect(producer.acknowledged.length).toBeGreaterThan(0);
    expect(await cluster.missing(orders.name, producer.acknowledged)).toEqual([]);
  });
});
