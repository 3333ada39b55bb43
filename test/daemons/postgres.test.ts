import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { External } from '../../constructs/external.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { Workload } from '../../constructs/workload.ts';
import { waitFor } from '../cluster/client.ts';
import { environment, render } from '../constructs/render.ts';
import { asPostgres } from './pods.ts';
import { Postgres } from './postgres.ts';
import { PostgresCluster, secrets } from './postgres-cluster.ts';
import { roundsOf } from './rounds.ts';
import { Writer } from './writer.ts';

const images = {
  postgres16: 'postgres:16.15',
  spilo: 'spilo-17:4.0-p3',
  postgresExporter: 'postgres-exporter:0.20.1',
  pgbouncer: 'pgbouncer:1.25.2',
};

const { objects, problems } = render(
  (chart) => {
    const postgresql = new HaStatefulStore(chart, 'postgresql', {
      engine: postgres({ version: '16', databases: ['notifi', 'ledger'], pooler: {}, images }),
      members: 3,
      storage: '1Gi',
      size: 'small',
      backup: {
        rpoMinutes: 60,
        targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
        uploader: 'rclone:1.75.1',
      },
    });
    const uses = [postgresql.database('notifi'), postgresql.pooled('ledger').url('LEDGER_URL')];
    new Workload(chart, 'api', { image: 'api:1.0.0', size: 'tiny', uses });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);

let cluster: PostgresCluster;
let writer: Writer;

beforeAll(async () => {
  expect(problems).toEqual([]);
  cluster = await PostgresCluster.start(objects);
}, 60_000);
afterAll(async () => {
  await writer?.stop();
  await cluster?.stop();
}, 30_000);

/** What the client of the rendered chart has in its environment. */
const clientEnv = (): Record<string, string> => {
  const host = cluster.host('api');
  return { PATH: process.env['PATH']!, ...host.variables(host.pod('Deployment', 'api').containers[0]!) };
};

const notifi = { PGUSER: 'notifi', PGPASSWORD: secrets['postgresql-notifi/password'], PGDATABASE: 'notifi' };

test('three members elect one, and the Service of clients leads to it and no other', async () => {
  for (const member of cluster.members) member.start();
  const leader = await cluster.awaitLeader();
  await cluster.awaitWhole();
  expect(await cluster.placed()).toEqual({ nodes: 3, claims: 3 });
  expect(await cluster.leader.endpoints()).toEqual([leader.name]);
  const replicas = cluster.members.map(({ name }) => name).filter((name) => name !== leader.name);
  expect((await cluster.replicas.endpoints()).sort()).toEqual(replicas);
}, 90_000);

test('the bootstrap Job makes users and databases, and may run again', async () => {
  for (const attempt of ['first', 'second']) {
    const result = await cluster.host(`bootstrap-${attempt}`).run('Job');
    expect(result).toEqual({ code: 0, output: expect.stringContaining('users and databases are there') });
  }
  const owners = 'SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE NOT datistemplate ORDER BY 1';
  expect(await cluster.query(owners)).toEqual(['ledger|ledger', 'notifi|notifi', 'postgres|postgres']);
  const monitor = { PGUSER: 'monitor', PGPASSWORD: secrets.monitor };
  expect(await cluster.query("SELECT pg_has_role('pg_monitor', 'member')", monitor)).toEqual(['t']);
});

test('a user gets into the own database by password only, and into no other', async () => {
  expect(await cluster.query('SELECT current_user', notifi)).toEqual(['notifi']);
  await expect(cluster.query('SELECT 1', { ...notifi, PGDATABASE: 'ledger' })).rejects.toThrow('permission denied');
  await expect(cluster.query('SELECT 1', { ...notifi, PGPASSWORD: 'x' })).rejects.toThrow('authentication failed');
});

test("settings are Patroni's, and no log holds a password", async () => {
  const leader = await cluster.awaitLeader();
  const settings = await (await cluster.rest(leader, '/config')).json();
  expect(settings).toMatchObject({ synchronous_mode_strict: true, failsafe_mode: true });
  expect(await cluster.query('SHOW max_connections')).toEqual(['25']);
  expect(await cluster.query('SHOW shared_buffers')).toEqual(['64MB']);
  expect(await cluster.query('SHOW synchronous_standby_names')).toEqual([expect.stringMatching(/postgresql-\d/)]);
  await cluster.query('CREATE TABLE logged (n int)');
  const logs = cluster.members.map(({ log }) => readFileSync(log, 'utf8')).join();
  expect(logs).toContain('CREATE TABLE logged');
  expect(Object.values(secrets).filter((value) => logs.includes(value))).toEqual([]);
});

describe('PgBouncer', () => {
  let pooler: ChildProcess;

  // Debian's is too old for prepared statements in transactions; of the rest only the address is another.
  const configure = (text: string) =>
    text.replace('listen_addr = *', `listen_addr = ${cluster.pooler}`).replace(/^max_prepared_statements.*$/m, '');

  beforeAll(async () => {
    const host = cluster.host('pooler');
    host.wrapper.push(...asPostgres);
    const pod = host.pod('Deployment', 'postgresql-pooler');
    const { program, args, env } = host.start(pod.containers[0]!, pod);
    const ini = join(host.root, 'etc/pgbouncer/pgbouncer.ini');
    writeFileSync(ini, configure(readFileSync(ini, 'utf8')));
    pooler = spawn(program, args, { env, stdio: 'ignore' });
    await waitFor('PgBouncer', async () => (await cluster.query('SELECT 1', pooled).catch(() => []))[0]);
  }, 20_000);
  afterAll(() => void pooler.kill('SIGKILL'));

  const pooled = {
    PGHOST: 'postgresql-pooler.shop.svc',
    PGPORT: '6432',
    PGDATABASE: 'ledger',
    PGUSER: 'ledger',
    PGPASSWORD: secrets['postgresql-ledger/password'],
  };

  test('lets in by the URL that a client is given, and not by another password', async () => {
    const { LEDGER_URL } = clientEnv();
    expect(LEDGER_URL).toMatch(/^postgresql:\/\/ledger:\w{32}@postgresql-pooler.shop.svc:6432\/ledger$/);
    expect(await cluster.query('SELECT current_user', {}, LEDGER_URL!)).toEqual(['ledger']);
    await expect(cluster.query('SELECT 1', { ...pooled, PGPASSWORD: 'x' })).rejects.toThrow('authentication failed');
  });

  test('serves more clients than the server would have connections for', async () => {
    const backends = await Promise.all(
      Array.from({ length: 40 }, () => cluster.query('SELECT pg_backend_pid() FROM pg_sleep(0.1)', pooled)),
    );
    const used = new Set(backends.flat()).size;
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThanOrEqual(3);
  });
});

describe('no acknowledged write is lost', () => {
  beforeAll(async () => {
    await cluster.query('CREATE TABLE written (n int PRIMARY KEY)', notifi);
    writer = new Writer(cluster.psql, clientEnv());
    writer.start();
    await writer.awaitNext();
  });

  const faults = {
    async 'the leader is killed'() {
      const leader = await cluster.awaitLeader();
      const standby = await cluster.query("SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'");
      await leader.kill();
      const successor = await cluster.awaitLeader(leader);
      expect(standby).toEqual([successor.name]);
      await writer.awaitNext();
      // Nobody takes its label away: only that it is not ready keeps clients from it.
      expect((await cluster.labels(leader))['role']).toBe('master');
      leader.start();
    },
    async 'the leader is stopped as in a rolling update'() {
      const leader = await cluster.awaitLeader();
      await leader.stop();
      await cluster.awaitLeader(leader);
      await writer.awaitNext();
      leader.start();
    },
    async 'the leader is frozen, and wakes up'() {
      const leader = await cluster.awaitLeader();
      leader.pause();
      await cluster.awaitLeader(leader);
      await writer.awaitNext();
      leader.resume();
      // Until it sees the other leader it takes writes, but nobody who would make them acknowledged.
      const late = cluster.attempt(leader, 'INSERT INTO written VALUES (-1)');
      expect(await late).not.toBe(0);
    },
    async 'a member loses its volume'() {
      const [member] = draw.shuffled(cluster.members);
      await member!.kill();
      cluster.emptyVolume(member!);
      member!.start();
      await cluster.awaitLeader();
      await writer.awaitNext();
    },
    // Longer than a term of office: the other members still answer the leader, so there is no reason to resign.
    async 'the API server is away'() {
      const leader = await cluster.awaitLeader();
      await cluster.withoutApiServer(async () => {
        await sleep(45_000);
        await writer.awaitNext(5);
      });
      expect(await cluster.awaitLeader()).toBe(leader);
    },
    async 'all members lose power, and come back one after the other'() {
      await Promise.all(cluster.members.map((member) => member.kill()));
      for (const member of draw.shuffled(cluster.members)) {
        member.start();
        await sleep(draw.below(2000));
      }
      await cluster.awaitLeader();
      await writer.awaitNext();
    },
  };

  const names = Object.keys(faults) as (keyof typeof faults)[];
  const { drawn, draw, report } = roundsOf('postgres', names, { usual: 3 });

  test.each(drawn)(
    '$fault ($round)',
    async ({ fault }) => {
      const before = writer.acknowledged.length;
      const start = performance.now();
      await faults[fault]();
      const served = (performance.now() - start) / 1000;
      await cluster.awaitWhole();
      const whole = (performance.now() - start) / 1000;
      const pause = writer.longestPause(Math.max(0, before - 1)) / 1000;
      const acknowledged = [...writer.acknowledged];
      const kept = new Set((await cluster.query('SELECT n FROM written', notifi)).map(Number));
      const lost = acknowledged.filter((n) => !kept.has(n));
      report(
        `${fault}: no writes for ${pause.toFixed(1)} s, served after ${served.toFixed(1)} s, whole after ${whole.toFixed(1)} s, ${lost.length} of ${acknowledged.length} lost`,
      );
      expect(pause).toBeLessThan(60);
      expect(lost).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(before);
    },
    120_000,
  );

  test('with no right at the API server that the Role does not give', () => {
    const logs = cluster.members.map(({ log }) => readFileSync(log, 'utf8')).join();
    expect(logs).not.toMatch(/\(403\)|Forbidden|Permission denied/);
  });

  test('and every member has them in the end', async () => {
    await writer.stop();
    report(`${writer.acknowledged.length} writes acknowledged`);
    const sum = `SELECT count(*), md5(string_agg(n::text, ',' ORDER BY n)) FROM written`;
    const rows = await cluster.query(sum, notifi);
    for (const { name, address } of cluster.members) {
      const there = () => cluster.query(sum, { ...notifi, PGHOST: address });
      await waitFor(`the rows at ${name}`, async () => (await there())[0] === rows[0], 10);
    }
  });
});

describe('a backup', () => {
  let bucket: string;

  const sums = async (database: string) =>
    cluster.query('SELECT count(*), md5(string_agg(t::text, $$,$$ ORDER BY n)) FROM written t', {
      PGDATABASE: database,
    });

  beforeAll(async () => {
    bucket = join(cluster.folder, 'bucket');
    mkdirSync(bucket);
    await cluster.query('CREATE ROLE tenant LOGIN PASSWORD $$t$$');
    await cluster.query('CREATE DATABASE "tenant one" OWNER tenant');
    const tenant = { PGDATABASE: 'tenant one' };
    await cluster.query(
      'CREATE TABLE written AS SELECT n, md5(n::text) AS text FROM generate_series(1, 1000) n',
      tenant,
    );
  });

  /** rclone speaks to a folder in place of the bucket; everything else is as rendered. */
  const run = (name: string, at: string, env: Record<string, string> = {}) =>
    cluster.host(at).run('CronJob', { TARGET: bucket, ...env }, name);

  test('has every database, also one that nobody declared, and the users', async () => {
    expect(await run('postgresql-backup', 'backup')).toMatchObject({ code: 0 });
    expect(
      readdirSync(bucket)
        .map((file) => file.replace(/^postgresql-backup-[0-9TZ]+/, ''))
        .sort(),
    ).toEqual(['-ledger.dump', '-notifi.dump', '-postgres.dump', '-roles.sql', '-tenant_one.dump', '.sha256']);
  });

  test('is restored over what was changed since, with everybody connected', async () => {
    const before = [await sums('notifi'), await sums('tenant one')];
    await cluster.query('DELETE FROM written WHERE n % 2 = 0', notifi);
    await cluster.query('DROP DATABASE "tenant one"');
    await cluster.query('DROP ROLE tenant');
    expect(await run('postgresql-backup-restore', 'restore')).toMatchObject({ code: 0 });
    expect([await sums('notifi'), await sums('tenant one')]).toEqual(before);
    expect(await cluster.query('SELECT current_user', notifi)).toEqual(['notifi']);
    expect(await cluster.query('SELECT 1', { PGUSER: 'tenant', PGPASSWORD: 't', PGDATABASE: 'tenant one' })).toEqual([
      '1',
    ]);
  });

  test('is restored to a server that never saw the data', async () => {
    const other = new Postgres();
    try {
      const env = { PGHOST: other.folder, PGUSER: 'postgres' };
      expect(await run('postgresql-backup-restore', 'elsewhere', env)).toMatchObject({ code: 0 });
      const count = 'SELECT count(*), md5(string_agg(t::text, $$,$$ ORDER BY n)) FROM written t';
      expect(other.query('notifi', count)).toEqual(await sums('notifi'));
    } finally {
      other.stop();
    }
  });

  test('that was cut off on its way is not restored', async () => {
    const [dump] = readdirSync(bucket).filter((file) => file.endsWith('-notifi.dump'));
    truncateSync(join(bucket, dump!), 100);
    const { code, output } = await run('postgresql-backup-restore', 'cut-off');
    expect(code).not.toBe(0);
    expect(output).toContain('computed checksum did NOT match');
    expect(await sums('notifi')).not.toEqual([]);
  });
});
