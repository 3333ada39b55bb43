import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { redis } from '../../constructs/stores/redis.ts';
import { render } from '../constructs/render.ts';
import { Host } from './container.ts';
import { Draw } from './draw.ts';
import type { NetworkedPod } from './network.ts';
import { RedisConnection } from './redis-client.ts';
import { eventually, PASSWORD, RedisCluster } from './redis-cluster.ts';
import { RedisWriter } from './redis-writer.ts';
import { LANE_PATIENCE, LONGEST_PAUSE, roundsOf } from './rounds.ts';

const images = { redis: 'redis:7.4.11-bookworm', redisExporter: 'exporter:1.74.0', haproxy: 'haproxy:3.2.4' };

const store = (members: number, cache = false) =>
  render((chart) => {
    const size = { cpu: '50m', memory: '64Mi' };
    const engine = redis({ cache, images });
    const backup = cache
      ? { none: 'a cache' }
      : { rpoMinutes: 60, targets: [{ env: { TARGET: 'outside:folder' } }], uploader: 'rclone:1.75.1' };
    new HaStatefulStore(chart, 'redis', { engine, members, storage: '1Gi', size, backup });
  }).objects;

/** What happens to a store; it is settled before, and shall settle after. */
type Fault = (cluster: RedisCluster, leader: NetworkedPod, draw: Draw) => Promise<void>;

const seconds = (count: number) => sleep(count * 1000);

const faults = {
  'the leader is killed, and returns': async (_, leader, draw) => {
    await leader.kill();
    await seconds(draw.between(0, 12));
    leader.start();
  },
  "the leader's server crashes, and its container is started again": async (_, leader, draw) => {
    await leader.crash('redis', draw.between(0, 9000));
  },
  'the leader is frozen until another one leads': async (cluster, leader, draw) => {
    leader.pause();
    await eventually(180, 'another leader', async () => (await cluster.leader()) !== leader);
    await seconds(draw.between(2, 6));
    leader.resume();
  },
  'the leader is cut off, with a client that goes on writing to it': async (cluster, leader, draw) => {
    leader.unplug();
    const writes =
      'n=0; while :; do n=$((n + 1)); echo "set lone:$n 1"; echo wait 1 200; sleep 0.2; done | timeout 30 redis-cli';
    const lone = leader.exec('redis', ['timeout', '18', 'sh', '-c', writes]);
    await eventually(180, 'another leader', async () => (await cluster.leader()) !== leader);
    const { output } = await lone;
    leader.plug();
    await seconds(draw.between(0, 2));
    // Taken at first, by nobody else, and then refused.
    expect(output.split('\n').filter((line) => line === '1')).toEqual([]);
    expect(output).toContain('NOREPLICAS');
  },
  'a replica is cut off for a while': async (cluster, leader, draw) => {
    const replica = cluster.members.find((member) => member !== leader)!;
    replica.unplug();
    await seconds(draw.between(1, 12));
    replica.plug();
  },
  'all are killed at once, and return in any order': async (cluster, _, draw) => {
    await Promise.all(cluster.members.map((member) => member.kill()));
    await Promise.all(
      cluster.members.map(async (member) => {
        await seconds(draw.between(0, 12));
        member.start();
      }),
    );
  },
  'all are killed while a replica is behind, and the leader returns last': async (cluster, leader, draw) => {
    const replicas = cluster.members.filter((member) => member !== leader);
    replicas[draw.below(2)]!.unplug();
    await seconds(3);
    await Promise.all(cluster.members.map((member) => member.kill()));
    cluster.start(replicas);
    await seconds(draw.between(8, 15));
    leader.start();
  },
  'the leader loses its volume': async (_, leader, draw) => {
    await leader.kill();
    leader.emptyVolume();
    await seconds(draw.between(0, 4));
    leader.start();
  },
  'all are restarted one by one': async (cluster) => {
    for (const member of [...cluster.members].reverse()) {
      await member.stop();
      member.start();
      await eventually(180, `${member.name} is ready`, () => member.isReady());
      await seconds(10);
    }
  },
} satisfies Record<string, Fault>;

const { lanes, report } = roundsOf('redis', Object.keys(faults) as (keyof typeof faults)[], { usual: 3, lanes: 4 });

