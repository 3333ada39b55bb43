import { describe, expect, test } from '@jest/globals';
import { type Beside, verdictOf } from '../../../synth/live/adopt.ts';
import { asApplied } from '../../../synth/live/drift.ts';
import { isImmutable } from '../../../synth/live/recreate.ts';
import type { KubeObject } from '../../../synth/manifest.ts';
import { deployment } from './objects.ts';

const OWN = 'flux-system/shop';
const committed = asApplied(deployment(), OWN);
const judge = (beside: Partial<Beside>, kustomizations: string[] = [OWN]) =>
  verdictOf(
    { committed, kustomization: OWN, ...beside },
    {
      releases: [{ namespace: 'web', name: 'traefik', revision: '3' }],
      unmanaged: new Set(['shop/db']),
      kustomizations: new Set(kustomizations),
    },
  );
const marked = (metadata: object) => deployment({ metadata });

test('what is not there is new, also before its namespace or its kind is', () => {
  expect(judge({})).toEqual({ verdict: 'new' });
  expect(judge({ applied: committed })).toEqual({ verdict: 'new' });
  expect(judge({ refusal: 'namespaces "shop" not found' })).toEqual({ verdict: 'new' });
  expect(judge({ refusal: 'no matches for kind "Widget" in version "example.org/v1"' })).toEqual({ verdict: 'new' });
});

test('what the API server would not take is refused with its reason', () => {
  expect(judge({ refusal: 'exceeded quota: shop' })).toMatchObject({
    verdict: 'refuse',
    reason: 'exceeded quota: shop',
  });
  expect(judge({ live: deployment(), refusal: 'admission webhook denied it' })).toMatchObject({ verdict: 'refuse' });
});

test('what is there is adopted, with what would change but for Flux’s own marks', () => {
  expect(judge({ live: deployment(), applied: committed })).toEqual({ verdict: 'adopt', changes: [], restarts: false });
  const newer = asApplied(deployment({ image: 'api:2' }), OWN);
  expect(judge({ live: deployment(), applied: newer })).toMatchObject({
    verdict: 'adopt',
    changes: [{ field: 'spec.template.spec.containers[name=api].image', live: '"api:1"', wanted: '"api:2"' }],
    restarts: true,
  });
});

test('what Flux is told to leave alone stays as it is', () => {
  const once = marked({ annotations: { 'kustomize.toolkit.fluxcd.io/ssa': 'IfNotPresent' } });
  expect(judge({ committed: once, live: deployment() })).toMatchObject({ verdict: 'adopt', changes: [] });
});

describe('what somebody else sees to is refused', () => {
  test.each<[string, object, string]>([
    ['a controller', { ownerReferences: [{ kind: 'Widget', name: 'w', controller: true }] }, 'is made by Widget w'],
    [
      'a Helm release',
      {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'web' },
      },
      'belongs to the Helm release web/shop',
    ],
    [
      'another Kustomization',
      { labels: { 'kustomize.toolkit.fluxcd.io/name': 'old', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } },
      'belongs to the Flux Kustomization flux-system/old',
    ],
    [
      'Argo CD',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/api' } },
      'Argo CD Application shop',
    ],
    ['K3s', { annotations: { 'objectset.rio.cattle.io/owner-name': 'traefik' } }, "is one of K3s' own"],
  ])('%s', (_, metadata, reason) => {
    const verdict = judge({ live: marked(metadata), applied: committed }, [OWN, 'flux-system/old']);
    expect(verdict).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining(reason),
      fix: expect.stringMatching(/./),
    });
  });

  test('and not by what is gone, or only names itself after it', () => {
    const labels = {
      'kustomize.toolkit.fluxcd.io/name': 'old',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    };
    expect(judge({ live: marked({ labels }), applied: committed }).verdict).toBe('adopt');
    expect(
      judge({ live: marked({ labels: { 'app.kubernetes.io/managed-by': 'Helm' } }), applied: committed }).verdict,
    ).toBe('adopt');
    const ownerReferences = [{ kind: 'Widget', name: 'w' }];
    expect(judge({ live: marked({ ownerReferences }), applied: committed }).verdict).toBe('adopt');
  });
});

