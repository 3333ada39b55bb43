// The order, waits and guards that synth derives, on the real kustomize-controller: hand-made charts, real pushes.

import { createPublicKey } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emitFile, toYaml } from '../../synth/emit.ts';
import { type Committed, fluxPlan, isGuarded, movedObjects, type Plan } from '../../synth/flux.ts';
import { idOf, type KubeObject, type Rendered } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import { sealedPath, sealSecret } from '../../synth/seal.ts';
import { fleet, object, unit } from '../synth/fleet.ts';
import { type Bed, startBed } from './bed.ts';
import { waitFor } from './client.ts';
import {
  bootstrap,
  createRepository,
  fluxReady,
  fluxRefuses,
  orderViolations,
  type Repository,
  reconcile,
} from './gitops.ts';

const CLUSTER = 'clusters/test';
const FLUX_KINDS = ['source', 'kustomize', 'helm'].map((part) => `${part}.toolkit.fluxcd.io/*`);

let bed: Bed;
let repository: Repository;

/** Two nodes: of three replicas that shun each other, one finds no place. */
const nodes = ['one', 'two'].map((name) => ({ name, cpu: 8, memory: '8Gi' }));

beforeAll(async () => {
  bed = await startBed({ nodes, crds: ['flux', 'sealed-secrets'], sealedSecrets: true });
  repository = await createRepository(bed);
  await bootstrap(bed, repository, CLUSTER);
});

afterAll(async () => {
  await bed?.stop();
});

const planOf = (rendered: Rendered, hand: { bootstrapped?: boolean; secrets?: readonly string[] } = {}): Plan =>
  fluxPlan(
    resolve(rendered, { provides: [{ kinds: FLUX_KINDS }], closed: true }),
    {
      name: 'test',
      flux: { interval: '10m', retryInterval: '5s' },
      repository: { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' },
    },
    { hasFluxSystem: hand.bootstrapped ?? false, secretFiles: hand.secrets ?? [] },
  );

/** What the next synth reads of the files of this one. */
function committedBy({ files }: Plan): Committed {
  const places = [...files].flatMap(([path, { objects, manifests }]) =>
    manifests
      ? objects.map((object) => [idOf(object), { folder: dirname(path), guarded: isGuarded(object) }] as const)
      : [],
  );
  const byId = new Map(places);
  return (id) => byId.get(id);
}

/** Makes the repository's cluster folder what the plan says, plus hand-owned files, and has Flux look. Answers the commit. */
async function push(
  to: Repository,
  on: Bed,
  { files }: Plan,
  byHand: Readonly<Record<string, string>> = {},
): Promise<string> {
  const tree = join(on.dir, 'tree');
  await rm(tree, { recursive: true, force: true });
  const texts = [...files].map(([path, file]): [string, string] => [
    path,
    emitFile({ source: 'test', ...file, path: `test/${path}` }),
  ]);
  for (const [path, text] of [...texts, ...Object.entries(byHand)]) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  const commit = await to.pushTree(tree, CLUSTER);
  await reconcile(on);
  return commit;
}

/** Seconds, less than the two minutes that a Kustomization waits: what is Ready by then has waited for nothing in vain. */
const PATIENCE = 90;

async function bringUp(plan: Plan, byHand?: Readonly<Record<string, string>>) {
  expect(plan.findings).toEqual([]);
  const start = performance.now();
  const ready = await fluxReady(bed, await push(repository, bed, plan, byHand), PATIENCE);
  return { ready, seconds: (performance.now() - start) / 1000 };
}

const namespace = (name: string) => unit(`${name}/namespace`, [object('v1 Namespace', name)]);
const config = (id: string, rest: Readonly<Record<string, unknown>> = {}) => object('v1 ConfigMap', id, rest);
const pods = (app: string, pod: object = {}) => ({
  selector: { matchLabels: { app } },
  template: {
    metadata: { labels: { app } },
    spec: { containers: [{ name: app, image: 'registry.example/app:1.0.0' }], ...pod },
  },
});
const deployment = (id: string, pod?: object) =>
  object('apps/v1 Deployment', id, { spec: { replicas: 1, ...pods(id.split('/')[1]!, pod) } });
const store = (id: string, pod?: object, rest: object = {}) =>
  object('apps/v1 StatefulSet', id, {
    spec: {
      replicas: 3,
      serviceName: id.split('/')[1],
      podManagementPolicy: 'Parallel',
      ...pods(id.split('/')[1]!, pod),
      ...rest,
    },
  });
const apart = (app: string) => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
});
const NOWHERE = { nodeSelector: { disktype: 'none-has-it' } };

