import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BackupJob } from '../../constructs/backup-job.ts';
import { Credential } from '../../constructs/credential.ts';
import { GcsFolder } from '../../constructs/gcs-folder.ts';
import { render } from '../constructs/render.ts';
import { Host, program } from './container.ts';
import { bin, Postgres } from './postgres.ts';

const { objects } = render((chart) => {
  const database = new Credential(chart, 'database', { keys: { DATABASE_URL: 'given' } });
  const writer = new Credential(chart, 'writer', { keys: { 'service-account.json': 'given' } });
  new BackupJob(chart, 'backup', {
    database: [database],
    target: new GcsFolder(chart, 'backups', { path: 'fn-backups/notifications', credential: writer }),
    tables: ['notifications', 'oban_jobs'],
    schedule: '0 * * * *',
    rpoMinutes: 60,
    client: 'postgres:15.18',
    uploader: 'rclone:1.75.1',
  });
});

let server: Postgres;
let root: string;
let bucket: string;
let host: Host;

beforeAll(() => {
  server = new Postgres();
  server.create('live');
  server.query(
    'live',
    `CREATE TABLE notifications (id bigserial PRIMARY KEY, body text, metadata jsonb);
     CREATE TABLE oban_jobs (id bigserial PRIMARY KEY, state text);
     INSERT INTO notifications (body, metadata) SELECT md5(n::text), jsonb_build_object('n', n) FROM generate_series(1, 5000) n;
     INSERT INTO oban_jobs (state) SELECT 'available' FROM generate_series(1, 100)`,
  );
});
afterAll(() => server.stop());

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'backup-'));
  bucket = mkdtempSync(join(tmpdir(), 'bucket-'));
  const secrets = { DATABASE_URL: server.url('live'), 'service-account.json': '{}' };
  host = new Host(root, objects, secrets, [bin]);
});
afterEach(() => {
  for (const folder of [root, bucket]) rmSync(folder, { recursive: true });
});

/** rclone speaks to a folder in place of the bucket; everything else is as rendered. */
const run = () => host.run('CronJob', { TARGET: bucket });

const stub = (name: string, script: string) => host.path.unshift(program(join(root, 'stubs'), name, script));

describe('backup', () => {
  test('arrives, and restores to the same data', async () => {
    expect(await run()).toMatchObject({ code: 0 });

    const [file] = readdirSync(bucket);
    server.create('restored');
    execFileSync(join(bin, 'pg_restore'), ['--no-owner', '--dbname', server.url('restored'), join(bucket, file!)]);
    const digest = `SELECT count(*), md5(string_agg(n::text, ',' ORDER BY id)) FROM notifications n`;
    expect(server.query('restored', digest)).toEqual(server.query('live', digest));
    expect(server.query('restored', 'SELECT count(*) FROM oban_jobs')).toEqual(['100']);
  });

  test('twice in a row leaves both dumps, each with its checksums', async () => {
    await run();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    rmSync(join(root, 'backup'), { recursive: true });
    expect(await run()).toMatchObject({ code: 0 });
    expect(readdirSync(bucket)).toHaveLength(4);
  });

  test('deletes dumps older than seven days, and nothing else', async () => {
    const day = 24 * 3600;
    for (const [name, age] of [
      ['backup-old.dump', 8],
      ['backup-young.dump', 6],
      ['other.txt', 30],
    ] as const) {
      writeFileSync(join(bucket, name), 'x');
      utimesSync(join(bucket, name), Date.now() / 1000 - age * day, Date.now() / 1000 - age * day);
    }
    expect(await run()).toMatchObject({ code: 0 });
    expect(readdirSync(bucket).sort()).toEqual([
      expect.stringMatching(/^backup-2.*dump$/),
      expect.stringMatching(/^backup-2.*sha256$/),
      'backup-young.dump',
      'other.txt',
    ]);
  });

  test('fails when the database is out of reach', async () => {
    const secrets = { DATABASE_URL: server.url('missing'), 'service-account.json': '{}' };
    host = new Host(root, objects, secrets, [bin]);
    const { code, output } = await run();
    expect(code).not.toBe(0);
    expect(output).toContain('database "missing" does not exist');
    expect(readdirSync(bucket)).toEqual([]);
  });

  test('fails when a table is missing from the dump', async () => {
    server.create('half');
    server.query('half', 'CREATE TABLE notifications (id int)');
    host = new Host(root, objects, { DATABASE_URL: server.url('half'), 'service-account.json': '{}' }, [bin]);
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toContain('table oban_jobs is not in the dump');
    expect(readdirSync(bucket)).toEqual([]);
  });

  test('fails when the dump is cut off, though its list of contents is whole', async () => {
    stub(
      'pg_dump',
      `${bin}/pg_dump "$@" || exit; for arg; do case $arg in --file=*) truncate --size=-4096 "\${arg#--file=}";; esac; done`,
    );
    const { code, output } = await run();
    expect(code).not.toBe(0);
    expect(output).toContain('pg_restore: error');
    expect(readdirSync(bucket)).toEqual([]);
  });

  test('fails when the upload fails, and keeps the old dumps', async () => {
    const old = join(bucket, 'backup-old.dump');
    writeFileSync(old, 'x');
    utimesSync(old, 0, 0);
    stub('rclone', `[ "$1" = copyto ] && { echo 'googleapi: Error 403' >&2; exit 1; }; exec /usr/bin/rclone "$@"`);
    const { code, output } = await run();
    expect(code).not.toBe(0);
    expect(output).toContain('Error 403');
    expect(readdirSync(bucket)).toEqual(['backup-old.dump']);
  });

  test('fails when what arrived is not what was sent', async () => {
    stub('rclone', `/usr/bin/rclone "$@" || exit; [ "$1" != copyto ] || truncate --size=100 "\${!#}"`);
    const { code, output } = await run();
    expect(code).not.toBe(0);
    expect(output).toContain('differences found');
    expect(readdirSync(bucket).map((file) => statSync(join(bucket, file)).size)).toContain(100);
  });
});
