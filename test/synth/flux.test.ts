import { describe, expect, test } from '@jest/globals';
import { Exceptions } from '../../synth/check/exceptions.ts';
import { type Committed, fluxPlan, type HandOwned, movedObjects, type Plan } from '../../synth/flux.ts';
import type { KubeObject, Rendered } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import fc from '../property.ts';
import { fleet, object, unit } from './fleet.ts';

const FACTS = {
  name: 'test',
  flux: { interval: '10m', retryInterval: '1m' },
  repository: { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' },
} as const;
const FLUX = { kinds: ['helm.toolkit.fluxcd.io/*', 'source.toolkit.fluxcd.io/*'] };

const plan = (rendered: Rendered, hand: Partial<HandOwned> = {}, also?: string[]) =>
  fluxPlan(
    resolve(rendered, { provides: [FLUX], closed: true }),
    { ...FACTS, also },
    { hasFluxSystem: false, secretFiles: [], ...hand },
  );

// biome-ignore lint/suspicious/noExplicitAny: objects are read field by field
type Any = any;
const spec = ({ kustomizations }: Plan, name: string): Any =>
  kustomizations.find(({ metadata }) => metadata.name === name)?.spec;
const dependsOn = (plan: Plan, name: string) => spec(plan, name).dependsOn?.map((need: Any) => need.name);
const objects = ({ files }: Plan, path: string): Any[] => [...(files.get(path)?.objects ?? [])];
const guard = (of: KubeObject) => of.metadata.annotations?.['kustomize.toolkit.fluxcd.io/prune'];

const namespace = (name: string) => unit(`${name}/namespace`, [object('v1 Namespace', name)]);
const release = (id: string) =>
  object('helm.toolkit.fluxcd.io/v2 HelmRelease', id, { spec: { chart: {}, interval: '1h' } });
const deployment = (id: string, pod: object = { containers: [] }, extra: object = {}) =>
  object('apps/v1 Deployment', id, { spec: { template: { spec: pod } }, ...extra });
const monitor = (id: string) => object('monitoring.coreos.com/v1 ServiceMonitor', id, { spec: {} });
const store = (id: string) => object('apps/v1 StatefulSet', id, { spec: { replicas: 3, volumeClaimTemplates: [{}] } });
const MONITORING = { provides: { kinds: ['monitoring.coreos.com/*'] } };

describe('files and folders', () => {
  const shop = fleet(namespace('shop'), unit('shop/api', [deployment('shop/api'), object('v1 ConfigMap', 'shop/api')]));

  test('one Kustomization per folder, its list, and the roots', () => {
    const result = plan(shop);
    expect([...result.files.keys()].sort()).toEqual([
      'apps.yaml',
      'infrastructure.yaml',
      'kustomization.yaml',
      'namespaces/kustomization.yaml',
      'namespaces/shop.yaml',
      'shop/api.yaml',
      'shop/kustomization.yaml',
    ]);
    expect(objects(result, 'apps.yaml')).toEqual([
      {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name: 'shop', namespace: 'flux-system' },
        spec: {
          dependsOn: [{ name: 'namespaces' }],
          interval: '10m',
          path: './clusters/test/shop',
          prune: true,
          retryInterval: '1m',
          sourceRef: { kind: 'GitRepository', name: 'flux-system' },
          timeout: '2m',
        },
      },
    ]);
    expect(objects(result, 'shop/kustomization.yaml')).toEqual([
      { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: ['api.yaml'] },
    ]);
    expect(result.files.get('shop/api.yaml')).toMatchObject({ source: 'charts/shop/index.ts' });
    expect(result.files.get('shop/api.yaml')?.manifests?.map(({ path }) => path)).toEqual(['shop/api/1', 'shop/api/0']);
    expect(result.findings).toEqual([]);
  });

  test('the root lists flux-system only once it is there, and what is hand-owned', () => {
    const root = (hand: Partial<HandOwned>, also?: string[]) =>
      objects(plan(shop, hand, also), 'kustomization.yaml')[0].resources;
    expect(root({})).toEqual(['infrastructure.yaml', 'apps.yaml']);
    expect(root({ hasFluxSystem: true }, ['extra/'])).toEqual([
      'flux-system',
      'infrastructure.yaml',
      'apps.yaml',
      'extra/',
    ]);
    expect(objects(plan(unitOnly('platform')), 'kustomization.yaml')[0].resources).toEqual(['infrastructure.yaml']);
  });

  const unitOnly = (chart: string) =>
    unit(`${chart}/rules`, [object('v1 ConfigMap', 'kube-system/a')], { platform: true });

  test('same objects in another order, same plan', () => {
    const reversed = { manifests: shop.manifests.toReversed(), declared: shop.declared.toReversed() };
    const text = ({ files, kustomizations }: Plan) =>
      JSON.stringify([[...files].map(([path, { objects }]) => [path, objects]).sort(), kustomizations]);
    expect(text(plan(reversed))).toBe(text(plan(shop)));
  });
});