describe('three members', () => {
  test.concurrent.each(lanes)(
    'lose nothing that was acknowledged, lane $lane',
    async ({ lane, seed, mine }) => {
      const draw = new Draw(seed);
      const cluster = new RedisCluster(store(3));
      const happened: string[] = [];
      const writers = [
        new RedisWriter('service', () => cluster.byService()),
        new RedisWriter('sentinel', () => cluster.bySentinel()),
      ];
      try {
        cluster.start();
        await cluster.settled();
        for (const name of mine) {
          happened.push(name);
          happened.push(await suffer(cluster, writers, faults[name], draw));
          expect(await lost(cluster, writers)).toEqual([]);
        }
        await Promise.all(writers.map((writer) => writer.stop()));
        await cluster.settled();
        expect(overlaps(writers)).toEqual([]);
        await eventually(180, 'all have the same', async () => {
          const digests = await Promise.all(cluster.members.map((member) => cluster.ask(member, 6379, 'DBSIZE')));
          return new Set(digests).size === 1;
        });
        report(happened.join('\n'));
      } catch (error) {
        const faults = happened.join('\n');
        throw new Error(`SEED=${seed}, lane ${lane}, ${error}\nafter:\n${faults}\n${cluster.history()}`);
      } finally {
        await Promise.all(writers.map((writer) => writer.stop()));
        await cluster.remove();
      }
    },
    LANE_PATIENCE,
  );

  test.concurrent('refuse a wrong password, and are restored through any of them', async () => {
    const cluster = new RedisCluster(store(3));
    try {
      cluster.start();
      await cluster.settled();
      const [member] = cluster.members;
      for (const port of [6379, 26379]) {
        await expect(RedisConnection.open(member!.address, port, 'wrong')).rejects.toThrow('WRONGPASS');
      }
      const { output } = await member!.exec('redis', ['env', '-u', 'REDISCLI_AUTH', 'redis-cli', 'get', 'x']);
      expect(output).toContain('NOAUTH');
      await eventually(180, 'the proxy leads there', async () => {
        const refusal = await RedisConnection.open(member!.address, 6380, 'wrong').catch((error) => `${error}`);
        return `${refusal}`.includes('WRONGPASS');
      });

      const leader = await cluster.leader();
      await cluster.ask(leader, 6379, 'SET', 'restored', 'yes');
      expect(await leader.exec('redis', ['redis-cli', '--rdb', '/data/copy.rdb'])).toMatchObject({ code: 0 });
      await cluster.ask(leader, 6379, 'FLUSHALL');
      const follower = cluster.members.find((other) => other !== leader)!;
      const dump = readFileSync(join(leader.volume, 'copy.rdb'));
      expect(await follower.exec('redis', ['bash', '/scripts/restore.sh'], dump)).toMatchObject({ code: 0 });
      expect(await cluster.ask(leader, 6379, 'GET', 'restored')).toBe('yes');
    } finally {
      await cluster.remove();
    }
  });

  test.concurrent('follow Services that were made anew with other addresses', async () => {
    const cluster = new RedisCluster(store(3));
    const writer = new RedisWriter('service', () => cluster.byService());
    try {
      cluster.start();
      await cluster.settled();
      await eventually(180, 'some writes', async () => writer.acknowledged.length > 10);
      await (await cluster.leader()).kill();
      await eventually(180, 'another leader', async () => (await cluster.leader()).isRunning);
      await writer.stop();
      await Promise.all(cluster.members.filter(({ isRunning }) => isRunning).map((one) => one.stop()));
      cluster.moveServices();
      cluster.start();
      await cluster.settled();
      expect(await lost(cluster, [writer])).toEqual([]);
    } finally {
      await writer.stop();
      await cluster.remove();
    }
  });
});

/** One fault from beginning to end, in words. */
async function suffer(cluster: RedisCluster, writers: readonly RedisWriter[], fault: Fault, draw: Draw) {
  const leader = await cluster.settled();
  const start = performance.now();
  const count = () => writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  const before = count();
  await fault(cluster, leader, draw);
  const over = performance.now();
  await cluster.settled();
  const settled = performance.now();
  await eventually(180, 'both clients write again', async () =>
    writers.every(({ acknowledged }) => (acknowledged.at(-1)?.at ?? 0) > settled),
  );
  const pauses = writers.map((writer) => Math.round(writer.longestPause(start) / 100) / 10);
  expect(Math.max(...pauses)).toBeLessThan((over - start) / 1000 + LONGEST_PAUSE);
  return `  ${count() - before} writes, none for ${pauses.join(' and ')} s; whole ${((settled - over) / 1000).toFixed(1)} s after its end`;
}

/** What the leader lacks of all that was acknowledged, and who had acknowledged it, how many seconds ago. */
async function lost(cluster: RedisCluster, writers: readonly RedisWriter[]): Promise<string[]> {
  let lacks: string[] = [];
  // One that is replaced meanwhile, on a machine that hangs, says nothing about what is stored.
  await eventually(600, 'a leader that stays while it is asked', async () => {
    const leader = await cluster.settled();
    const acknowledged = writers.flatMap((writer) => writer.acknowledged);
    const values = await valuesOf(
      leader,
      acknowledged.map(({ key }) => key),
    );
    const ago = (at: number) => ((performance.now() - at) / 1000).toFixed(1);
    lacks = acknowledged
      .filter((_, index) => values[index] === null)
      .map(({ key, at, member }) => `${key} of ${member}, ${ago(at)} s ago`);
    return (await cluster.settled()) === leader;
  });
  return lacks;
}

