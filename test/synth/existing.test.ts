import { describe, expect, test } from '@jest/globals';
import { unusedExisting, withoutContradicted } from '../../synth/existing.ts';
import type { Declared, KubeObject } from '../../synth/manifest.ts';

const set = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace: 'shop' },
  spec,
});
const declared = (existing: string): Declared => ({ existing, path: 'shop/mongodb', chart: 'shop', unit: 'mongodb' });

test('an entry that nothing goes by is refused, with what may be meant', () => {
  const existing = { 'shop/mongodb': { name: 'mongo' }, 'shop/mongdb': { name: 'mongo' } };
  expect(unusedExisting({ name: 'home', existing }, [declared('shop/mongodb')], [set('mongodb')])).toEqual([
    expect.objectContaining({
      rule: 'unused-existing',
      severity: 'error',
      source: { file: 'charts/environments/home.ts', line: 1 },
      message: 'no store, workload or shared folder would be called that (did you mean "shop/mongodb"?)',
    }),
  ]);
});

describe('what is committed and says otherwise than the environment', () => {
  const before = (...objects: KubeObject[]) => new Map(objects.map((object, i) => [`${i}`, { object }]));
  const left = (existing: Parameters<typeof withoutContradicted>[1], ...objects: KubeObject[]) =>
    [...withoutContradicted(before(...objects), existing).values()].map(({ object }) => object.metadata.name);

  test('was never applied, so it may be given up: under its name, and under the one that is kept', () => {
    const service: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'mongo', namespace: 'shop' } };
    expect(left({ 'shop/mongodb': { name: 'mongo' } }, set('mongodb'), service, set('other'))).toEqual(['other']);
    expect(
      left({ 'shop/mongodb': { serviceName: 'mongo' } }, set('mongodb', { serviceName: 'mongodb-headless' })),
    ).toEqual([]);
  });

  test('but what agrees with it is what runs, and is held against what is rendered', () => {
    const claims = [{ metadata: { name: 'mongo-data' } }];
    const spec = { serviceName: 'mongo', volumeClaimTemplates: claims, selector: { matchLabels: { app: 'mongo' } } };
    const kept = { name: 'mongo', serviceName: 'mongo', claim: 'mongo-data', selector: { app: 'mongo' } };
    expect(left({ 'shop/mongodb': kept }, set('mongo', spec))).toEqual(['mongo']);
    expect(left({ 'shop/mongodb': { claim: 'other' } }, set('mongodb', spec))).toEqual([]);
  });

  test('without such entries everything is', () => {
    expect(left(undefined, set('mongodb'))).toEqual(['mongodb']);
  });
});
