// A year of nightly backups to a folder of a file server: which of them are left each day, and that those restore.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { SharedFolder } from '../../constructs/shared-folder.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { environment, render } from '../constructs/render.ts';
import { Host, program, run } from './container.ts';
import { bin, Postgres } from './postgres.ts';

const keep = { daily: 7, weekly: 4, monthly: 3 };
const { objects } = render(
  (chart) => {
    const folder = new SharedFolder(chart, 'backups', { storageClass: 'nas', storage: '200Gi' });
    new HaStatefulStore(chart, 'postgresql', {
      engine: postgres({
        version: '17',
        databases: ['orders'],
        images: { postgres17: 'postgres:17.11', spilo: 'spilo:1', postgresExporter: 'exporter:1', pgbouncer: 'x:1' },
      }),
      members: 1,
      size: 'medium',
      storage: '10Gi',
      backup: { rpoMinutes: 24 * 60, keep, targets: [folder.folder('postgresql')], uploader: 'rclone:1.75.1' },
    });
  },
  { storageClasses: { ...environment.storageClasses, nas: { kind: 'shared', expandable: false } } },
);

const day = 24 * 3600 * 1000;
const first = Date.UTC(2027, 10, 20, 2);
const nights = [...Array(400).keys()].map((n) => new Date(first + n * day));
const stampOf = (date: Date) => date.toISOString().replaceAll(/[-:]|\.\d+/g, '');

/** What restic, borg and their like call keep-daily, -weekly and -monthly, said once more in other words. */
function expected(all: readonly Date[]): string[] {
  const monday = (date: Date) =>
    new Date(date.getTime() - ((date.getUTCDay() + 6) % 7) * day).toISOString().slice(0, 10);
  const periods: readonly [number, (date: Date) => string][] = [
    [keep.daily, (date) => date.toISOString().slice(0, 10)],
    [keep.weekly, monday],
    [keep.monthly, (date) => date.toISOString().slice(0, 7)],
  ];
  const kept = periods.flatMap(([number, of]) => {
    const last = new Map(all.map((date) => [of(date), date]));
    return [...last.values()].slice(-number);
  });
  return [...new Set(kept.map(stampOf))].sort();
}

let server: Postgres;
let root: string;
let host: Host;
let target: string;
const secrets = { superuser: 'any', monitor: 'any' };
const left = () => [...new Set(readdirSync(target).map((file) => file.split('-')[2]!.slice(0, 16)))].sort();

beforeAll(() => {
  server = new Postgres();
  server.create('orders');
  root = mkdtempSync(join(tmpdir(), 'retention-'));
  host = new Host(root, objects, secrets, [bin]);
  target = join(root, 'shared/postgresql');
});
afterAll(() => {
  server.stop();
  rmSync(root, { recursive: true });
});

const empty = () => rmSync(join(root, 'backup'), { recursive: true, force: true });

/** The whole job as it would run on that night, with PostgreSQL and rclone. */
async function backup(night: Date) {
  empty();
  server.query('orders', `DROP TABLE IF EXISTS night; CREATE TABLE night AS SELECT '${stampOf(night)}' AS stamp`);
  const stubs = program(join(root, 'clock'), 'date', `echo ${stampOf(night)}`);
  host.path.unshift(stubs);
  const result = await host.run('CronJob', { PGHOST: server.folder }, 'postgresql-backup');
  host.path.shift();
  return result;
}

/** The upload alone, of files that say nothing, with what stands in for rclone: a year of the real one takes minutes. */
async function upload(night: Date) {
  const pod = host.pod('CronJob', 'postgresql-backup');
  empty();
  const start = host.start(pod.containers[0]!, pod);
  for (const suffix of ['-orders.dump', '.sha256']) {
    writeFileSync(join(root, 'backup', `postgresql-backup-${stampOf(night)}${suffix}`), 'x');
  }
  const stubs = program(
    join(root, 'stubs'),
    'rclone',
    `case $1 in
copyto) mkdir -p "$(dirname "$4")"; cp --no-clobber "$3" "$4" ;;
check) ;;
lsf) ls "$5" ;;
delete) while read -r file; do rm "$4/$file"; done < "$3" ;;
*) exit 64 ;;
esac`,
  );
  return run({ ...start, env: { ...start.env, PATH: `${stubs}:${start.env['PATH']}` } });
}

describe('a year of nightly backups', () => {
  const lasting = expected(nights);

  test('leaves exactly 7 days, 4 weeks and 3 months, on each of its days', async () => {
    const wrong: string[] = [];
    for (const [number, night] of nights.entries()) {
      const result = lasting.includes(stampOf(night)) ? await backup(night) : await upload(night);
      if (result.code) wrong.push(`${stampOf(night)}: ${result.output}`);
      const [now, wanted] = [left(), expected(nights.slice(0, number + 1))];
      if (now.join() !== wanted.join()) wrong.push(`${stampOf(night)}: ${now.join(' ')}, not ${wanted.join(' ')}`);
    }
    expect(wrong).toEqual([]);
    expect(left()).toEqual(lasting);
    expect(lasting.length).toBeGreaterThan(keep.daily + 3);
  });

  test('each of them restores to what there was in its night', async () => {
    for (const stamp of lasting) {
      empty();
      const env = { PGHOST: server.folder, PGUSER: 'postgres', STAMP: stamp };
      expect(await host.run('CronJob', env, 'postgresql-backup-restore')).toMatchObject({ code: 0 });
      expect(server.query('orders', 'SELECT stamp FROM night')).toEqual([stamp]);
    }
  });

  test('nothing goes while nothing comes: half a year later the next night still finds them', async () => {
    const before = left();
    const later = new Date(nights.at(-1)!.getTime() + 180 * day);
    await upload(later);
    // The oldest of each kind made room for it, no more.
    expect(left()).toEqual(expected([...nights, later]));
    expect(left().filter((stamp) => before.includes(stamp)).length).toBeGreaterThanOrEqual(before.length - 3);
  });

  test("an upload that was cut off goes, another store's backups stay", async () => {
    const night = new Date(nights.at(-1)!.getTime() + 200 * day);
    for (const file of [
      `postgresql-backup-${stampOf(nights[0]!)}-orders.dump`,
      `postgresql-backup-old-${stampOf(nights[0]!)}.sha256`,
      'notes.txt',
    ]) {
      writeFileSync(join(target, file), 'x');
    }
    expect(await upload(night)).toMatchObject({ code: 0 });
    const files = readdirSync(target);
    expect(files.filter((file) => file.includes(stampOf(nights[0]!)))).toEqual([
      `postgresql-backup-old-${stampOf(nights[0]!)}.sha256`,
    ]);
    expect(files).toContain('notes.txt');
  });
});
