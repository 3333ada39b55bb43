// The Jobs that move a database and a bucket in, and copy a bucket out, as rendered, between two databases of a real
// PostgreSQL and two folders.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { S3 } from '../../constructs/bucket.ts';
import { BucketBackup } from '../../constructs/bucket-backup.ts';
import { BucketImport } from '../../constructs/bucket-import.ts';
import { Credential } from '../../constructs/credential.ts';
import { DatabaseImport } from '../../constructs/database-import.ts';
import { Database } from '../../constructs/stores/postgres/database.ts';
import { waitFor } from '../cluster/client.ts';
import { render } from '../constructs/render.ts';
import { Host, program } from './container.ts';
import { bin, Postgres } from './postgres.ts';

const { objects } = render((chart) => {
  const password = new Credential(chart, 'password', { keys: { password: { length: 32 } } });
  const to = { name: 'target', password, host: 'db', port: 5432, endpoints: [], construct: chart };
  new DatabaseImport(chart, 'import-database', {
    from: { host: 'rds.example.test' },
    to: new Database(to),
    client: 'postgres:15.18',
  });
  const cloud = new S3(chart, 'cloud', { url: 'https://s3.example.test', region: 'us-east-1' });
  new BucketImport(chart, 'import-bucket', {
    from: cloud.bucket('from'),
    to: cloud.bucket('into'),
    client: 'rclone:1.75.1',
  });
  new BucketBackup(chart, 'copy', {
    bucket: cloud.bucket('from'),
    target: cloud.bucket('into').folder('from'),
    schedule: '0 4 * * *',
    keepDays: 30,
    client: 'rclone:1.75.1',
  });
});

let root: string;
let host: Host;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moving-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a database', () => {
  let server: Postgres;
  const run = () => host.run('CronJob', { PGHOST: server.folder, PGUSER: 'postgres' }, 'import-database');
  const digest = "SELECT count(*), md5(string_agg(u::text, ',' ORDER BY id)) FROM users u";

  beforeAll(() => {
    server = new Postgres();
    server.create('source');
    server.query(
      'source',
      `CREATE SCHEMA billing;
       CREATE TABLE users (id bigserial PRIMARY KEY, name text UNIQUE);
       CREATE TABLE billing.invoices (id bigserial PRIMARY KEY, "user" bigint REFERENCES users);
       CREATE TABLE "Odd Name" (n int);
       INSERT INTO users (name) SELECT md5(n::text) FROM generate_series(1, 3000) n;
       INSERT INTO billing.invoices ("user") SELECT id FROM users`,
    );
  });
  afterAll(() => server.stop());

  beforeEach(() => {
    server.create('target');
    host = new Host(root, objects, { SOURCE_URL: server.url('source'), password: 'none' }, [bin]);
  });
  afterEach(() => void server.query('postgres', 'DROP DATABASE target WITH (FORCE)'));

  test('arrives whole, and its rows are counted on both sides', async () => {
    const { code, output } = await run();
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('3 tables, 6000 rows') });
    expect(server.query('target', digest)).toEqual(server.query('source', digest));
  });

  test('a second time is as good as the first, and takes what has changed at the source', async () => {
    await run();
    server.query('source', "INSERT INTO users (name) VALUES ('late')");
    rmSync(join(root, 'copy'), { recursive: true });
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('6001 rows') });
    expect(server.query('target', digest)).toEqual(server.query('source', digest));
    server.query('source', "DELETE FROM users WHERE name = 'late'");
  });

  test('does not start while somebody is connected to the target', async () => {
    server.query('target', 'CREATE TABLE users (id bigint, name text); INSERT INTO users VALUES (1, $$mine$$)');
    const client = host.start({ name: 'psql', command: ['psql'] }, { containers: [] });
    const { spawn } = await import('node:child_process');
    const held = spawn('psql', ['-Xq', server.url('target')], { env: client.env, stdio: ['pipe', 'pipe', 'ignore'] });
    held.stdin.write("SELECT 'here';\n");
    await new Promise((resolve) => held.stdout.once('data', resolve));
    const { code, output } = await run();
    held.stdin.end();
    await new Promise((resolve) => held.once('exit', resolve));
    expect(code).toBe(1);
    expect(output).toContain('1 others are connected to target');
    expect(server.query('target', 'SELECT name FROM users')).toEqual(['mine']);
  });

  test('starts while the server itself vacuums the target, which nobody can stop', async () => {
    await run();
    rmSync(join(root, 'copy'), { recursive: true });
    server.query(
      'target',
      'ALTER TABLE users SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)',
    );
    server.query('target', 'UPDATE users SET name = name');
    server.set('autovacuum_naptime', '1s');
    const worker = "SELECT 1 FROM pg_stat_activity WHERE datname = 'target' AND backend_type = 'autovacuum worker'";
    await waitFor('the vacuum', async () => server.query('postgres', worker).length > 0);
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('3 tables, 6000 rows') });
    server.set('autovacuum_naptime', '1min');
  });

  test('that cannot be copied whole leaves the target as it was', async () => {
    await run();
    rmSync(join(root, 'copy'), { recursive: true });
    const before = server.query('target', digest);
    const truncated = `${join(bin, 'pg_dump')} "$@"; truncate --size=-20000 source.dump`;
    host.path.unshift(program(join(root, 'stubs'), 'pg_dump', truncated));
    expect((await run()).code).not.toBe(0);
    expect(server.query('target', digest)).toEqual(before);
  });

  test('whose target holds more than the source is said', async () => {
    server.query('target', 'CREATE TABLE leftover AS SELECT 1 AS n');
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toContain('leftover|1');
  });

  test('that is out of reach fails', async () => {
    host = new Host(root, objects, { SOURCE_URL: `${server.url('nowhere')}`, password: 'none' }, [bin]);
    expect((await run()).code).not.toBe(0);
  });
});

