import { describe, expect, test } from '@jest/globals';
import type { Beside } from '../../../synth/live/adopt.ts';
import { inventoryOf, leftovers } from '../../../synth/live/inventory.ts';
import { missingSecrets } from '../../../synth/live/secrets.ts';
import { deviations, type Seen } from '../../../synth/live/verify.ts';
import type { KubeObject } from '../../../synth/manifest.ts';
import { resolve } from '../../../synth/resolve.ts';
import { deployment } from './objects.ts';

const HEAD = 'a'.repeat(40);
const OLD = 'b'.repeat(40);
const ready = { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 2 };

const kustomization = (name: string, status: object = {}, spec: object = {}): KubeObject => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name, namespace: 'flux-system' },
  spec,
  status: { lastAppliedRevision: `main@sha1:${HEAD}`, conditions: [{ type: 'Ready', status: 'True' }], ...status },
});
const root = kustomization('flux-system');

const beside = (object: KubeObject, more: Partial<Beside> = {}): Beside => ({
  committed: object,
  kustomization: 'flux-system/shop',
  live: object,
  applied: object,
  ...more,
});

const seen = (more: Partial<Seen> = {}): Seen => ({
  folder: 'clusters/home',
  root,
  objects: [],
  pods: [],
  secrets: [],
  leftovers: [],
  behind: (commit) => (commit === HEAD ? undefined : `has applied ${commit.slice(0, 4)}`),
  seal: () => undefined,
  ...more,
});
const said = (more: Partial<Seen>) =>
  deviations(seen(more)).map(({ kind, object, message }) => `${kind} ${object}: ${message}`);
const running = deployment({ status: ready });

test('a cluster that is as committed says nothing', () => {
  expect(said({ objects: [beside(running), beside(kustomization('shop'))] })).toEqual([]);
});

test('what is missing, changed, refused, not at work is said, in the order to look at it', () => {
  const { live: _, ...absent } = beside(deployment({ metadata: { name: 'web' } }));
  expect(
    said({
      objects: [
        beside(deployment()),
        beside(running, { applied: deployment({ replicas: 5 }) }),
        absent,
        beside(running, { applied: undefined, refusal: 'field is immutable' } as Partial<Beside>),
      ],
    }),
  ).toEqual([
    'refused Deployment shop/api: field is immutable',
    'missing Deployment shop/web: is not there',
    'drift Deployment shop/api: a field is not as committed',
    'not-ready Deployment shop/api: 0 of 2 pods are ready',
  ]);
});

test('a Job that goes when it has ended is not missed', () => {
  const job = (spec: object): Beside => ({
    committed: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec },
    kustomization: 'flux-system/shop',
  });
  expect(said({ objects: [job({ ttlSecondsAfterFinished: 60 })] })).toEqual([]);
  expect(said({ objects: [job({})] })).toEqual(['missing Job j: is not there']);
});

describe('the commit that was applied', () => {
  const at = (status: object) => said({ objects: [beside(kustomization('shop', status))] });

  test('is told by git, and by what an artifact was made of', () => {
    expect(at({ lastAppliedRevision: `main@sha1:${OLD}` })).toEqual([
      'behind Kustomization flux-system/shop: has applied bbbb',
    ]);
    const digest = `latest@sha256:${'c'.repeat(64)}`;
    expect(at({ lastAppliedRevision: digest, lastAppliedOriginRevision: `main@sha1:${HEAD}` })).toEqual([]);
    expect(at({ lastAppliedRevision: digest, lastAppliedOriginRevision: `main@sha1:${OLD}` })).toHaveLength(1);
    expect(at({ lastAppliedRevision: undefined })).toEqual([
      'behind Kustomization flux-system/shop: has applied nothing yet',
    ]);
  });

  test('is asked of the root too, which nobody may have committed; without it nothing is followed', () => {
    expect(said({ root: kustomization('flux-system', { lastAppliedRevision: `main@sha1:${OLD}` }) })).toEqual([
      'behind Kustomization flux-system/flux-system: has applied bbbb',
    ]);
    expect(said({ root: undefined })).toEqual([
      'missing Flux Kustomization of clusters/home: is not there: Flux does not follow the folder',
    ]);
  });
});

