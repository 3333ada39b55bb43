import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MinioCluster } from './minio-cluster.ts';
import { keysOf, minioStore, secrets } from './minio-store.ts';
import { ObjectWriter } from './minio-writer.ts';

let cluster: MinioCluster;

beforeAll(async () => {
  cluster = new MinioCluster(minioStore(1), secrets, ['pictures']);
  await cluster.start();
});
afterAll(() => cluster?.remove());

/** How rclone would be told of another secret key, or another bucket. */
const keeper = (changes: Record<string, string> = {}) => ({ ...cluster.variables('keeper'), ...changes });

describe('the Job of buckets', () => {
  const users = async () => (await cluster.mc('admin', 'user', 'list', 'store')).split('\n').filter(Boolean).sort();
  const buckets = 'buckets: pictures is there, for its user alone\nbuckets: backups is there, for its user alone\n';

  test('makes them and their users, and changes nothing when run again', async () => {
    expect(await cluster.runBuckets()).toEqual({ code: 0, output: buckets });
    const before = await users();
    expect(before).toEqual([
      expect.stringMatching(/enabled +backupsKeyNumber1 +backups/),
      expect.stringMatching(/enabled +picturesKeyNumber1 +pictures/),
    ]);
    const shop = cluster.client(cluster.variables('shop'));
    await shop.put('kept', 'through a second run');
    expect(await cluster.runBuckets()).toEqual({ code: 0, output: buckets });
    expect(await users()).toEqual(before);
    expect(`${await shop.get('kept')}`).toBe('through a second run');
  });

  test('locks the old keys out once the Secret has others', async () => {
    const old = cluster.client(cluster.variables('shop'));
    const renewed = { ...cluster.secrets, ...keysOf('minio-pictures', 'pictures', 2) };
    expect(await cluster.runBuckets(undefined, renewed)).toMatchObject({ code: 0 });
    await expect(old.get('kept')).rejects.toThrow('403 InvalidAccessKeyId');
    expect(await users()).toHaveLength(2);
    expect(await cluster.runBuckets()).toMatchObject({ code: 0 });
    expect(`${await old.get('kept')}`).toBe('through a second run');
  });
});

describe('a client writes, reads, lists and deletes by what it is told', () => {
  test.each([
    ['of the store, the bucket in the path', 'shop', 'true'],
    ['of S3 elsewhere, the bucket as a host', 'guest', 'false'],
  ])('%s', async (_, name, pathStyle) => {
    expect(cluster.variables(name)).toMatchObject({ AWS_REGION: 'us-east-1', S3_FORCE_PATH_STYLE: pathStyle });
    const client = cluster.client(cluster.variables(name));
    await client.put(`${name}/a key with ü, (brackets) + more`, name);
    expect(await client.list(`${name}/`)).toEqual([`${name}/a key with ü, (brackets) + more`]);
    expect(`${await client.get(`${name}/a key with ü, (brackets) + more`)}`).toBe(name);
    await client.delete(`${name}/a key with ü, (brackets) + more`);
    expect(await client.list(`${name}/`)).toEqual([]);
  });

  test.each(['keeper', 'guest-keeper'])('by rclone, %s', async (name) => {
    const variables = cluster.variables(name);
    const folder = join(cluster.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'dump'), 'x'.repeat(1e6));
    const target = variables['TARGET']!;
    expect(await cluster.rclone(variables, 'copyto', '--immutable', join(folder, 'dump'), `${target}/dump`)).toEqual({
      code: 0,
      output: expect.any(String),
    });
    expect((await cluster.rclone(variables, 'lsf', target)).output).toContain('dump\n');
    expect(await cluster.rclone(variables, 'check', folder, target)).toMatchObject({ code: 0 });
    expect((await cluster.rclone(variables, 'cat', `${target}/dump`)).output).toContain('x'.repeat(1e6));
  });
});

describe('a client is told what is wrong', () => {
  const put = (changes: Record<string, string>) =>
    cluster.client({ ...cluster.variables('shop'), ...changes }).put('x', 'x');
  const copy = (changes: Record<string, string>) => {
    const variables = keeper(changes);
    return cluster.rclone(variables, 'copyto', '/etc/hostname', `${variables['TARGET']}/x`, '--retries', '1');
  };

  test('a key that nobody has', async () => {
    await expect(put({ AWS_ACCESS_KEY_ID: 'nobody' })).rejects.toThrow('403 InvalidAccessKeyId');
    const { code, output } = await copy({ RCLONE_S3_ACCESS_KEY_ID: 'nobody' });
    expect(code).not.toBe(0);
    expect(output).toContain('403');
  });

  test('a secret that is not its', async () => {
    await expect(put({ AWS_SECRET_ACCESS_KEY: 'wrong' })).rejects.toThrow('403 SignatureDoesNotMatch');
    expect(await copy({ RCLONE_S3_SECRET_ACCESS_KEY: 'wrong' })).not.toMatchObject({ code: 0 });
  });

  test("another one's bucket, and one that is not there", async () => {
    await expect(put({ S3_BUCKET: 'backups' })).rejects.toThrow('403 AccessDenied');
    await expect(put({ S3_BUCKET: 'nowhere' })).rejects.toThrow('403 AccessDenied');
    const { code, output } = await copy({ TARGET: ':s3:pictures/dumps' });
    expect(code).not.toBe(0);
    expect(output).toContain('Forbidden');
  });
});

test('a single member has after a power cut what it acknowledged', async () => {
  const [member] = cluster.members;
  const writer = new ObjectWriter(cluster.client(cluster.variables('shop')));
  try {
    await writer.awaitNext();
    await member!.kill();
    member!.start();
    await writer.awaitNext();
  } finally {
    await writer.stop();
  }
  expect(writer.acknowledged.length).toBeGreaterThan(5);
  expect(await writer.lost()).toEqual([]);
});
