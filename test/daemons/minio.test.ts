import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { waitFor } from '../cluster/client.ts';
import { Draw } from './draw.ts';
import { MinioCluster } from './minio-cluster.ts';
import { minioStore, secrets } from './minio-store.ts';
import { ObjectWriter } from './minio-writer.ts';
import type { NetworkedPod } from './network.ts';
import { LANE_PATIENCE, LONGEST_PAUSE, roundsOf } from './rounds.ts';

/** What happens to a store; it is whole before, and shall be after. */
type Fault = (cluster: MinioCluster, writer: ObjectWriter, draw: Draw) => Promise<void>;

/** Writes through the member itself for some seconds, or until one is acknowledged, and prints what was. */
const writesBeside = (member: NetworkedPod, seconds: number) => {
  const key = secrets['minio-pictures/AWS_ACCESS_KEY_ID'];
  const secret = secrets['minio-pictures/AWS_SECRET_ACCESS_KEY'];
  const write =
    'timeout 3 mc --config-dir /tmp/mc pipe own/pictures/beside/$n <<< $n &> /dev/null && echo taken $n && break';
  const script = `n=0; while sleep 0.2; do n=$((n + 1)); ${write}; done`;
  const host = `MC_HOST_own=http://${key}:${secret}@127.0.0.1:9000`;
  return member.exec('minio', ['timeout', `${seconds}`, 'env', host, 'bash', '-c', script]);
};

const faults = {
  'a member is killed, and comes back': async (cluster, writer, draw) => {
    const [member] = draw.shuffled(cluster.members);
    await member!.kill();
    await writer.awaitNext();
    member!.start();
  },
  'a member is frozen, and wakes up': async (cluster, writer, draw) => {
    const [member] = draw.shuffled(cluster.members);
    member!.pause();
    await writer.awaitNext();
    member!.resume();
  },
  'a member is cut off, with a client beside it': async (cluster, writer, draw) => {
    const [member] = draw.shuffled(cluster.members);
    expect((await writesBeside(member!, 60)).output).toContain('taken');
    member!.unplug();
    const { output } = await writesBeside(member!, 10);
    await writer.awaitNext();
    member!.plug();
    expect(output).not.toContain('taken');
  },
  'two members are lost: no more than reading is possible': async (cluster, writer, draw) => {
    const lost = draw.shuffled(cluster.members).slice(0, 2);
    await Promise.all(lost.map((member) => member.kill()));
    const before = writer.acknowledged.length;
    // What was on its way.
    await sleep(5000);
    expect(await writer.lost()).toEqual([]);
    expect(writer.acknowledged.length).toBeLessThan(before + 5);
    for (const member of lost) member.start();
  },
  'a member comes back with an empty volume, and the next one is to stop': async (cluster, writer, draw) => {
    const [member, next] = draw.shuffled(cluster.members);
    await member!.kill();
    member!.emptyVolume();
    member!.start();
    await waitFor('the member is ready', async () => cluster.isReady(member!));
    await cluster.stop(next!);
    // Nothing hangs on the one that has stopped.
    const lost = await writer.lost();
    next!.start();
    expect(lost).toEqual([]);
  },
  'all members lose power, and return in any order': async (cluster, _, draw) => {
    await Promise.all(cluster.members.map((member) => member.kill()));
    for (const member of draw.shuffled(cluster.members)) {
      await sleep(draw.below(3000));
      member.start();
    }
  },
  'every member is restarted, one after the other': async (cluster) => {
    for (const member of [...cluster.members].reverse()) {
      await cluster.stop(member);
      member.start();
      await waitFor(`${member.name} is ready`, async () => cluster.isReady(member));
      // minReadySeconds
      await sleep(10_000);
    }
  },
} satisfies Record<string, Fault>;

describe.each(process.env['SOAK'] ? [3, 4] : [4])('%d members', (members) => {
  const names = (Object.keys(faults) as (keyof typeof faults)[]).filter(
    // Three have but one to lose.
    (name) => members > 3 || !name.startsWith('two members'),
  );
  const { lanes, report } = roundsOf(`minio of ${members}`, names, { usual: 1, lanes: 4 });

  const lose = async ({ mine, seed }: (typeof lanes)[number]) => {
    const cluster = new MinioCluster(minioStore(members), secrets);
    const draw = new Draw(seed);
    let writer: ObjectWriter | undefined;
    try {
      await cluster.start();
      expect(await cluster.runBuckets()).toMatchObject({ code: 0 });
      writer = new ObjectWriter(cluster.client(cluster.variables('shop')));
      await writer.awaitNext();
      for (const name of mine) {
        const start = performance.now();
        await faults[name](cluster, writer, draw);
        await writer.awaitNext();
        const pause = writer.longestPause(start);
        await cluster.awaitWhole();
        const whole = (performance.now() - start) / 1000;
        const lost = await writer.lost();
        report(
          `${name}: no object was taken for ${pause.toFixed(1)} s, whole after ${whole.toFixed(1)} s, ${lost.length} of ${writer.acknowledged.length} lost`,
        );
        expect({ name, lost }).toEqual({ name, lost: [] });
        expect(pause).toBeLessThan(LONGEST_PAUSE);
      }
      await writer.stop();
      expect(await writer.lost()).toEqual([]);
    } finally {
      await writer?.stop();
      await cluster.remove();
    }
  };

  test.concurrent.each(lanes)('lose no acknowledged object, lane $lane', lose, LANE_PATIENCE);
});