describe('what cannot be changed is made anew', () => {
  test('with the fields that differ, and the steps for this object', () => {
    const live = deployment({ selector: { app: 'web' } });
    const refusal = 'The Deployment "api" is invalid: spec.selector: Invalid value: {}: field is immutable';
    expect(judge({ live, refusal })).toMatchObject({
      verdict: 'recreate',
      reason: refusal,
      fields: [
        { field: 'spec.selector', live: '{"matchLabels":{"app":"web"}}', wanted: '{"matchLabels":{"app":"api"}}' },
      ],
      steps: expect.arrayContaining([
        'kubectl delete deployment api -n shop --cascade=orphan: its pods go on, with nobody who replaces them',
      ]),
    });
  });

  test('a StatefulSet says which of its fields differ, which the API server does not', () => {
    const set = (spec: object): KubeObject => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'mongodb', namespace: 'shop' },
      spec: { selector: { matchLabels: { app: 'm' } }, ...spec },
    });
    const claim = (name: string, more: object = {}) => ({
      metadata: { name },
      spec: { resources: { requests: { storage: '1Gi' } }, ...more },
    });
    const live = set({
      serviceName: 'mongo',
      podManagementPolicy: 'OrderedReady',
      volumeClaimTemplates: [claim('data', { volumeMode: 'Filesystem' })],
    });
    const wanted = set({ serviceName: 'mongodb-headless', volumeClaimTemplates: [claim('data')] });
    const refusal = "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', ... are forbidden";
    const verdict = judge({ committed: wanted, live, refusal });
    expect(verdict).toMatchObject({
      verdict: 'recreate',
      fields: [{ field: 'spec.serviceName', live: '"mongo"', wanted: '"mongodb-headless"' }],
    });
    expect(JSON.stringify(verdict)).toContain("the environment's `existing`");
  });

  test('a Job that Flux may delete is left to Flux', () => {
    const annotations = { 'kustomize.toolkit.fluxcd.io/force': 'Enabled' };
    const job = (image: string): KubeObject => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', namespace: 'shop', annotations },
      spec: { template: { spec: { containers: [{ name: 'm', image }] } } },
    });
    expect(
      judge({ committed: job('m:2'), live: job('m:1'), refusal: 'spec.template: field is immutable' }),
    ).toMatchObject({
      verdict: 'recreate',
      steps: [expect.stringContaining('Flux deletes it')],
    });
  });

  test('volumes and definitions are never told to be deleted', () => {
    for (const [apiVersion, kind] of [
      ['v1', 'PersistentVolumeClaim'],
      ['v1', 'PersistentVolume'],
      ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
    ] as const) {
      const object: KubeObject = { apiVersion, kind, metadata: { name: 'x' }, spec: {} };
      const verdict = judge({
        committed: object,
        live: object,
        refusal: 'spec: Forbidden: is immutable after creation',
      });
      expect(verdict.verdict).toBe('recreate');
      expect(JSON.stringify(verdict)).not.toContain('kubectl delete');
    }
  });

  test.each([
    'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    'roleRef: Invalid value: {}: cannot change roleRef',
    'updates to parameters are forbidden.',
    'spec: Forbidden: spec is immutable after creation except resources.requests',
    'spec.template: Invalid value: {}: field is immutable',
  ])('as the API server says it: %s', (refusal) => {
    expect(isImmutable(refusal)).toBe(true);
  });
});

test('settings of a strategy that the server has filled in go by one patch, which restarts nothing', () => {
  const refusal = "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'";
  expect(judge({ live: deployment(), refusal })).toMatchObject({
    verdict: 'refuse',
    fix: expect.stringContaining(
      `kubectl patch deployment api -n shop --type=merge -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`,
    ),
  });
});

test('a Helm release that is installed under the name is said to be upgraded', () => {
  const release = (spec: object): KubeObject => ({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name: 'traefik', namespace: 'web' },
    spec,
  });
  expect(judge({ committed: release({}) })).toEqual({
    verdict: 'new',
    note: 'upgrades the Helm release web/traefik (revision 3) that is installed',
  });
  expect(judge({ committed: release({ releaseName: 'other' }) })).toEqual({ verdict: 'new' });
  expect(judge({ committed: release({ targetNamespace: 'web' }) })).toEqual({ verdict: 'new' });
});

test('a Secret that is there by hand is in the way of a sealed one, until it is handed over', () => {
  const sealed = (name: string): KubeObject => ({
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name, namespace: 'shop' },
  });
  expect(judge({ committed: sealed('db') })).toMatchObject({
    verdict: 'refuse',
    fix: expect.stringContaining('kubectl annotate secret db -n shop sealedsecrets.bitnami.com/managed=true'),
  });
  expect(judge({ committed: sealed('other') })).toEqual({ verdict: 'new' });
});