const uid = async (kind: string, id: string) => {
  const [namespace, name] = id.split('/') as [string, string];
  return (await bed.get(kind, namespace, name))?.['metadata'].uid as string | undefined;
};

/** Brings a kind as a vendor's folder does: a Flux Kustomization over it. */
const definition = (group: string) =>
  object('apiextensions.k8s.io/v1 CustomResourceDefinition', `watches.${group}`, {
    spec: {
      group,
      names: { kind: 'Watch', plural: 'watches' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
const installer = (name: string) =>
  object('kustomize.toolkit.fluxcd.io/v1 Kustomization', `flux-system/${name}`, {
    spec: {
      interval: '10m',
      path: `./vendor/${name}`,
      prune: true,
      sourceRef: { kind: 'GitRepository', name: 'flux-system' },
      timeout: '1m',
      wait: true,
    },
  });
const watch = (group: string, id: string) => object(`${group}/v1 Watch`, id);
const release = (id: string) =>
  object('helm.toolkit.fluxcd.io/v2 HelmRelease', id, {
    spec: { interval: '1h', chart: { spec: { chart: 'loki', sourceRef: { kind: 'HelmRepository', name: 'loki' } } } },
  });

describe('order', () => {
  const stores = unit('stores/minio', [store('data/minio'), watch('monitor.example', 'data/minio')], {
    layer: 'stores',
  });
  const stack = unit('monitoring/stack', [release('data/loki')], { uses: ['stores/minio', 'kinds/monitor'] });
  const kinds = unit('kinds/monitor', [installer('monitor')], { provides: { kinds: ['monitor.example/Watch'] } });
  const tree = fleet(
    namespace('data'),
    stores,
    stack,
    kinds,
    unit('shop/api', [deployment('data/api'), watch('monitor.example', 'data/api')], { uses: ['stores/minio'] }),
  );

  test("a store needs a monitor's kind while the monitor's stack needs a store", async () => {
    await repository.pushFiles({ 'vendor/monitor/crd.yaml': toYaml(definition('monitor.example')) });
    const { ready, seconds } = await bringUp(planOf(tree));
    expect(orderViolations(ready)).toEqual([]);
    const names = ready.map(({ name }) => name.replace('flux-system/', ''));
    expect(names.indexOf('kinds-controllers')).toBeLessThan(names.indexOf('stores-stores'));
    expect(await bed.get('watches.monitor.example', 'data', 'minio')).toBeDefined();
    process.stdout.write(`five levels, push to Ready: ${seconds.toFixed(1)} s\n`);
    for (const { metadata } of planOf(tree).kustomizations) {
      expect(await bed.kubectl(['kustomize', join(repository.worktree, CLUSTER, metadata.name)])).toContain('kind: ');
    }
  });

  test('operator and custom resource in one chart', async () => {
    await repository.pushFiles({ 'vendor/queue/crd.yaml': toYaml(definition('queue.example')) });
    const operator = unit('queues/operator', [installer('queue')], { provides: { kinds: ['queue.example/*'] } });
    await bringUp(planOf(fleet(tree, operator, unit('queues/orders', [watch('queue.example', 'data/orders')]))));
    expect(await bed.get('watches.queue.example', 'data', 'orders')).toBeDefined();
  });
});

describe('root and secrets', () => {
  const shop = fleet(
    namespace('sealed'),
    unit('sealing/controller', [release('kube-system/sealed-secrets')], {
      provides: { kinds: ['bitnami.com/SealedSecret'] },
    }),
    unit('shop/database', [], { sealed: { namespace: 'sealed', name: 'db', keys: ['url'] } }),
    unit('shop/api', [config('sealed/api')], { uses: ['shop/database'] }),
  );
  const sync = {
    'flux-system/kustomization.yaml': 'resources: [note.yaml]\n',
    'flux-system/note.yaml': toYaml(config('flux-system/note')),
  };

  test('before bootstrap, with no secrets folder', async () => {
    await bringUp(planOf(shop));
    expect(await bed.get('kustomizations.kustomize.toolkit.fluxcd.io', 'flux-system', 'secrets')).toBeUndefined();
    expect(await bed.get('configmap', 'sealed', 'api')).toBeDefined();
  });

  test('a root that lists flux-system before it is there fails, and recovers with it', async () => {
    const commit = await push(repository, bed, planOf(shop, { bootstrapped: true }));
    await fluxRefuses(bed, commit, /flux-system.*no such file/s);
    await bringUp(planOf(shop, { bootstrapped: true }), sync);
    expect(await bed.get('configmap', 'flux-system', 'note')).toBeDefined();
  });

  test('an empty secrets folder stays without a Kustomization', async () => {
    await bringUp(planOf(shop, { bootstrapped: true }), { ...sync, 'secrets/.gitkeep': '' });
    expect(await bed.get('kustomizations.kustomize.toolkit.fluxcd.io', 'flux-system', 'secrets')).toBeUndefined();
  });

  test('a filled one is unsealed before what uses it; one that cannot be unsealed is told', async () => {
    const sealed = { namespace: 'sealed', name: 'db', keys: ['url'] };
    const path = sealedPath(sealed);
    const key = createPublicKey(await bed.sealingCertificate());
    const good = sealSecret(sealed, { url: Buffer.from('not-a-secret') }, key);
    const plan = planOf(shop, { bootstrapped: true, secrets: [path] });
    const { ready } = await bringUp(plan, { ...sync, [path]: toYaml(good) });
    expect(ready.find(({ name }) => name === 'flux-system/shop')?.dependsOn).toEqual(['flux-system/secrets']);
    expect(await bed.get('secret', 'sealed', 'db')).toBeDefined();

    const lost = sealSecret({ ...sealed, name: 'other' }, { url: Buffer.from('not-a-secret') }, key);
    const wrong: KubeObject = { ...lost, metadata: { ...lost.metadata, name: 'lost' } };
    const commit = await push(repository, bed, plan, {
      ...sync,
      [path]: toYaml(good),
      'secrets/lost.yaml': toYaml(wrong),
    });
    await fluxRefuses(bed, commit, /secrets: .*SealedSecret\/sealed\/lost/s);
  });
});

describe('waits', () => {
  const tree = (pod: object, extra: KubeObject[] = [], version = '1') =>
    fleet(
      namespace('waits'),
      unit('waiting/redis', [store('waits/redis', pod)], { layer: 'stores' }),
      unit('waiting/exporter', extra, { layer: 'stores' }),
      unit('app/api', [config('waits/api', { data: { version } })], { uses: ['waiting/redis'] }),
    );

  test('a store with one of three replicas down holds nobody back', async () => {
    await bringUp(planOf(tree(apart('redis'))));
    expect((await bed.get('statefulset', 'waits', 'redis'))!['status'].readyReplicas).toBe(2);
  });

  test('nor does what nobody relies on', async () => {
    await bringUp(planOf(tree(apart('redis'), [deployment('waits/exporter', NOWHERE)], '2')));
    expect((await bed.get('configmap', 'waits', 'api'))!['data'].version).toBe('2');
  });

  /** Pushes a store that finds no node, and waits until Flux waits for it. */
  async function breakStore(to: Repository, on: Bed) {
    await push(to, on, planOf(tree(NOWHERE, [], '3')));
    await waitFor('the broken store', async () => (await storeOn(on))?.['spec'].template.spec.nodeSelector);
    await waitFor('the wait', async () => {
      const stores = await on.get('kustomizations.kustomize.toolkit.fluxcd.io', 'flux-system', 'waiting-stores');
      return JSON.stringify(stores?.['status']?.conditions).includes('Running health checks');
    });
  }
  const storeOn = (on: Bed) => on.get('statefulset', 'waits', 'redis');

  test('a store that does not serve holds its users back, and its repair is applied at once', async () => {
    await bed.kubectl(['delete', 'statefulset', 'redis', '--namespace=waits']);
    await breakStore(repository, bed);
    await waitFor('its users are held back', async () => {
      const app = await bed.get('kustomizations.kustomize.toolkit.fluxcd.io', 'flux-system', 'app');
      return JSON.stringify(app?.['status'].conditions).includes('DependencyNotReady');
    });
    expect((await bed.get('configmap', 'waits', 'api'))!['data'].version).toBe('2');
    const { seconds } = await bringUp(planOf(tree({}, [], '4')));
    expect((await bed.get('configmap', 'waits', 'api'))!['data'].version).toBe('4');
    process.stdout.write(`repair under a pending wait, push to Ready: ${seconds.toFixed(1)} s\n`);
  });

  test('without the feature gate of the bootstrap patch, the repair waits for the timeout', async () => {
    const shipped = await startBed({ nodes, crds: ['flux'], cancelHealthChecks: false });
    try {
      const other = await createRepository(shipped);
      await bootstrap(shipped, other, CLUSTER);
      await breakStore(other, shipped);
      await push(other, shipped, planOf(tree({}, [], '4')));
      await sleep(20_000);
      expect((await storeOn(shipped))!['spec'].template.spec.nodeSelector).toEqual(NOWHERE.nodeSelector);
    } finally {
      await shipped.stop();
    }
  });
});

describe('moves and removals', () => {
  const at = (chart: string, guard?: boolean) =>
    fleet(
      namespace('moves'),
      unit('stays/here', [config('moves/stays')]),
      unit(`${chart}/api`, [config('moves/api')], { guard }),
    );

  test('a unit that moves to another chart is refused; guarded, it moves and is never deleted', async () => {
    const first = planOf(at('old'));
    await bringUp(first);
    const created = await uid('configmap', 'moves/api');
    expect(movedObjects(planOf(at('new')), committedBy(first))).toMatchObject([
      { rule: 'moved-object', severity: 'error' },
    ]);

    const guarded = planOf(at('old', true));
    const moved = planOf(at('new', true));
    const free = planOf(at('new'));
    for (const [before, next] of [
      [first, guarded],
      [guarded, moved],
      [moved, free],
    ] as const) {
      expect(movedObjects(next, committedBy(before))).toEqual([]);
      await bringUp(next);
      expect(await uid('configmap', 'moves/api')).toBe(created);
    }

    await bringUp(planOf(fleet(namespace('moves'), unit('stays/here', [config('moves/stays')]))));
    expect(await uid('configmap', 'moves/api')).toBeUndefined();
  });

  test('a removed unit is pruned, what holds data is kept', async () => {
    const claim = object('v1 PersistentVolumeClaim', 'moves/data', {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const whole = fleet(
      namespace('moves'),
      unit('stays/here', [config('moves/stays')]),
      unit('goes/store', [config('moves/goes'), claim]),
    );
    await bringUp(planOf(whole));
    await bringUp(planOf(fleet(unit('stays/here', [config('default/stays')]))));
    await waitFor('the removed unit pruned', async () => !(await bed.get('configmap', 'moves', 'goes')));
    expect(await bed.get('pvc', 'moves', 'data')).toBeDefined();
    expect(await bed.get('namespace', undefined, 'moves')).toBeDefined();
  });
});