describe('Secrets', () => {
  const secretEnv = (name: string, key: string, optional = false) => ({
    name: key,
    valueFrom: { secretKeyRef: { name, key, optional } },
  });
  const manifests = [
    deployment({ env: [secretEnv('db', 'user'), secretEnv('db', 'password'), secretEnv('extra', 'x', true)] }),
    {
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata: { name: 'db', namespace: 'shop' },
      spec: { encryptedData: { user: 'x' } },
    },
  ].map((object, i) => ({ object, path: `${i}`, chart: '', unit: '' }));
  const index = resolve({ manifests, declared: [] }, { provides: [], closed: false });
  const missing = (there: Record<string, string[]>) =>
    missingSecrets(index, new Map(Object.entries(there).map(([id, keys]) => [id, new Set(keys)])));

  test('that are not there are named, with who needs them and who is to make them', () => {
    expect(missing({})).toEqual([
      { namespace: 'shop', name: 'db', keys: [], users: ['Deployment shop/api'], maker: 'SealedSecret shop/db' },
    ]);
    expect(missing({ 'shop/db': ['user', 'password'] })).toEqual([]);
  });

  test('that lack a key are named with it', () => {
    expect(missing({ 'shop/db': ['user'] })).toMatchObject([{ name: 'db', keys: ['password'] }]);
    expect(said({ secrets: missing({ 'shop/db': ['user'] }) })).toEqual([
      'secret Secret shop/db: has no password; Deployment shop/api needs it',
    ]);
  });

  test('that nothing makes are to be sealed', () => {
    const secrets = missing({}).map(({ maker: _, ...each }) => each);
    expect(deviations(seen({ secrets, seal: () => 'npm run seal' }))).toMatchObject([
      { kind: 'secret', fix: 'npm run seal' },
    ]);
  });
});

describe('what is left over', () => {
  const labels = (name: string) => ({
    'kustomize.toolkit.fluxcd.io/name': name,
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
  });
  const config = (name: string, metadata: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'shop', ...metadata },
  });
  const names = (...objects: KubeObject[]) =>
    leftovers(
      objects,
      new Set(['/ConfigMap/shop/kept']),
      new Set(['flux-system/shop']),
      new Set(['flux-system/shop', 'flux-system/theirs']),
    ).map(({ object, isGuarded }) => `${object.metadata.name}${isGuarded ? ' guarded' : ''}`);

  test('is what bears our mark and is not committed', () => {
    const guarded = { labels: labels('shop'), annotations: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' } };
    expect(
      names(
        config('kept', { labels: labels('shop') }),
        config('old', { labels: labels('shop') }),
        config('data', guarded),
        config('gone', { labels: labels('gone') }),
      ),
    ).toEqual(['old', 'data guarded', 'gone']);
  });

  test('is not what another repository, an operator or a controller has', () => {
    expect(
      names(
        config('theirs', { labels: labels('theirs') }),
        config('made', { labels: labels('shop'), ownerReferences: [{ kind: 'Kafka', name: 'k' }] }),
        { ...config('copy', { labels: labels('shop') }), kind: 'Endpoints' },
        config('people', {}),
      ),
    ).toEqual([]);
  });
});

test('an inventory is read as cli-utils writes it', () => {
  const entries = [
    { id: 'shop_api_apps_Deployment', v: 'v1' },
    { id: '_system__auth_rbac.authorization.k8s.io_ClusterRole', v: 'v1' },
    { id: 'shop_api__Service', v: 'v1' },
  ];
  expect(inventoryOf(kustomization('shop', { inventory: { entries } }))).toEqual([
    { namespace: 'shop', name: 'api', group: 'apps', kind: 'Deployment', version: 'v1' },
    { namespace: '', name: 'system:auth', group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', version: 'v1' },
    { namespace: 'shop', name: 'api', group: '', kind: 'Service', version: 'v1' },
  ]);
});