describe('order', () => {
  test('custom resources after the release that brings their kind, which is awaited', () => {
    const result = plan(
      fleet(
        namespace('monitoring'),
        namespace('shop'),
        unit('monitoring/stack', [release('monitoring/stack')], MONITORING),
        unit('shop/api', [deployment('shop/api'), monitor('shop/api')]),
      ),
    );
    expect(dependsOn(result, 'shop')).toEqual(['monitoring-controllers']);
    expect(dependsOn(result, 'monitoring-controllers')).toEqual(['namespaces']);
    expect(spec(result, 'monitoring-controllers')).toMatchObject({
      healthChecks: [
        { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'stack', namespace: 'monitoring' },
      ],
      timeout: '5m',
    });
    expect(spec(result, 'monitoring-controllers')).not.toHaveProperty('healthCheckExprs');
    expect(spec(result, 'namespaces')).not.toHaveProperty('healthChecks');
  });

  test('a kind that the cluster brings asks for nothing', () => {
    const rendered = unit('shop/api', [monitor('shop/api')]);
    const index = resolve(rendered, { provides: [MONITORING.provides], closed: true });
    const result = fluxPlan(index, FACTS, { hasFluxSystem: false, secretFiles: [] });
    expect(dependsOn(result, 'shop')).toBeUndefined();
  });

  test('operator and custom resource in one chart are two Kustomizations', () => {
    const result = plan(
      fleet(
        unit('kafka/operator', [release('kafka/strimzi')], { provides: { kinds: ['kafka.strimzi.io/*'] } }),
        unit('kafka/events', [object('kafka.strimzi.io/v1 Kafka', 'kafka/events')]),
      ),
    );
    expect(dependsOn(result, 'kafka')).toEqual(['kafka-controllers']);
    expect(result.findings).toEqual([]);
  });

  test('one unit may hold both: its release goes ahead', () => {
    const both = [release('cert-manager/cert-manager'), object('cert-manager.io/v1 ClusterIssuer', 'letsencrypt')];
    const result = plan(
      unit('certificates/manager', both, { platform: true, provides: { kinds: ['cert-manager.io/*'] } }),
    );
    expect(dependsOn(result, 'certificates')).toEqual(['certificates-controllers']);
  });

  test('a used store is awaited while it serves, not until every replica is back', () => {
    const result = plan(
      fleet(
        unit('stores/redis', [store('stores/redis'), object('v1 Service', 'stores/redis')], { layer: 'stores' }),
        unit('shop/api', [deployment('shop/api')], { uses: ['stores/redis'] }),
      ),
    );
    expect(dependsOn(result, 'shop')).toEqual(['stores-stores']);
    expect(spec(result, 'stores-stores').healthChecks).toEqual([
      { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis', namespace: 'stores' },
    ]);
    expect(spec(result, 'stores-stores').healthCheckExprs).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        current: 'has(status.readyReplicas) && status.readyReplicas * 2 > spec.replicas',
      },
    ]);
  });

  test('references that start needs, and no others', () => {
    const secret = object('external-secrets.io/v1 ExternalSecret', 'shop/db', {
      spec: { data: [{ secretKey: 'url' }] },
    });
    const env = (name: string, optional = false) => [
      { name: 'URL', valueFrom: { secretKeyRef: { name, key: 'url', optional } } },
    ];
    const pod = (...args: Parameters<typeof env>) => ({
      containers: [{ name: 'api', image: 'a:1', env: env(...args) }],
    });
    const ingress = object('networking.k8s.io/v1 Ingress', 'shop/web', {
      spec: { defaultBackend: { service: { name: 'api', port: { number: 80 } } } },
    });
    const result = plan(
      fleet(
        unit('credentials/db', [secret]),
        unit('needing/api', [deployment('shop/api', pod('db'))]),
        unit('lenient/api', [deployment('shop/lenient', pod('db', true))]),
        unit('routes/web', [ingress]),
        unit('services/api', [object('v1 Service', 'shop/api', { spec: { ports: [{ port: 80 }] } })]),
      ),
    );
    expect(dependsOn(result, 'needing')).toEqual(['credentials']);
    expect(dependsOn(result, 'lenient')).toBeUndefined();
    expect(dependsOn(result, 'routes')).toBeUndefined();
    expect(spec(result, 'credentials')).not.toHaveProperty('healthChecks');
  });

  test('only what nothing else brings is listed', () => {
    const result = plan(
      fleet(
        namespace('all'),
        unit('monitoring/stack', [release('all/stack')], MONITORING),
        unit('stores/redis', [store('all/redis'), monitor('all/redis')], { layer: 'stores' }),
        unit('shop/api', [deployment('all/api'), monitor('all/api')], { uses: ['stores/redis'] }),
      ),
    );
    expect(dependsOn(result, 'shop')).toEqual(['stores-stores']);
    expect(result.kustomizations.map(({ metadata }) => metadata.name)).toEqual([
      'namespaces',
      'monitoring-controllers',
      'stores-stores',
      'shop',
    ]);
  });

  test('releases of one folder follow each other in helm-controller', () => {
    const result = plan(
      fleet(
        unit('mesh/crds', [release('linkerd/crds')], { provides: { kinds: ['policy.linkerd.io/*'] } }),
        unit('mesh/control-plane', [release('linkerd/control-plane')], { uses: ['mesh/crds'] }),
      ),
    );
    const [controlPlane] = objects(result, 'mesh-controllers/control-plane.yaml');
    expect(controlPlane.spec).toEqual({
      chart: {},
      dependsOn: [{ name: 'crds', namespace: 'linkerd' }],
      interval: '1h',
    });
    expect(Object.keys(controlPlane.spec)).toEqual(['chart', 'dependsOn', 'interval']);
    expect(objects(result, 'mesh-controllers/crds.yaml')[0].spec).not.toHaveProperty('dependsOn');
  });
});

