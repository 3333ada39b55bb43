import { describe, expect, test } from '@jest/globals';
import { BackupJob, type BackupJobProps } from '../../constructs/backup-job.ts';
import { Credential } from '../../constructs/credential.ts';
import { External } from '../../constructs/external.ts';
import { render } from './render.ts';

type Changes = Partial<Omit<BackupJobProps, 'database' | 'target'>>;

const backup = (changes: Changes = {}) =>
  render((chart) => {
    const database = new Credential(chart, 'database', { keys: { DATABASE_URL: 'given' } });
    const target = new External(chart, 'target', { host: 'backups.test', env: { TARGET: ':s3:dumps' } });
    new BackupJob(chart, 'backup', {
      database: [database, new External(chart, 'postgres', { host: 'db.test', ports: [5432] })],
      target,
      tables: ['orders'],
      schedule: '0 * * * *',
      rpoMinutes: 60,
      client: 'postgres:15.18',
      uploader: 'rclone:1.75.1',
      ...changes,
    });
  });

test('runs one at a time, dumps before it uploads, and gives up before the next run', () => {
  const { find, problems } = backup();
  expect(problems).toEqual([]);
  const { spec } = find('CronJob', 'backup');
  expect(spec).toMatchObject({ schedule: '0 * * * *', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' });
  const job = spec.jobTemplate.spec;
  expect(job).toMatchObject({ backoffLimit: 2, activeDeadlineSeconds: 2700 });
  const { initContainers, containers, restartPolicy } = job.template.spec;
  expect([...initContainers, ...containers]).toMatchObject([
    { name: 'dump', image: 'postgres:15.18', command: ['bash', '/scripts/dump.sh'] },
    { name: 'backup', image: 'rclone:1.75.1', command: ['sh', '/scripts/upload.sh'] },
  ]);
  expect(restartPolicy).toBe('Never');
});

test('passes on what may differ', () => {
  const full: Required<Changes> = {
    identity: 'backup',
    tables: ['orders', 'customers'],
    schedule: '*/30 * * * *',
    rpoMinutes: 30,
    deadlineMinutes: 20,
    keep: { days: 30 },
    client: 'postgres:16.4',
    uploader: 'rclone:1.76.0',
    size: 'large',
  };
  const { find, problems } = backup(full);
  expect(problems).toEqual([]);
  expect(find('ConfigMap', 'backup').data).toMatchObject({ KEEP: '30d', TARGET: ':s3:dumps' });
  expect(find('ConfigMap', 'backup-dump').data).toMatchObject({ TABLES: 'orders customers' });
  const { spec } = find('CronJob', 'backup');
  expect(spec.schedule).toBe('*/30 * * * *');
  expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBe(1200);
  const { initContainers, containers } = spec.jobTemplate.spec.template.spec;
  expect(initContainers[0]).toMatchObject({ image: 'postgres:16.4', resources: { limits: { memory: '1Gi' } } });
  expect(containers[0].image).toBe('rclone:1.76.0');
});

test('may reach the database and the target, and nothing else', () => {
  const { find } = backup();
  const { egress, ingress } = find('NetworkPolicy', 'backup').spec;
  const ports = egress.flatMap((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port));
  expect(ports.sort()).toEqual([443, 53, 53, 5432]);
  expect(ingress).toBeUndefined();
});

describe('refuses', () => {
  test.each([
    ['a schedule with longer gaps than may be lost', { schedule: '0 */2 * * *' }, 'leaves 120 minutes'],
    ['one with a longer gap at night', { schedule: '0 8-18 * * *' }, 'leaves 840 minutes'],
    ['a daily one', { schedule: '30 3 * * *' }, 'leaves 1440 minutes'],
    ['one that rests on some days', { schedule: '0 * * * 1-5' }, 'gaps are not known'],
    ['what is no schedule', { schedule: 'hourly' }, 'gaps are not known'],
    ['a deadline beyond the next run', { deadlineMinutes: 60 }, 'reaches into the next run'],
    ['keeping nothing', { keep: { days: 0 } }, 'keep.days: 0'],
    ['keeping no day', { keep: { daily: 0, weekly: 4, monthly: 3 } }, 'keep.daily: 0'],
    ['half a backup', { keep: { daily: 7, weekly: 0.5, monthly: 3 } }, 'keep.weekly: 0.5'],
  ])('%s', (_, changes, message) => {
    expect(backup(changes).problems).toEqual([expect.stringContaining(message)]);
  });

  test.each(['0,30 * * * *', '*/15 * * * *', '5-59/20 * * * *', '0 0-23 * * *'])('not %s', (schedule) => {
    expect(backup({ schedule, deadlineMinutes: 10 }).problems).toEqual([]);
  });
});
