import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { images } from '../../charts/versions.ts';
import { BackupJob } from '../../constructs/backup-job.ts';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { minio } from '../../constructs/stores/minio.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { Workload } from '../../constructs/workload.ts';
import { render } from '../constructs/render.ts';
import { Host, program, type Result } from './container.ts';
import { MinioCluster } from './minio-cluster.ts';
import { keysOf } from './minio-store.ts';
import { withHosts } from './pods.ts';
import { bin, Postgres } from './postgres.ts';
import type { S3Client } from './s3-client.ts';

const { objects, problems } = render((chart) => {
  const store = new HaStatefulStore(chart, 'minio', {
    engine: minio({ buckets: ['backups'], images }),
    members: 1,
    storage: '1Gi',
    size: 'medium',
    backup: { none: 'holds backups' },
  });
  const bucket = store.bucket('backups');
  new Workload(chart, 'reader', { image: 'reader:1.0.0', size: 'tiny', uses: [bucket] });
  const job = {
    database: [new Credential(chart, 'database', { keys: { DATABASE_URL: 'given' } })],
    tables: ['notifications', 'oban_jobs'],
    rpoMinutes: 60,
    client: 'postgres:16.15',
    uploader: 'rclone:1.75.1',
  };
  new BackupJob(chart, 'backup', { ...job, target: bucket.folder('live') });
  new BackupJob(chart, 'archive', {
    ...job,
    target: bucket.folder('archive'),
    keep: { daily: 2, weekly: 1, monthly: 2 },
  });
  new HaStatefulStore(chart, 'notes', {
    engine: postgres({
      version: '18',
      databases: ['notes'],
      images,
    }),
    members: 1,
    storage: '1Gi',
    size: 'small',
    backup: { rpoMinutes: 60, targets: [bucket.folder('notes')], uploader: 'rclone:1.75.1' },
  });
});

let cluster: MinioCluster;
let bucket: S3Client;
let server: Postgres;
let root: string;