describe('circles', () => {
  // MinIO is watched by a ServiceMonitor; Loki, of the stack that brings that kind, keeps its logs in MinIO.
  const minio = unit('stores/minio', [store('stores/minio'), monitor('stores/minio')], { layer: 'stores' });
  const loki = unit('monitoring/loki', [release('monitoring/loki')], { uses: ['stores/minio'] });

  test("a store needs a monitor's kind while the monitor's stack needs a store: told, with both objects", () => {
    const { findings } = plan(fleet(minio, loki, unit('monitoring/stack', [release('monitoring/stack')], MONITORING)));
    expect(findings).toEqual([
      {
        rule: 'circular-order',
        severity: 'error',
        object: 'Flux Kustomization monitoring-controllers',
        source: { file: 'charts/stores/index.ts', line: 1 },
        message: [
          'monitoring-controllers -> stores-stores -> monitoring-controllers: none of them would ever be applied',
          '  monitoring-controllers -> stores-stores: HelmRelease monitoring/loki needs StatefulSet stores/minio, which it uses',
          '  stores-stores -> monitoring-controllers: ServiceMonitor stores/minio needs HelmRelease monitoring/stack, which brings its kind',
        ].join('\n'),
        fix: 'install the CustomResourceDefinitions of HelmRelease monitoring/stack from a chart of their own, which needs nothing of stores-stores',
      },
    ]);
  });

  test('and works with the kinds in a chart of their own', () => {
    const result = plan(
      fleet(
        minio,
        loki,
        unit('monitoring/stack', [release('monitoring/stack')], { uses: ['monitoring-kinds/crds'] }),
        unit('monitoring-kinds/crds', [release('monitoring/crds')], MONITORING),
      ),
    );
    expect(result.findings).toEqual([]);
    expect(dependsOn(result, 'stores-stores')).toEqual(['monitoring-kinds-controllers']);
    expect(dependsOn(result, 'monitoring-controllers')).toEqual(['stores-stores']);
  });

  test('units that use each other', () => {
    const [finding, ...more] = plan(
      fleet(
        unit('shop/api', [deployment('shop/api')], { uses: ['billing/api'] }),
        unit('billing/api', [deployment('billing/api')], { uses: ['shop/api/deployment'] }),
      ),
    ).findings;
    expect(finding).toMatchObject({
      rule: 'circular-uses',
      object: 'shop/api',
      message: 'shop/api uses billing/api uses shop/api: each would wait for the other',
      source: { file: 'charts/shop/index.ts', line: 1 },
    });
    expect(more).toEqual([]);
  });

  test('releases of one folder, one by a use and one by a Secret', () => {
    const reads = object('helm.toolkit.fluxcd.io/v2 HelmRelease', 'a/x', {
      spec: { valuesFrom: [{ kind: 'Secret', name: 'made-by-y', valuesKey: 'values.yaml' }] },
    });
    const secret = { kind: 'Secret', namespace: 'a', name: 'made-by-y' };
    const { findings } = plan(
      fleet(unit('a/x', [reads]), unit('a/y', [release('a/y')], { uses: ['a/x'], provides: { objects: [secret] } })),
    );
    expect(findings).toMatchObject([
      {
        rule: 'circular-order',
        message: 'HelmRelease a/x -> HelmRelease a/y -> HelmRelease a/x: none of them would ever be installed',
      },
    ]);
  });

  test('a custom resource forced beside the release that brings its kind', () => {
    const { findings } = plan(
      unit('kafka/all', [release('kafka/strimzi'), object('kafka.strimzi.io/v1 Kafka', 'kafka/events')], {
        layer: 'stores',
        provides: { kinds: ['kafka.strimzi.io/*'] },
      }),
    );
    expect(findings).toMatchObject([
      {
        rule: 'circular-order',
        object: 'Flux Kustomization kafka-stores',
        message: expect.stringContaining('Kafka kafka/events needs HelmRelease kafka/strimzi'),
      },
    ]);
  });

  test('a definition may stand beside its objects: Flux applies it first', () => {
    const crd = object('apiextensions.k8s.io/v1 CustomResourceDefinition', 'ants.example.org', {
      spec: { group: 'example.org', names: { kind: 'Ant' } },
    });
    expect(plan(unit('a/x', [crd, object('example.org/v1 Ant', 'a/a')], { layer: 'apps' })).findings).toEqual([]);
  });
});

