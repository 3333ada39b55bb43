import { describe, expect, test } from '@jest/globals';
import type { Chart } from 'cdk8s';
import { S3 } from '../../constructs/bucket.ts';
import { BucketBackup, type BucketBackupProps } from '../../constructs/bucket-backup.ts';
import { BucketImport, type BucketImportProps } from '../../constructs/bucket-import.ts';
import { Credential } from '../../constructs/credential.ts';
import { DatabaseImport, type DatabaseImportProps } from '../../constructs/database-import.ts';
import { SftpFolder } from '../../constructs/sftp-folder.ts';
import { Database } from '../../constructs/stores/postgres/database.ts';
import { render } from './render.ts';

// What the scripts do is tested by running them: test/daemons/moving-in.test.ts.

const database = (chart: Chart) =>
  new Database({
    name: 'shop',
    password: new Credential(chart, 'password', { keys: { password: { length: 32 } } }),
    host: 'db.data.svc',
    port: 5432,
    endpoints: [],
    construct: chart,
  });
const bucket = (chart: Chart, id: string) =>
  new S3(chart, id, { url: 'https://s3.example.test', region: 'auto' }).bucket('pictures');

describe('DatabaseImport', () => {
  const { find, relations, problems } = render((chart) => {
    const full: Required<DatabaseImportProps> = {
      from: { host: 'rds.example.test', port: 5433 },
      to: database(chart),
      client: 'registry.test/postgres:16.1',
      size: 'xlarge',
    };
    new DatabaseImport(chart, 'import', full);
  });

  test('is a Job that nothing but a person starts', () => {
    expect(problems).toEqual([]);
    expect(find('CronJob', 'import').spec).toMatchObject({
      suspend: true,
      jobTemplate: { spec: { backoffLimit: 0 } },
    });
  });

  test('knows both databases: its own by parts, the other by a URL that is given', () => {
    expect(find('ConfigMap', 'import').data).toMatchObject({ PGHOST: 'db.data.svc', PGDATABASE: 'shop' });
    const [{ env, resources }] = find('CronJob', 'import').spec.jobTemplate.spec.template.spec.containers;
    expect(env).toContainEqual({
      name: 'SOURCE_URL',
      valueFrom: { secretKeyRef: { name: 'import-source', key: 'SOURCE_URL' } },
    });
    expect(resources.limits.memory).toBe('2Gi');
    expect(relations.flatMap(({ sealed }) => sealed?.name ?? [])).toContain('import-source');
    expect(JSON.stringify(find('NetworkPolicy', 'import').spec.egress)).toContain('5433');
  });
});

describe('BucketImport', () => {
  test('reaches each bucket as a remote of its own', () => {
    const { find, problems } = render((chart) => {
      const full: Required<BucketImportProps> = {
        from: bucket(chart, 'cloud'),
        to: bucket(chart, 'home'),
        client: 'registry.test/rclone:1.75.1',
        size: 'small',
      };
      new BucketImport(chart, 'import', full);
    });
    expect(problems).toEqual([]);
    expect(find('CronJob', 'import').spec.suspend).toBe(true);
    const [{ env }] = find('CronJob', 'import').spec.jobTemplate.spec.template.spec.containers;
    const secrets = env.map(({ name, valueFrom }: Record<string, Record<string, Record<string, string>>>) => [
      name,
      valueFrom!['secretKeyRef']!['name'],
    ]);
    expect(secrets).toContainEqual(['RCLONE_CONFIG_SOURCE_ACCESS_KEY_ID', 'cloud-pictures']);
    expect(secrets).toContainEqual(['RCLONE_CONFIG_TARGET_ACCESS_KEY_ID', 'home-pictures']);
  });
});

describe('BucketBackup', () => {
  test('copies a bucket every day, and says when it does not', () => {
    let overdue = '';
    const { find, problems } = render((chart) => {
      const nas = new SftpFolder(chart, 'nas', { host: 'nas.example.test', user: 'backup', path: '/backups' });
      const full: Required<BucketBackupProps> = {
        bucket: bucket(chart, 'home'),
        target: nas.folder('pictures'),
        schedule: '30 4 * * *',
        keepDays: 30,
        client: 'registry.test/rclone:1.75.1',
      };
      overdue = new BucketBackup(chart, 'copy', full).overdue.expr;
    });
    expect(problems).toEqual([]);
    expect(find('CronJob', 'copy').spec).toMatchObject({ schedule: '30 4 * * *', concurrencyPolicy: 'Forbid' });
    expect(find('ConfigMap', 'copy').data).toMatchObject({
      SOURCE: 'SOURCE:pictures',
      TARGET: ':sftp:/backups/pictures',
      KEEP_DAYS: '30',
    });
    expect(overdue).toContain('cronjob="copy"');
  });
});
