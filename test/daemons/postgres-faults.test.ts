import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { waitFor } from '../cluster/client.ts';
import { Draw } from './draw.ts';
import { PostgresCluster } from './postgres-cluster.ts';
import { clientEnv, notifi, objects, problems } from './postgres-store.ts';
import { LANE_PATIENCE, LONGEST_PAUSE, roundsOf } from './rounds.ts';
import type { Writer } from './writer.ts';

interface World {
  readonly cluster: PostgresCluster;
  /** The client, by the Service. */
  readonly writer: Writer;
  /** Clients beside members that were cut off; their numbers begin with a million each. */
  readonly lone: Writer[];
  readonly draw: Draw;
}

/** What happens to a store; it is whole before, and shall be after. */
type Fault = (world: World) => Promise<void>;

const faults = {
  async 'the leader is killed'({ cluster, writer }) {
    const leader = await cluster.awaitLeader();
    const standby = await cluster.synchronousStandby();
    await leader.kill();
    const successor = await cluster.awaitLeader(leader);
    expect(successor.name).toBe(standby);
    await writer.awaitNext();
    // Nobody takes its label away: only that it is not ready keeps clients from it.
    expect((await cluster.labels(leader))['role']).toBe('master');
    leader.start();
  },
  async 'the leader is stopped as in a rolling update'({ cluster, writer }) {
    const leader = await cluster.awaitLeader();
    await leader.stop();
    await cluster.awaitLeader(leader);
    await writer.awaitNext();
    leader.start();
  },
  async 'the leader is frozen, and wakes up'({ cluster, writer }) {
    const leader = await cluster.awaitLeader();
    leader.pause();
    await cluster.awaitLeader(leader);
    await writer.awaitNext();
    leader.resume();
    // Until it sees the other leader it takes writes, but nobody who would make them acknowledged.
    const late = cluster.attempt(leader, 'INSERT INTO written VALUES (-1)');
    expect(await late).not.toBe(0);
  },
  async 'the leader is cut off from the API server and the others, with a client beside it'(world) {
    const { cluster, writer, lone } = world;
    const leader = await cluster.awaitLeader();
    const beside = cluster.writer(clientEnv(cluster), 1_000_000 * (lone.length + 1), leader);
    lone.push(beside);
    beside.start();
    try {
      await beside.awaitNext();
      cluster.network.unplug(leader.name);
      // Time for answers that were under way.
      await sleep(1000);
      const before = beside.acknowledged.length;
      await cluster.awaitLeader(leader);
      await writer.awaitNext();
      expect(await cluster.leads(leader)).toBe(false);
      expect(beside.acknowledged.length).toBe(before);
    } finally {
      await beside.stop();
      cluster.network.plug(leader.name);
    }
  },
  async 'the synchronous standby is cut off'({ cluster, writer }) {
    const leader = await cluster.awaitLeader();
    const name = await cluster.synchronousStandby();
    cluster.network.unplug(name);
    try {
      await sleep(2000);
      await writer.awaitNext();
      expect(await cluster.awaitLeader()).toBe(leader);
    } finally {
      cluster.network.plug(name);
    }
  },
  async 'a member loses its volume'({ cluster, writer, draw }) {
    const [member] = draw.shuffled(cluster.members);
    await member!.kill();
    cluster.emptyVolume(member!);
    member!.start();
    await cluster.awaitLeader();
    await writer.awaitNext();
  },
  // Longer than a term of office: the other members still answer the leader, so there is no reason to resign.
  async 'the API server is away'({ cluster, writer }) {
    const leader = await cluster.awaitLeader();
    await cluster.withoutApiServer(async () => {
      await sleep(45_000);
      await writer.awaitNext(30);
    });
    expect(await cluster.awaitLeader()).toBe(leader);
  },
  async 'all members lose power, and come back one after the other'({ cluster, writer, draw }) {
    await Promise.all(cluster.members.map((member) => member.kill()));
    for (const member of draw.shuffled(cluster.members)) {
      member.start();
      await sleep(draw.below(2000));
    }
    await cluster.awaitLeader();
    await writer.awaitNext();
  },
} satisfies Record<string, Fault>;

const { lanes, report } = roundsOf('postgres', Object.keys(faults) as (keyof typeof faults)[], { usual: 3, lanes: 3 });

test('the store is rendered without a refusal', () => expect(problems).toEqual([]));

test.concurrent.each(lanes)(
  'no acknowledged write is lost, and one member at a time acknowledges, lane $lane',
  async (own) => {
    const { seed, lane, mine } = own;
    const cluster = await PostgresCluster.start(objects);
    const writer = cluster.writer(clientEnv(cluster));
    const world: World = { cluster, writer, lone: [], draw: new Draw(seed) };
    const happened: string[] = [];
    try {
      for (const member of cluster.members) member.start();
      await cluster.awaitLeader();
      await cluster.awaitWhole();
      expect(await cluster.host('bootstrap').run('Job')).toMatchObject({ code: 0 });
      await cluster.query('CREATE TABLE written (n int PRIMARY KEY)', notifi);
      writer.start();
      await writer.awaitNext();
      for (const fault of mine) {
        happened.push(fault);
        report(await suffer(world, fault));
      }
      // The Role gives what they asked for.
      expect(cluster.logs()).not.toMatch(/\(403\)|Forbidden|Permission denied/);
      await writer.stop();
      await cluster.expectAlike('written', notifi);
    } catch (error) {
      throw new Error(`SEED=${seed}, lane ${lane}, after: ${happened.join('; ')}\n${cluster.ends()}`, {
        cause: error,
      });
    } finally {
      await writer.stop();
      await cluster.stop();
    }
  },
  LANE_PATIENCE,
);

/** One fault from beginning to end, in words. */
async function suffer(world: World, fault: keyof typeof faults): Promise<string> {
  const { cluster, writer, lone } = world;
  const before = writer.acknowledged.length;
  const start = performance.now();
  await faults[fault](world);
  await cluster.awaitWhole();
  const whole = (performance.now() - start) / 1000;
  const pause = writer.longestPause(Math.max(0, before - 1)) / 1000;
  const turns = turnsOf([writer, ...lone], start);
  const acknowledged = [writer, ...lone].flatMap((each) => each.acknowledged);
  const rows = await waitFor('the rows', () => cluster.query('SELECT n FROM written', notifi).catch(() => undefined));
  const kept = new Set(rows.map(Number));
  const lost = acknowledged.filter((n) => !kept.has(n));
  expect(pause).toBeLessThan(LONGEST_PAUSE);
  expect(lost).toEqual([]);
  expect(turns).toEqual([...new Set(turns)]);
  expect(writer.acknowledged.length).toBeGreaterThan(before);
  const of = `${lost.length} of ${acknowledged.length} lost`;
  return `${fault}: no writes for ${pause.toFixed(1)} s, whole after ${whole.toFixed(1)} s, ${of}`;
}

/** Who acknowledged since then, one after the other: a term of office that comes twice went on while another one led. */
const turnsOf = (writers: readonly Writer[], since: number): string[] =>
  writers
    .flatMap(({ times, terms }) => times.map((time, index) => ({ time, term: terms[index]! })))
    .filter(({ time }) => time >= since)
    .sort((a, b) => a.time - b.time)
    .map(({ term }) => term)
    .filter((term, index, all) => term !== all[index - 1]);
