import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { waitFor } from '../cluster/client.ts';
import { asPostgres } from './pods.ts';
import { Postgres } from './postgres.ts';
import { PostgresCluster, secrets } from './postgres-cluster.ts';
import { clientEnv, notifi, objects, problems } from './postgres-store.ts';

let cluster: PostgresCluster;

beforeAll(async () => {
  expect(problems).toEqual([]);
  cluster = await PostgresCluster.start(objects);
});
afterAll(async () => {
  await cluster?.stop();
});

test('three members elect one, and the Service of clients leads to it and no other', async () => {
  for (const member of cluster.members) member.start();
  await cluster.awaitWhole();
  expect(await cluster.placed()).toEqual({ nodes: 3, claims: 3 });
  // A probe may come too late, on a busy machine.
  const leader = await cluster.awaitLeader();
  const replicas = cluster.members.map(({ name }) => name).filter((name) => name !== leader.name);
  await waitFor('the replicas', async () => `${(await cluster.replicas.endpoints()).sort()}` === `${replicas}`);
});

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
  const settings = await (await cluster.rest(leader, '/config', 30)).json();
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
  });
  afterAll(() => void pooler.kill());

  const pooled = {
    PGHOST: 'postgresql-pooler.shop.svc',
    PGPORT: '6432',
    PGDATABASE: 'ledger',
    PGUSER: 'ledger',
    PGPASSWORD: secrets['postgresql-ledger/password'],
  };

  test('lets in by the URL that a client is given, and not by another password', async () => {
    const { LEDGER_URL } = clientEnv(cluster);
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

  test('that is told to stop ends a transaction that is under way, and waits for no client that only stays', async () => {
    const [program, ...args] = cluster.psql;
    const idle = spawn(program!, args, {
      env: { PATH: process.env['PATH'], ...pooled },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    idle.stdin!.write('SELECT 1;\n');
    await once(idle.stdout!, 'data');
    const commits = cluster.query("BEGIN; SELECT 'slow' FROM pg_sleep(3); COMMIT", pooled);
    await waitFor('the transaction', async () => {
      const running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN%pg_sleep%' AND state = 'active'";
      return (await cluster.query(running, { ...pooled, PGHOST: 'postgresql.shop.svc', PGPORT: '5432' }))[0] === '1';
    });
    const stopped = once(pooler, 'exit');
    pooler.kill();
    expect(await commits).toEqual(['slow']);
    expect(await stopped).toEqual([0, null]);
    idle.kill();
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
    const rows = 'TABLE written AS SELECT n, md5(n::text) AS text FROM generate_series(1, 1000) n';
    await cluster.query(`CREATE ${rows}`, notifi);
    await cluster.query('CREATE ROLE tenant LOGIN PASSWORD $$t$$');
    await cluster.query('CREATE DATABASE "tenant one" OWNER tenant');
    await cluster.query(`CREATE ${rows}`, { PGDATABASE: 'tenant one' });
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

test('the superuser and the standby get other passwords: at the leader first, then as members restart', async () => {
  const leader = await cluster.awaitLeader();
  const values = { superuser: 'anotherSuperuser', standby: 'anotherStandby' };
  await cluster.query(
    `ALTER ROLE standby PASSWORD '${values.standby}'; ALTER ROLE postgres PASSWORD '${values.superuser}'`,
  );
  cluster.reseal(values);
  for (const member of [...cluster.members.filter((one) => one !== leader), leader]) {
    await member.stop();
    member.start();
    await cluster.awaitWhole();
  }
  expect(await cluster.host('bootstrap-resealed').run('Job')).toMatchObject({ code: 0 });
  await cluster.query('CREATE TABLE resealed (n int)', notifi);
});
