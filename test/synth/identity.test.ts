import { describe, expect, test } from '@jest/globals';
import { Exceptions } from '../../synth/check/exceptions.ts';
import { fluxPlan, goneKustomizations, lapsed, type Removal, renamedObjects } from '../../synth/flux.ts';
import { idOf, type KubeObject, type Rendered } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import { fleet, object, unit } from './fleet.ts';

const plan = (rendered: Rendered) =>
  fluxPlan(
    resolve(rendered, { provides: [], closed: true }),
    {
      name: 'test',
      flux: { interval: '10m', retryInterval: '1m' },
      repository: { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' },
    },
    { hasFluxSystem: false, secretFiles: [] },
  );
const committed = (...objects: KubeObject[]) => new Map(objects.map((each) => [idOf(each), { object: each }]));

const workload = (kind: 'Deployment' | 'StatefulSet', name: string, image: string) =>
  object(`apps/v1 ${kind}`, `shop/${name}`, {
    labels: { app: name },
    spec: {
      selector: { matchLabels: { app: name } },
      ...(kind === 'StatefulSet' ? { serviceName: name, volumeClaimTemplates: [{ metadata: { name: 'data' } }] } : {}),
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }] }] },
      },
    },
  });
const service = (name: string) =>
  object('v1 Service', `shop/${name}`, { spec: { selector: { app: name }, ports: [{ port: 80 }] } });

describe('a new name', () => {
  test('for a store is refused, with both ways out', () => {
    const rendered = plan(unit('shop/pg', [workload('StatefulSet', 'pg', 'postgres:16'), service('pg')]));
    expect(
      renamedObjects(rendered, committed(workload('StatefulSet', 'postgresql', 'postgres:16'), service('postgresql'))),
    ).toEqual([
      {
        rule: 'renamed-object',
        severity: 'error',
        object: 'apps/v1 StatefulSet shop/pg',
        source: { file: 'charts/shop/index.ts', line: 1 },
        message:
          'is committed as StatefulSet shop/postgresql: under the new name it starts empty, and its data stays behind under the old one',
        fix: "keep the name, identity: 'postgresql' at pg; or migrate: 1. render the new one beside it, and push; 2. stop what writes, back up, restore into the new one; 3. point its users at the new one; 4. take the old one away",
      },
    ]);
  });

  test('for a service is refused, whatever its tag; accepted, it is mentioned', () => {
    const rendered = plan(unit('shop/web', [workload('Deployment', 'web', 'shop/api:2')]));
    const before = committed(workload('Deployment', 'api', 'shop/api:1'));
    expect(renamedObjects(rendered, before)).toMatchObject([
      { severity: 'error', fix: expect.stringContaining("identity: 'api' at web") },
    ]);
    const allow = new Exceptions([
      { path: 'shop/web', chart: 'shop', unit: 'web', allow: { rule: 'renamed-object', reason: 'nobody calls it' } },
    ]);
    expect(renamedObjects(rendered, before, allow)).toMatchObject([
      { severity: 'info', fix: 'accepted: nobody calls it' },
    ]);
  });

  test('is no matter for another program of the same shape, nor beside the old one', () => {
    const api = workload('Deployment', 'api', 'shop/api:1');
    expect(
      renamedObjects(plan(unit('shop/web', [workload('Deployment', 'web', 'shop/web:1')])), committed(api)),
    ).toEqual([]);
    const both = fleet(unit('shop/api', [api]), unit('shop/web', [workload('Deployment', 'web', 'shop/api:1')]));
    expect(renamedObjects(plan(both), committed(api))).toEqual([]);
  });
});

describe('a Flux Kustomization with data behind it', () => {
  const shop = plan(unit('shop/api', [workload('Deployment', 'api', 'shop/api:1')]));
  const kustomization = object('kustomize.toolkit.fluxcd.io/v1 Kustomization', 'flux-system/shop-stores');
  const stands = {
    kustomizations: [kustomization],
    objects: [{ object: workload('StatefulSet', 'postgresql', 'postgres:16'), folder: 'shop-stores' }],
  };
  const removal: Removal = {
    kustomization: 'shop-stores',
    reason: 'moved to the managed database',
    until: '2026-12-31',
  };

  test('does not go unless the environment says so', () => {
    const { findings, needed } = goneKustomizations(shop, { name: 'test' }, stands);
    expect(needed).toEqual([]);
    expect(findings).toMatchObject([
      {
        rule: 'removed-kustomization',
        severity: 'error',
        object: 'Kustomization flux-system/shop-stores',
        message: 'would go, or change its name, with StatefulSet shop/postgresql behind it',
        fix: expect.stringContaining("declare(chart, { identity: 'shop' })"),
      },
    ]);
  });

  test('goes where it was acknowledged, until that day and no longer', () => {
    const { findings, needed } = goneKustomizations(shop, { name: 'test', removals: [removal] }, stands);
    expect(findings).toMatchObject([
      { severity: 'info', fix: 'accepted until 2026-12-31: moved to the managed database' },
    ]);
    expect(needed).toEqual([removal]);
    expect(lapsed(needed, '2026-12-31', 'test')).toEqual([]);
    expect(lapsed(needed, '2027-01-01', 'test')).toMatchObject([
      {
        rule: 'lapsed-removal',
        severity: 'error',
        message: 'was acknowledged until 2026-12-31 (moved to the managed database), and today is 2027-01-01',
      },
    ]);
  });

  test('goes freely where nothing of it holds data', () => {
    const objects = [{ object: workload('Deployment', 'api', 'shop/api:1'), folder: 'shop-stores' }];
    expect(goneKustomizations(shop, { name: 'test' }, { ...stands, objects }).findings).toEqual([]);
    expect(goneKustomizations(shop, { name: 'test' }, { kustomizations: [], objects: [] }).findings).toEqual([]);
  });

  test('an acknowledgement that covers nothing is worth a warning, and one without a day is refused', () => {
    const nothing = { kustomizations: [], objects: [] };
    expect(goneKustomizations(shop, { name: 'test', removals: [removal] }, nothing).findings).toMatchObject([
      { rule: 'unused-removal', severity: 'warning' },
    ]);
    for (const until of ['soon', '2026-02-30', '31.12.2026']) {
      expect(
        goneKustomizations(shop, { name: 'test', removals: [{ ...removal, until }] }, stands).findings,
      ).toContainEqual(expect.objectContaining({ rule: 'removal-date', severity: 'error' }));
    }
  });
});