describe('a bucket', () => {
  const [from, into] = ['from', 'into'];
  const run = () => host.run('CronJob', { SOURCE: join(root, from!), TARGET: join(root, into!) }, 'import-bucket');

  beforeEach(() => {
    for (const folder of [from, `${from}/deep`, into]) mkdirSync(join(root, folder!));
    for (const name of ['a', 'b', 'deep/c']) writeFileSync(join(root, from!, name), name.repeat(1000));
    host = new Host(root, objects, { AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' });
  });

  test('arrives, and is counted on both sides; a second time is as good as the first', async () => {
    for (let time = 0; time < 2; time++) {
      expect(await run()).toMatchObject({
        code: 0,
        output: expect.stringContaining('3 objects at the source, 3 at the target'),
      });
    }
  });

  test('deletes nothing that is only at the target', async () => {
    writeFileSync(join(root, into!, 'mine'), 'mine');
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('4 at the target') });
  });

  test('that lost an object on its way is said', async () => {
    host.path.unshift(
      program(join(root, 'stubs'), 'rclone', `/usr/bin/rclone "$@" || exit; [ "$1" != copy ] || rm "$3/a"`),
    );
    expect((await run()).code).not.toBe(0);
  });

  test('is reached as two remotes, each with keys of its own', () => {
    const variables = host.variables(host.pod('CronJob', 'import-bucket').containers[0]!);
    expect(variables).toMatchObject({
      SOURCE: 'SOURCE:from',
      TARGET: 'TARGET:into',
      RCLONE_CONFIG_SOURCE_TYPE: 's3',
      RCLONE_CONFIG_TARGET_ENDPOINT: 'https://s3.example.test',
    });
  });
});

describe('a copy of a bucket', () => {
  const [source, target] = ['from', 'into'];
  const run = () => host.run('CronJob', { SOURCE: join(root, source!), TARGET: join(root, target!) }, 'copy');
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const kept = (...path: string[]) => join(root, target!, ...path);

  beforeEach(() => {
    mkdirSync(join(root, source!));
    for (const name of ['a', 'b']) writeFileSync(join(root, source!, name), 'first');
    host = new Host(root, objects, { AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' });
  });

  test('is what the bucket is, and keeps what was deleted or replaced there', async () => {
    expect(await run()).toMatchObject({ code: 0 });
    rmSync(join(root, source!, 'a'));
    writeFileSync(join(root, source!, 'b'), 'second, and longer');
    expect(await run()).toMatchObject({ code: 0 });
    expect(readdirSync(kept('current'))).toEqual(['b']);
    expect(readFileSync(kept('current/b'), 'utf8')).toBe('second, and longer');
    for (const name of ['a', 'b']) expect(readFileSync(kept('replaced', day(0), name), 'utf8')).toBe('first');
  });

  test('forgets after thirty days, and not before', async () => {
    for (const ago of [29, 31]) {
      mkdirSync(kept('replaced', day(ago)), { recursive: true });
      writeFileSync(kept('replaced', day(ago), 'old'), 'old');
    }
    mkdirSync(kept('replaced/before-the-move'));
    writeFileSync(kept('replaced/before-the-move/old'), 'of a person');
    expect(await run()).toMatchObject({ code: 0 });
    expect(existsSync(kept('replaced/before-the-move/old'))).toBe(true);
    expect(existsSync(kept('replaced', day(29), 'old'))).toBe(true);
    expect(existsSync(kept('replaced', day(31)))).toBe(false);
  });

  test('that is not whole is said, and nothing is forgotten', async () => {
    mkdirSync(kept('replaced', day(31)), { recursive: true });
    host.path.unshift(
      program(join(root, 'stubs'), 'rclone', '/usr/bin/rclone "$@" || exit; [ "$1" != sync ] || rm "$5/a"'),
    );
    expect((await run()).code).not.toBe(0);
    expect(existsSync(kept('replaced', day(31)))).toBe(true);
  });
});