test('any fleet: either a circle is told, or each Kustomization comes after everything its objects use', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const units = fc.uniqueArray(
    fc.record({
      path: fc.tuple(name, name).map((parts) => parts.join('/')),
      layer: fc.constantFrom('stores', 'controllers', 'apps', undefined),
      uses: fc.array(
        fc.tuple(name, name).map((parts) => parts.join('/')),
        { maxLength: 2 },
      ),
      watched: fc.boolean(),
      installs: fc.boolean(),
    }),
    { selector: ({ path }) => path, maxLength: 8 },
  );
  fc.assert(
    fc.property(units, (units) => {
      const rendered = fleet(
        ...units.map(({ path, layer, uses, watched, installs }) => {
          const id = `all/${path.replace('/', '-')}`;
          const objects = [deployment(id), ...(watched ? [monitor(id)] : []), ...(installs ? [release(id)] : [])];
          return unit(path, objects, { layer, uses, ...(installs ? MONITORING : {}) });
        }),
      );
      const result = plan(rendered);
      const written = [...result.files].flatMap(([path, { manifests = [] }]) =>
        manifests.map((manifest) => [manifest, path.split('/')[0]!] as const),
      );
      expect(new Set(written.map(([manifest]) => manifest))).toEqual(new Set(rendered.manifests));
      expect(written).toHaveLength(rendered.manifests.length);
      if (result.findings.length) {
        expect(result.findings.every(({ rule }) => rule.startsWith('circular-'))).toBe(true);
        return;
      }
      const before = new Map<string, Set<string>>();
      for (const { metadata } of result.kustomizations) {
        const needs: string[] = dependsOn(result, metadata.name) ?? [];
        expect(needs.every((need) => before.has(need))).toBe(true);
        before.set(metadata.name, new Set([metadata.name, ...needs.flatMap((need) => [...before.get(need)!])]));
      }
      const foldersOf = (path: string) =>
        written.flatMap(([manifest, folder]) => (manifest.path.startsWith(`${path}/`) ? [folder] : []));
      for (const { path, uses } of units) {
        for (const folder of foldersOf(path)) {
          for (const used of uses.flatMap(foldersOf)) expect(before.get(folder)).toContain(used);
        }
      }
    }),
    { numRuns: 300 },
  );
});

