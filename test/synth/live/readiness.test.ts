import { describe, expect, test } from '@jest/globals';
import { notReady, podTrouble } from '../../../synth/live/readiness.ts';
import type { KubeObject } from '../../../synth/manifest.ts';
import { deployment } from './objects.ts';

const of = (apiVersion: string, kind: string, rest: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', namespace: 'shop', generation: 1 },
  ...rest,
});
const conditions = (...list: readonly (readonly [string, string, string?])[]) => ({
  status: { conditions: list.map(([type, status, message]) => ({ type, status, message })) },
});
const flux = (kind: string, rest: object) => of('kustomize.toolkit.fluxcd.io/v1', kind, rest);

test.each<[string, KubeObject]>([
  [
    'a Deployment that is rolled out',
    deployment({ status: { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 2 } }),
  ],
  [
    'a StatefulSet that only rolls when it is told',
    of('apps/v1', 'StatefulSet', {
      spec: { replicas: 3, updateStrategy: { type: 'OnDelete' } },
      status: { readyReplicas: 3, updatedReplicas: 0 },
    }),
  ],
  ['a DaemonSet without a node', of('apps/v1', 'DaemonSet', { status: { desiredNumberScheduled: 0 } })],
  ['a Job that has ended', of('batch/v1', 'Job', conditions(['Complete', 'True']))],
  ['a ConfigMap', of('v1', 'ConfigMap', {})],
  ['a Certificate that is Ready', of('cert-manager.io/v1', 'Certificate', conditions(['Ready', 'True']))],
  ['an image policy before it was looked at', of('image.toolkit.fluxcd.io/v1', 'ImagePolicy', {})],
  ['a claim that is bound', of('v1', 'PersistentVolumeClaim', { status: { phase: 'Bound' } })],
])('%s is at work', (_, object) => {
  expect(notReady(object)).toBeUndefined();
});

test.each<[string, KubeObject, string]>([
  ['no pods', deployment({ status: { observedGeneration: 1 } }), '0 of 2 pods are ready'],
  ['no status', deployment(), '0 of 2 pods are ready'],
  [
    'no quota',
    deployment({
      status: { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: shop' }] },
    }),
    '0 of 2 pods are ready: exceeded quota: shop',
  ],
  [
    'old pods',
    deployment({ status: { readyReplicas: 2, updatedReplicas: 1 } }),
    '1 of 2 pods are of the newest version',
  ],
  [
    'an old view',
    deployment({ metadata: { generation: 4 }, status: { observedGeneration: 3 } }),
    'its controller has not looked at the newest version yet',
  ],
  [
    'a failed Job',
    of('batch/v1', 'Job', conditions(['Failed', 'True', 'BackoffLimitExceeded'])),
    'failed: BackoffLimitExceeded',
  ],
  ['a Job on its way', of('batch/v1', 'Job', {}), 'has not ended yet'],
  ['a claim without a volume', of('v1', 'PersistentVolumeClaim', { status: { phase: 'Pending' } }), 'is Pending'],
  ['no address', of('v1', 'Service', { spec: { type: 'LoadBalancer' } }), 'has no address yet'],
  [
    'a seal of another key',
    of('bitnami.com/v1alpha1', 'SealedSecret', conditions(['Synced', 'False', 'no key could decrypt secret'])),
    'is not Synced: no key could decrypt secret',
  ],
  [
    'a failed release',
    of('helm.toolkit.fluxcd.io/v2', 'HelmRelease', conditions(['Ready', 'False', 'install retries exhausted'])),
    'is not Ready: install retries exhausted',
  ],
  [
    'one that fails at its newest version',
    flux('Kustomization', {
      status: { observedGeneration: 0, conditions: [{ type: 'Ready', status: 'False', message: 'dry-run failed' }] },
    }),
    'is not Ready: dry-run failed',
  ],
  [
    'a suspended one',
    flux('Kustomization', { spec: { suspend: true }, ...conditions(['Ready', 'True']) }),
    'is suspended: Flux leaves it alone until it is resumed',
  ],
  ['a new one', flux('Kustomization', {}), 'Flux has not looked at it yet'],
  [
    'one that goes',
    { ...deployment(), metadata: { name: 'api', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    'is being deleted',
  ],
])('%s is said', (_, object, why) => {
  expect(notReady(object)).toBe(why);
});

describe('why pods do not run', () => {
  const pod = (status: object, labels = { app: 'api' }): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'api-1', namespace: 'shop', labels },
    status,
  });
  const container = (state: object, ready = false) => ({
    containerStatuses: [{ name: 'api', ready, state, restartCount: 3 }],
  });

  test.each<[object, string]>([
    [
      { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] },
      '0/3 nodes are available',
    ],
    [container({ waiting: { reason: 'ImagePullBackOff', message: 'not found' } }), 'api ImagePullBackOff, not found'],
    [container({ running: {} }), 'api runs and is not ready, after 3 restarts'],
    [container({ terminated: { reason: 'OOMKilled' } }), 'api ended: OOMKilled'],
  ])('%j', (status, why) => {
    expect(podTrouble(deployment(), [pod({}, { app: 'other' }), pod(status)])).toBe(`api-1: ${why}`);
  });

  test('a pod that starts says nothing yet, and neither do other workloads’ pods', () => {
    expect(podTrouble(deployment(), [pod(container({ waiting: { reason: 'ContainerCreating' } }))])).toBeUndefined();
    expect(podTrouble(deployment(), [pod(container({ running: {} }), { app: 'other' })])).toBeUndefined();
  });
});