const mount = (path: string, size: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=777`, 'tmpfs', path]);
const unmount = (path: string) => execFileSync('umount', ['--lazy', path]);

beforeAll(async () => {
  expect(problems).toEqual([]);
  cluster = new MinioCluster(objects, keysOf('minio-backups', 'backups'));
  mount(cluster.members[0]!.volume, '256m');
  await cluster.start();
  await cluster.runBuckets();
  bucket = cluster.client(cluster.variables('reader'));
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
afterAll(async () => {
  server?.stop();
  if (cluster) unmount(cluster.members[0]!.volume);
  await cluster?.remove();
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'backup-'));
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  for (const key of await bucket.list()) await bucket.delete(key);
});

interface Changes {
  readonly name?: string;
  readonly database?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** By name: what runs in the place of the machine's program. */
  readonly stubs?: Readonly<Record<string, string>>;
  /** Holds what the pod's containers share. */
  readonly pod?: string;
}

/** A rendered CronJob's pod, from its own environment to the real bucket. */
async function run({ name = 'backup', database = 'live', secrets, env, stubs = {}, pod }: Changes = {}) {
  const known = { ...cluster.secrets, DATABASE_URL: server.url(database), superuser: 'x', ...secrets };
  const host = new Host(pod ?? mkdtempSync(join(root, 'pod-')), objects, known, [bin]);
  host.wrapper.push(...withHosts(cluster.hosts));
  for (const [stub, script] of Object.entries(stubs)) {
    host.path.unshift(program(join(root, 'stubs'), stub, script));
  }
  return await host.run('CronJob', env, name);
}

/** The bucket holds nothing whole of it, and the Job's log says so. */
async function expectFailure(result: Result, reason: string) {
  expect(result.code).not.toBe(0);
  expect(result.output).toContain(reason);
  expect((await bucket.list()).filter((key) => key.endsWith('.sha256'))).toEqual([]);
}

const digest = 'SELECT count(*), md5(string_agg(n::text, $$,$$ ORDER BY id)) FROM notifications n';

describe('a backup', () => {
  test('arrives, and restores to the same data', async () => {
    expect(await run()).toMatchObject({ code: 0 });

    const [key] = (await bucket.list('live/')).filter((each) => each.endsWith('.dump'));
    writeFileSync(join(root, 'dump'), await bucket.get(key!));
    server.create('restored');
    const args = ['--clean', '--if-exists', '--no-owner', '--dbname', server.url('restored'), join(root, 'dump')];
    execFileSync(join(bin, 'pg_restore'), args);
    expect(server.query('restored', digest)).toEqual(server.query('live', digest));
    expect(server.query('restored', 'SELECT count(*) FROM oban_jobs')).toEqual(['100']);
  });

  test('twice in a row leaves both dumps, each with its checksums', async () => {
    await run();
    await sleep(1100);
    expect(await run()).toMatchObject({ code: 0 });
    expect(await bucket.list()).toHaveLength(4);
  });

  test('arrives all the same where a connection breaks once', async () => {
    let isFirst = true;
    cluster.service.cut = () => {
      const limit = isFirst ? 20_000 : Number.POSITIVE_INFINITY;
      isFirst = false;
      return limit;
    };
    expect(await run()).toMatchObject({ code: 0 });
    expect(isFirst).toBe(false);
    expect(await bucket.list()).toHaveLength(2);
  });
});

describe('what is outdated', () => {
  /** Puts objects into the bucket, some days old. */
  const put = async (folder: string, ages: Readonly<Record<string, number>>) => {
    const from = mkdtempSync(join(root, 'old-'));
    for (const [name, days] of Object.entries(ages)) {
      const path = join(from, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, name);
      const time = Date.now() / 1000 - days * 24 * 3600;
      utimesSync(path, time, time);
    }
    const variables = new Host(root, objects, cluster.secrets).variables(
      new Host(root, objects, {}).pod('CronJob', 'backup').containers[0]!,
    );
    const copied = await cluster.rclone(variables, 'copy', from, `:s3:backups/${folder}`);
    expect(copied).toMatchObject({ code: 0 });
  };
  const left = async (folder: string) =>
    (await bucket.list(`${folder}/`)).map((key) => key.slice(folder.length + 1)).sort();

  test('goes after seven days, and nothing else', async () => {
    await put('live', {
      'backup-20200101T000000Z.dump': 8,
      'backup-20200101T000000Z.sha256': 8,
      'backup-20200103T000000Z.dump': 6,
      'backup-eu-20200101T000000Z.dump': 30,
      'backup-2-20200101T000000Z.dump': 30,
      'other.txt': 30,
      'below/backup-20200101T000000Z.dump': 30,
    });
    expect(await run()).toMatchObject({ code: 0 });
    const today = new Date().getUTCFullYear();
    expect(await left('live')).toEqual([
      'backup-2-20200101T000000Z.dump',
      'backup-20200103T000000Z.dump',
      expect.stringMatching(`^backup-${today}.*dump$`),
      expect.stringMatching(`^backup-${today}.*sha256$`),
      'backup-eu-20200101T000000Z.dump',
      'below/backup-20200101T000000Z.dump',
      'other.txt',
    ]);
  });

  test('goes when it is the last of no day, week or month that is kept', async () => {
    const stamps = ['20191231T000000Z', '20200501T000000Z', '20200502T010000Z', '20200502T020000Z'];
    const files = stamps.flatMap((stamp) => [`archive-${stamp}.dump`, `archive-${stamp}.sha256`]);
    // The second one never became whole.
    const names = [...files, 'archive-20200430T000000Z.dump', 'other.txt'];
    await put('archive', Object.fromEntries(names.map((name) => [name, 100])));
    expect(await run({ name: 'archive' })).toMatchObject({ code: 0 });
    const today = new Date().getUTCFullYear();
    expect(await left('archive')).toEqual([
      'archive-20200502T020000Z.dump',
      'archive-20200502T020000Z.sha256',
      expect.stringMatching(`^archive-${today}.*dump$`),
      expect.stringMatching(`^archive-${today}.*sha256$`),
      'other.txt',
    ]);
  });

  test('stays when the new one does not arrive', async () => {
    await put('live', { 'backup-20200101T000000Z.dump': 30 });
    const stub = `[ "$1" = copyto ] && { echo 'upload refused' >&2; exit 1; }; exec /usr/bin/rclone "$@"`;
    await expectFailure(await run({ stubs: { rclone: stub } }), 'upload refused');
    expect(await left('live')).toEqual(['backup-20200101T000000Z.dump']);
  });
});

describe('the Job fails, and says why, when', () => {
  test('the database is out of reach', async () => {
    await expectFailure(await run({ database: 'missing' }), 'database "missing" does not exist');
  });

  test('a table is missing from the dump', async () => {
    server.create('half');
    server.query('half', 'CREATE TABLE notifications (id int)');
    await expectFailure(await run({ database: 'half' }), 'table oban_jobs is not in the dump');
  });

  test('the dump is cut off, though its list of contents is whole', async () => {
    const stub = `${bin}/pg_dump "$@" || exit; for arg; do case $arg in --file=*) truncate --size=-4096 "\${arg#--file=}";; esac; done`;
    await expectFailure(await run({ stubs: { pg_dump: stub } }), 'pg_restore: error');
  });

  test("the pod's disk is full", async () => {
    const pod = mkdtempSync(join(root, 'pod-'));
    mkdirSync(join(pod, 'backup'));
    mount(join(pod, 'backup'), '64k');
    try {
      await expectFailure(await run({ pod }), 'No space left on device');
    } finally {
      unmount(join(pod, 'backup'));
    }
  });

  test("the object store's disk is full", async () => {
    const filler = join(cluster.members[0]!.volume, 'filler');
    try {
      execFileSync('sh', ['-c', `head --bytes=300M /dev/zero > ${filler} 2> /dev/null || true`]);
      const result = await run();
      await expectFailure(result, 'backup: backup did not get to :s3:backups/live');
      expect(result.output).toMatch(/XMinioStorageFull|free drive threshold/);
    } finally {
      rmSync(filler);
    }
  });

  test('the bucket is missing', async () => {
    await cluster.mc('rb', 'store/backups');
    try {
      const result = await run();
      expect(result).toMatchObject({ code: expect.any(Number), output: expect.stringContaining('NoSuchBucket') });
      expect(result.code).not.toBe(0);
    } finally {
      await cluster.runBuckets();
    }
  });

  test('the key is not right', async () => {
    const secrets = { 'minio-backups/AWS_SECRET_ACCESS_KEY': 'wrong' };
    await expectFailure(await run({ secrets }), 'backup: backup did not get to :s3:backups/live');
  });

  test('every connection breaks while the dump is sent', async () => {
    cluster.service.cut = () => 20_000;
    const result = await run();
    cluster.service.cut = () => Number.POSITIVE_INFINITY;
    await expectFailure(result, 'backup: backup did not get to :s3:backups/live');
    expect(await bucket.list()).toEqual([]);
  });

  test('what arrived is not what was sent', async () => {
    const stub = `[ "$1" != copyto ] || { head --bytes=100 "$3" > "$3.cut"; /usr/bin/rclone copyto "$3.cut" "$4"; exit; }; exec /usr/bin/rclone "$@"`;
    const { code, output } = await run({ stubs: { rclone: stub } });
    expect(code).not.toBe(0);
    expect(output).toContain('differences found');
  });
});

describe('a store of PostgreSQL', () => {
  const rows = (at: Postgres) =>
    at.query('notes', 'SELECT count(*), md5(string_agg(w::text, $$,$$ ORDER BY n)) FROM written w');
  const at = (target: Postgres) => ({ PGHOST: target.folder });

  beforeAll(() => {
    server.create('notes');
    server.query('notes', 'CREATE TABLE written AS SELECT n, md5(n::text) FROM generate_series(1, 3000) n');
    server.query('postgres', 'CREATE ROLE tenant');
  });

  test('is restored from the bucket, to a server that never saw the data', async () => {
    expect(await run({ name: 'notes-backup', env: at(server) })).toMatchObject({ code: 0 });
    const other = new Postgres();
    try {
      expect(await run({ name: 'notes-backup-restore', env: at(other) })).toMatchObject({ code: 0 });
      expect(rows(other)).toEqual(rows(server));
      expect(other.query('postgres', 'SELECT rolname FROM pg_roles WHERE rolname = $$tenant$$')).toEqual(['tenant']);
    } finally {
      other.stop();
    }
  });

  test('is restored from the newest backup that is whole, or the one that is asked for', async () => {
    expect(await run({ name: 'notes-backup', env: at(server) })).toMatchObject({ code: 0 });
    const [checksums] = (await bucket.list('notes/')).filter((key) => key.endsWith('.sha256'));
    const stamp = /notes-backup-(.*)\.sha256/.exec(checksums!)![1]!;
    await bucket.put('notes/notes-backup-29991231T235959Z-notes.dump', 'never finished');
    await bucket.put('notes/notes-backup-weekly-29991231T235959Z.sha256', 'of another one');
    server.query('notes', 'DELETE FROM written WHERE n > 10');
    expect(await run({ name: 'notes-backup-restore', env: at(server) })).toMatchObject({ code: 0 });
    expect(server.query('notes', 'SELECT count(*) FROM written')).toEqual(['3000']);

    const asked = { name: 'notes-backup-restore', env: { ...at(server), STAMP: stamp } };
    expect(await run(asked)).toMatchObject({ code: 0, output: expect.stringContaining(stamp) });
    const { code, output } = await run({ ...asked, env: { ...asked.env, STAMP: '29991231T235959Z' } });
    expect(code).not.toBe(0);
    expect(output).toContain('has no whole backup notes-backup-29991231T235959Z');
  });

  test('is not restored from what was changed in the bucket', async () => {
    expect(await run({ name: 'notes-backup', env: at(server) })).toMatchObject({ code: 0 });
    const [dump] = (await bucket.list('notes/')).filter((key) => key.endsWith('-notes.dump'));
    await bucket.put(dump!, (await bucket.get(dump!)).subarray(0, 100));
    const { code, output } = await run({ name: 'notes-backup-restore', env: at(server) });
    expect(code).not.toBe(0);
    expect(output).toContain('computed checksum did NOT match');
    expect(server.query('notes', 'SELECT count(*) FROM written')).toEqual(['3000']);
  });
});