describe('secrets', () => {
  const controller = unit('sealing/controller', [release('kube-system/sealed-secrets')], {
    provides: { kinds: ['bitnami.com/SealedSecret'] },
  });
  const api = fleet(
    namespace('shop'),
    controller,
    unit('shop/database', [], { sealed: { namespace: 'shop', name: 'db', keys: ['url'] } }),
    unit('shop/api', [deployment('shop/api')], { uses: ['shop/database'] }),
  );

  test('no Kustomization while the folder has no YAML', () => {
    const result = plan(api);
    expect(spec(result, 'secrets')).toBeUndefined();
    expect(dependsOn(result, 'shop')).toEqual(['namespaces']);
  });

  test('filled: after the controller, before what reads them, each waited for', () => {
    const result = plan(api, { secretFiles: ['secrets/shop.db.yaml'] });
    expect(dependsOn(result, 'secrets')).toEqual(['namespaces', 'sealing-controllers']);
    expect(dependsOn(result, 'shop')).toEqual(['secrets']);
    expect(spec(result, 'secrets')).toMatchObject({
      path: './clusters/test/secrets',
      wait: true,
      healthCheckExprs: [{ kind: 'SealedSecret' }],
    });
    expect(spec(result, 'sealing-controllers').healthChecks).toMatchObject([{ name: 'sealed-secrets' }]);
    expect(result.kustomizations.map(({ metadata }) => metadata.name)).toEqual([
      'namespaces',
      'sealing-controllers',
      'secrets',
      'shop',
    ]);
    expect(objects(result, 'infrastructure.yaml').map(({ metadata }) => metadata.name)).toContain('secrets');
    expect([...result.files.keys()].filter((path) => path.startsWith('secrets/'))).toEqual([]);
  });

  test('a chart may not take the folder', () => {
    expect(plan(unit('secrets/x', [object('v1 ConfigMap', 'a/a')])).findings).toMatchObject([
      { rule: 'folder-name', object: 'folder secrets' },
    ]);
  });
});

describe('prune guards', () => {
  const generated = { spec: { dataFrom: [{ sourceRef: { generatorRef: { kind: 'Password', name: 'p' } } }] } };
  test.each([
    ['v1 Namespace', 'a', {}],
    ['v1 PersistentVolumeClaim', 'a/a', {}],
    ['apiextensions.k8s.io/v1 CustomResourceDefinition', 'a', {}],
    ['apps/v1 StatefulSet', 'a/a', { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } }],
    ['external-secrets.io/v1 ExternalSecret', 'a/a', generated],
    ['rabbitmq.com/v1beta1 RabbitmqCluster', 'a/a', {}],
  ])('%s', (type, id, rest) => {
    const [guarded] = [...plan(unit('chart/unit', [object(type, id, rest)])).files.values()].flatMap(
      ({ objects }) => objects,
    );
    expect(guard(guarded!)).toBe('disabled');
  });

  test.each([
    ['apps/v1 StatefulSet', { spec: {} }],
    ['external-secrets.io/v1 ExternalSecret', { spec: { data: [] } }],
    ['apps/v1 Deployment', {}],
    ['helm.toolkit.fluxcd.io/v2 HelmRelease', {}],
  ])('not for %s with %j', (type, rest) => {
    const [free] = [...plan(unit('chart/unit', [object(type, 'a/a', rest)])).files.values()].flatMap(
      ({ objects }) => objects,
    );
    expect(guard(free!)).toBeUndefined();
  });

  test('a release that brings kinds: uninstalled, it would take every object of them along', () => {
    const rendered = unit('monitoring/stack', [release('monitoring/stack')], MONITORING);
    const [written] = objects(plan(rendered), 'monitoring-controllers/stack.yaml');
    expect(guard(written)).toBe('disabled');
    expect(guard(rendered.manifests[0]!.object)).toBeUndefined();
  });

  test('whatever is below a construct that asks for it', () => {
    const result = plan(fleet(unit('a/x', [deployment('a/x')], { guard: true }), unit('a/xy', [deployment('a/xy')])));
    expect([...objects(result, 'a/x.yaml'), ...objects(result, 'a/xy.yaml')].map(guard)).toEqual([
      'disabled',
      undefined,
    ]);
  });

  test('other annotations stay, in order', () => {
    const claim = object('v1 PersistentVolumeClaim', 'a/a', { annotations: { a: '1', z: '2' }, labels: { b: '3' } });
    const [written] = objects(plan(unit('chart/unit', [claim])), 'chart/unit.yaml');
    expect(JSON.stringify(written.metadata)).toBe(
      '{"annotations":{"a":"1","kustomize.toolkit.fluxcd.io/prune":"disabled","z":"2"},"labels":{"b":"3"},"name":"a","namespace":"a"}',
    );
  });
});

