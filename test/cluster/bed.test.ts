// The bed itself: that each part of it does what a scenario relies on, with the times that its parts take.
import { execFileSync } from 'node:child_process';
import { createCipheriv, publicEncrypt, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Bed, startBed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import {
  bootstrap,
  createRepository,
  fluxReady,
  fluxRefuses,
  orderViolations,
  type Repository,
  reconcile,
} from './gitops.ts';
import { strictApply } from './strict-apply.ts';
import { built } from './targets.ts';

const yaml = (...objects: object[]) => objects.map((object) => JSON.stringify(object)).join('\n---\n');

const kustomization = (name: string, spec: object) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name, namespace: 'flux-system' },
  spec: {
    interval: '10m0s',
    retryInterval: '5s',
    path: `./clusters/x/${name}`,
    prune: true,
    sourceRef: { kind: 'GitRepository', name: 'flux-system' },
    ...spec,
  },
});

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
});

const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name, image: 'registry.example/app:1.0.0' }], ...spec },
    },
  },
});

const helmRelease = {
  apiVersion: 'helm.toolkit.fluxcd.io/v2',
  kind: 'HelmRelease',
  metadata: { name: 'cert-manager', namespace: 'shop' },
  spec: {
    interval: '1h',
    chart: { spec: { chart: 'cert-manager', sourceRef: { kind: 'HelmRepository', name: 'jetstack' } } },
  },
};

const statefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'store', namespace: 'shop' },
  spec: {
    serviceName: 'store',
    selector: { matchLabels: { app: 'store' } },
    template: {
      metadata: { labels: { app: 'store' } },
      spec: { containers: [{ name: 'store', image: 'registry.example/store:1.0.0' }] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  },
};

const tree: Record<string, string> = {
  'clusters/x/flux.yaml': yaml(
    kustomization('platform', { wait: true, timeout: '1m0s' }),
    kustomization('apps', { dependsOn: [{ name: 'platform' }], wait: true, timeout: '1m0s' }),
  ),
  'clusters/x/kustomization.yaml': yaml({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['flux.yaml'],
  }),
  'clusters/x/platform/platform.yaml': yaml(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    helmRelease,
  ),
  'clusters/x/apps/web.yaml': yaml(
    deployment('web', { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }),
    configMap('web', { colour: 'green' }),
  ),
  'clusters/x/apps/store.yaml': yaml(statefulSet),
};

let bed: Bed;
let repository: Repository;

beforeAll(async () => {
  bed = await startBed({
    nodes: [
      { name: 'server', cpu: 4, memory: '8Gi' },
      { name: 'pi', arch: 'arm64', cpu: 4, memory: '8Gi' },
      { name: 'reserved', arch: 'arm64', cpu: 64, memory: '64Gi', taints: [{ key: 'gpu', effect: 'NoSchedule' }] },
    ],
    crds: ['flux', 'cert-manager', 'sealed-secrets'],
    sealedSecrets: true,
  });
  repository = await createRepository(bed);
});

afterAll(async () => {
  await bed?.stop();
});

async function timed<T>(what: string, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const answer = await action();
  process.stdout.write(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return answer;
}

describe('flux', () => {
  test('brings a pushed tree up in dependency order, on nodes that fit', async () => {
    const commit = await repository.pushFiles(tree);
    const ready = await timed('push to Ready', async () => {
      await bootstrap(bed, repository, 'clusters/x');
      return fluxReady(bed, commit);
    });
    expect(ready.map(({ name }) => name).sort()).toEqual([
      'flux-system/apps',
      'flux-system/flux-system',
      'flux-system/platform',
    ]);
    expect(orderViolations(ready)).toEqual([]);
    const pods = (await bed.list('pods')).filter(({ metadata }) => metadata.labels.app === 'web');
    expect(pods.map(({ spec }) => spec.nodeName)).toEqual(['pi', 'pi', 'pi']);
  });

  test('a stand-in makes a HelmRelease Ready, and says so', async () => {
    const release = await bed.get('helmrelease', 'shop', 'cert-manager');
    expect(hasCondition(release!, 'Ready')).toBe(true);
    expect(bed.standIns).toContain('HelmRelease');
  });

  test('a removed file is pruned, a hand-edit reverted, the rest left alone', async () => {
    await bed.kubectl(['patch', 'configmap', 'web', '--namespace=shop', '--patch={"data":{"colour":"red"}}']);
    await rm(join(repository.worktree, 'clusters/x/apps/store.yaml'));
    const commit = await repository.push();
    await timed('push to Ready', async () => {
      await reconcile(bed);
      return fluxReady(bed, commit);
    });
    expect(await bed.get('statefulset', 'shop', 'store')).toBeUndefined();
    expect((await bed.get('configmap', 'shop', 'web'))!['data']).toEqual({ colour: 'green' });
  });

  test('a push that the API server refuses is named with its reason, and the old state runs on', async () => {
    const broken = configMap('web', { colour: 'blue' });
    const wrong = { ...deployment('web'), spec: { ...deployment('web').spec, replicas: 'many' } };
    const commit = await repository.pushFiles({ 'clusters/x/apps/web.yaml': yaml(broken, wrong) });
    await reconcile(bed);
    await fluxRefuses(bed, commit, /flux-system\/apps: .*shop\/web/s);
    expect((await bed.get('configmap', 'shop', 'web'))!['data']).toEqual({ colour: 'green' });
    expect((await bed.get('deployment', 'shop', 'web'))!['status'].readyReplicas).toBe(3);
  });
});

test('claims are bound', async () => {
  await bed.apply([{ ...statefulSet, metadata: { name: 'store', namespace: 'default' } }]);
  const volume = await waitFor('the claim is bound', async () => {
    const claim = await bed.get('pvc', 'default', 'data-store-0');
    return claim?.['status'].phase === 'Bound' && claim['spec'].volumeName;
  });
  const { spec } = (await bed.get('pv', undefined, volume))!;
  expect(existsSync(spec.hostPath.path)).toBe(true);
});

/** What kubeseal does: https://github.com/bitnami-labs/sealed-secrets/blob/main/docs/developer/crypto.md */
function seal(certificate: string, label: string, value: string): string {
  const key = randomBytes(32);
  const wrapped = publicEncrypt({ key: certificate, oaepHash: 'sha256', oaepLabel: Buffer.from(label) }, key);
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(wrapped.length);
  return Buffer.concat([length, wrapped, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

test('the sealed-secrets controller opens what its certificate sealed, under the right name only', async () => {
  const certificate = await bed.sealingCertificate();
  const value = randomBytes(8).toString('hex');
  const sealed = (name: string) => ({
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name, namespace: 'default' },
    spec: { encryptedData: { value: seal(certificate, 'default/right', value) } },
  });
  await bed.apply([sealed('right'), sealed('wrong')]);
  const secret = await waitFor('the Secret exists', () => bed.get('secret', 'default', 'right'));
  expect(Buffer.from(secret['data'].value, 'base64').toString()).toBe(value);
  await waitFor('the other is looked at', async () => {
    const { status } = (await bed.get('sealedsecret', 'default', 'wrong'))!;
    return status?.conditions?.some(
      (each: { type: string; status: string }) => each.type === 'Synced' && each.status === 'False',
    );
  });
  expect(await bed.get('secret', 'default', 'wrong')).toBeUndefined();
  expect(bed.standIns).not.toContain('SealedSecret');
});

test('strictApply names what the API server refuses', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'strict-apply-'));
  try {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'strict' } };
    const inside = (object: object) => ({ ...object, metadata: { name: 'x', namespace: 'strict' } });
    const files = { good: join(dir, 'good.yaml'), bad: join(dir, 'bad.yaml') };
    await writeFile(files.good, yaml(namespace, inside(configMap('x', { a: 'b' })), inside(helmRelease)));
    await writeFile(
      files.bad,
      yaml(inside(deployment('x', { nodeSelectr: {} })), { ...inside(helmRelease), spec: {} }),
    );
    expect(await strictApply(bed, [files.good])).toEqual([]);
    const refused = await strictApply(bed, [files.good, files.bad]);
    expect(refused).toHaveLength(2);
    expect(refused.join('\n')).toMatch(/nodeSelectr/);
    expect(refused.join('\n')).toMatch(/HelmRelease/);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('the OpenAPI documents hold built-in and custom kinds', async () => {
  const { v2, v3 } = await timed('OpenAPI', () => bed.openapi());
  expect(Object.keys(v2.definitions)).toContain('io.k8s.api.apps.v1.Deployment');
  expect(Object.keys(v3)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1', 'apis/helm.toolkit.fluxcd.io/v2']));
});

test('a second bed runs beside the first', async () => {
  const second = await startBed({ nodes: [{ name: 'other', cpu: 1, memory: '1Gi' }], crds: [] });
  await second.stop();
  expect(existsSync(second.dir)).toBe(false);
  expect(await bed.list('nodes')).toHaveLength(3);
});

test("image-update edits the marked tag as Flux's image automation does", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'image-update-'));
  try {
    const file = join(dir, 'apps', 'web.yaml');
    const text = (tag: string) =>
      `# generated\nspec:\n  containers:\n    - name: web\n      image: registry.example/web:${tag} # {"$imagepolicy": "flux-system:web"}\n`;
    await mkdir(join(dir, 'apps'));
    await writeFile(file, text('1.0.0'));
    await writeFile(join(dir, 'other.yaml'), 'a:   1\n');
    execFileSync(join(built('image-update'), 'image-update'), [dir, 'flux-system:web=registry.example/web:1.1.0']);
    expect(await readFile(file, 'utf8')).toBe(text('1.1.0'));
    expect(await readFile(join(dir, 'other.yaml'), 'utf8')).toBe('a:   1\n');
  } finally {
    await rm(dir, { recursive: true });
  }
});
