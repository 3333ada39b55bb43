import { expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { OwnImages } from '../../constructs/images.ts';
import { MigrationJob, type MigrationJobProps } from '../../constructs/migration-job.ts';
import { Workload } from '../../constructs/workload.ts';
import { render } from './render.ts';

type Changes = Partial<Pick<MigrationJobProps, 'indexes' | 'deadlineMinutes'>>;

const migration = (changes: Changes = {}) =>
  render((chart) => {
    const release = new OwnImages(chart, 'images').own('shop', 'v1.2.0');
    const job = new MigrationJob(chart, 'migration', {
      database: [new Credential(chart, 'database', { keys: { DATABASE_URL: 'given' } })],
      release,
      schema: '/app/schema.sql',
      client: 'postgres:15.18',
      ...changes,
    });
    new Workload(chart, 'shop', { image: release, size: 'small', uses: [job] });
  });

test('is made anew when its template changes, and stays when it is done', () => {
  const { find, problems } = migration();
  expect(problems).toEqual([]);
  const { metadata, spec } = find('Job', 'migration');
  expect(metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/force': 'Enabled' });
  expect(spec).not.toHaveProperty('ttlSecondsAfterFinished');
  expect(spec).toMatchObject({ backoffLimit: 3, activeDeadlineSeconds: 1800 });
});

test("takes the schema out of the release's image, and psql out of its own", () => {
  const { initContainers, containers, imagePullSecrets } = migration().find('Job', 'migration').spec.template.spec;
  expect(initContainers).toMatchObject([
    { image: 'registry.test/team/shop:v1.2.0', command: ['sh', '-c', 'cp /app/schema.sql "$SCHEMA"'] },
  ]);
  expect(containers).toMatchObject([{ image: 'postgres:15.18', command: ['bash', '/scripts/migrate.sh'] }]);
  expect(imagePullSecrets).toEqual([{ name: 'registry' }]);
});

test('comes before what uses it, in a layer of its own', () => {
  const { relations } = migration();
  expect(relations).toContainEqual(expect.objectContaining({ layer: 'stores' }));
  expect(relations).toContainEqual({ uses: expect.arrayContaining(['shop/migration']) });
});

test('builds indexes outside of the transaction', () => {
  const full: Required<Changes> = {
    indexes: [{ name: 'idx_paid', on: "orders (paid_at) WHERE state = 'paid'" }],
    deadlineMinutes: 5,
  };
  const { find, problems } = migration(full);
  expect(problems).toEqual([]);
  const sql: string = find('ConfigMap', 'migration-files').data['scripts_migrate.sql'];
  expect(sql.slice(sql.lastIndexOf('COMMIT'))).toContain(
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_paid ON orders (paid_at) WHERE state = 'paid';",
  );
  expect(find('Job', 'migration').spec.activeDeadlineSeconds).toBe(300);
});

test('refuses indexes that would not be built', () => {
  const index = { name: 'idx_a', on: 'orders (a)' };
  expect(migration({ indexes: [index, index, { name: 'idx a', on: 'orders (a)' }] }).problems).toEqual([
    expect.stringContaining('idx_a is there twice'),
    expect.stringContaining('"idx a" is no plain name'),
  ]);
});