describe('moves', () => {
  const api = unit('shop/api', [deployment('shop/api'), object('v1 Service', 'shop/api')]);
  const stood =
    (folder: string, guarded = false): Committed =>
    (id) =>
      id.includes('shop/api') ? { folder, guarded } : undefined;

  test('to another Kustomization: refused once per unit, with the steps', () => {
    expect(movedObjects(plan(api), stood('market'))).toEqual([
      {
        rule: 'moved-object',
        severity: 'error',
        object: 'Deployment shop/api and 1 more',
        source: { file: 'charts/shop/index.ts', line: 1 },
        message:
          'would move from Flux Kustomization market to shop, and the old one deletes before the new one creates: Deployment shop/api, Service shop/api',
        fix: 'in three pushes, waiting for Flux after each: where it stands, declare(unit, { guard: true }); move it, guard and all; take the guard away',
      },
    ]);
  });

  test('accepted for all that moves: mentioned, and for a part of it: refused', () => {
    const accepted = (path: string) =>
      movedObjects(
        plan(api),
        stood('market'),
        new Exceptions([
          { path, chart: 'shop', unit: 'api', allow: { rule: 'moved-object', reason: 'may be away for a moment' } },
        ]),
      );
    expect(accepted('shop/api')).toMatchObject([{ severity: 'info', fix: 'accepted: may be away for a moment' }]);
    expect(accepted('shop/api/0')).toMatchObject([{ severity: 'error' }]);
  });

  test('guarded where it stands, or not moved at all: free', () => {
    expect(movedObjects(plan(api), stood('market', true))).toEqual([]);
    expect(movedObjects(plan(api), stood('shop'))).toEqual([]);
  });
});

describe('names', () => {
  const config = [object('v1 ConfigMap', 'a/a')];
  test.each([
    ['Shop/api', 'folder-name', 'folder Shop'],
    [`${'x'.repeat(64)}/api`, 'folder-name', `folder ${'x'.repeat(64)}`],
    ['flux-system/api', 'folder-name', 'folder flux-system'],
    ['shop/kustomization', 'unit-name', 'ConfigMap a/a'],
    ['shop/Kustomization', 'unit-name', 'ConfigMap a/a'],
  ])('%s is refused', (path, rule, subject) => {
    expect(plan(unit(path, config)).findings).toMatchObject([{ rule, object: subject }]);
  });

  test('two units that differ in upper and lower case alone are refused: on some disks they are one file', () => {
    const other = unit('shop/Api', [object('v1 ConfigMap', 'a/b')]);
    expect(plan(fleet(unit('shop/api', config), other)).findings).toMatchObject([
      { rule: 'unit-name', message: expect.stringContaining('Api, and api would be one file of folder shop') },
    ]);
  });

  test('two charts in one folder', () => {
    const stores = unit('shop/redis', [store('a/redis')], { layer: 'stores' });
    expect(plan(fleet(stores, unit('shop-stores/x', config))).findings).toMatchObject([
      { rule: 'folder-name', message: expect.stringContaining('shop and shop-stores') },
    ]);
  });
});

describe('jobs with own images', () => {
  const image = { policy: 'flux-system:api', repository: 'ghcr.io/shop/api', tag: '1.0.0' };
  const pod = (image: string) => ({ template: { spec: { containers: [{ name: 'run', image }] } } });
  const rulesOf = (job: KubeObject) =>
    plan(fleet(unit('shop/job', [job]), unit('shop/api', [], { image }))).findings.map(({ rule }) => rule);

  test('need force, or the new tag blocks the whole Kustomization', () => {
    expect(rulesOf(object('batch/v1 Job', 'shop/migrate', { spec: pod('ghcr.io/shop/api:1.0.0') }))).toEqual([
      'job-image-needs-force',
    ]);
  });

  test.each([
    [
      'forced',
      object('batch/v1 Job', 'shop/j', {
        annotations: { 'kustomize.toolkit.fluxcd.io/force': 'Enabled' },
        spec: pod('ghcr.io/shop/api:1.0.0'),
      }),
    ],
    ['not ours', object('batch/v1 Job', 'shop/j', { spec: pod('postgres:17') })],
    [
      'a CronJob',
      object('batch/v1 CronJob', 'shop/j', { spec: { jobTemplate: { spec: pod('ghcr.io/shop/api:1.0.0') } } }),
    ],
  ])('%s: fine', (_, job) => {
    expect(rulesOf(job)).toEqual([]);
  });
});