async function valuesOf({ address }: NetworkedPod, keys: readonly string[]): Promise<(string | null)[]> {
  const connection = await RedisConnection.open(address, 6379, PASSWORD);
  try {
    return (await connection.ask('MGET', ...keys)) as (string | null)[];
  } finally {
    connection.close();
  }
}

/** Acknowledgements by a member after another one's first, and before that one's last: two led at once. */
function overlaps(writers: readonly RedisWriter[]) {
  const turns = writers.flatMap(({ acknowledged }) => acknowledged).sort((a, b) => a.at - b.at);
  return turns.filter(({ at, member }, index) => {
    const next = turns[index + 1];
    const again = turns.slice(index + 2).find((turn) => turn.member === member);
    return next && next.member !== member && again && again.at - at < 2000;
  });
}

test('a password that a URL or a configuration would read otherwise is refused at the start', async () => {
  const cluster = new RedisCluster(store(1), 'has/slash+and"quote');
  const [member] = cluster.members;
  try {
    cluster.start();
    await eventually(180, 'its message', async () => member!.log('redis').includes('letters and digits only'));
  } finally {
    await cluster.remove();
  }
});

test('a single member keeps what it has, refuses writes when full, and is restored from its backup', async () => {
  const objects = store(1);
  const cluster = new RedisCluster(objects);
  const [member] = cluster.members;
  const bucket = mkdtempSync(join(tmpdir(), 'bucket-'));
  const ready = () => eventually(180, 'ready', () => member!.isReady());
  /** rclone speaks to a folder in place of the bucket; everything else is as rendered. */
  const backup = () => {
    const root = mkdtempSync(join(member!.folder, 'backup-'));
    const host = new Host(root, objects, { password: PASSWORD });
    return host.run('CronJob', { TARGET: bucket, REDIS_HOST: member!.address });
  };
  try {
    cluster.start();
    await ready();
    await cluster.ask(member!, 6379, 'SET', 'durable', 'yes');
    await cluster.ask(member!, 6379, 'SET', 'brief', 'yes', 'EX', 1000);
    await cluster.ask(member!, 6379, 'SET', 'two\nlines', 'ü');
    await member!.exec('redis', ['redis-cli', '-n', '3', 'hset', 'hash', 'field', 'value']);
    const library = "#!lua name=own\nredis.register_function('f', function() return 7 end)";
    await member!.exec('redis', ['redis-cli', 'function', 'load', library]);
    await member!.kill();
    member!.start();
    await ready();
    expect(await cluster.ask(member!, 6379, 'GET', 'durable')).toBe('yes');

    expect(await backup()).toMatchObject({ code: 0 });
    const files = readdirSync(bucket);
    const file = files.find((name) => /^redis-backup-\d+T\d+Z\.rdb$/.test(name));
    const dump = readFileSync(join(bucket, file!));

    await expect(fill(cluster)).rejects.toThrow('OOM command not allowed');
    expect(await cluster.ask(member!, 6379, 'GET', 'durable')).toBe('yes');

    await member!.kill();
    expect((await backup()).code).not.toBe(0);
    expect(readdirSync(bucket)).toEqual(files);

    member!.emptyVolume();
    member!.start();
    await ready();
    const cut = await member!.exec('redis', ['bash', '/scripts/restore.sh'], dump.subarray(0, dump.length - 20));
    expect(cut.code).not.toBe(0);
    expect(await cluster.ask(member!, 6379, 'DBSIZE')).toBe(0);
    for (const _ of ['once', 'again']) {
      const restored = await member!.exec('redis', ['bash', '/scripts/restore.sh'], dump);
      expect(restored).toMatchObject({ code: 0, output: expect.stringContaining('database 0, 3 keys') });
    }
    expect(await cluster.ask(member!, 6379, 'GET', 'two\nlines')).toBe('ü');
    expect(Number(await cluster.ask(member!, 6379, 'TTL', 'brief'))).toBeGreaterThan(900);
    const hash = await member!.exec('redis', ['redis-cli', '-n', '3', 'hget', 'hash', 'field']);
    expect(hash.output).toBe('value\n');
    expect(await cluster.ask(member!, 6379, 'FCALL', 'f', 0)).toBe(7);
  } finally {
    rmSync(bucket, { recursive: true });
    await cluster.remove();
  }
});

test('a cache forgets what is used least, and takes writes when full', async () => {
  const cluster = new RedisCluster(store(1, true));
  const [member] = cluster.members;
  try {
    cluster.start();
    await eventually(180, 'ready', () => member!.isReady());
    await fill(cluster);
    const left = Number(await cluster.ask(member!, 6379, 'DBSIZE'));
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThan(49);
    expect(await cluster.ask(member!, 6379, 'EXISTS', 'big:99')).toBe(1);
  } finally {
    await cluster.remove();
  }
});

/** Twice of what 64Mi take. */
async function fill(cluster: RedisCluster) {
  const big = 'x'.repeat(2 ** 20);
  for (let n = 0; n < 100; n += 1) await cluster.ask(cluster.members[0]!, 6379, 'SET', `big:${n}`, big);
}
