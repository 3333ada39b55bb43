// The same pods, placed by the real scheduler and by `fit`: both leave the same ones without a node.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Node } from '../../imports/environment.ts';
import { fitOf } from '../../synth/fit/fit.ts';
import type { KubeObject, Manifest } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import { type Bed, startBed } from './bed.ts';
import { type KubernetesObject, waitFor } from './client.ts';

const small = { arch: 'arm64', cpu: '4', memory: '8Gi', disk: '100Gi' } as const;
const nodes: Node[] = [
  { name: 'pi-1', ...small },
  { name: 'pi-2', ...small },
  { name: 'pi-3', ...small, taints: [{ key: 'slow', effect: 'NoSchedule' }] },
  { name: 'box', arch: 'amd64', cpu: '12', memory: '32Gi', disk: '500Gi', labels: { gpu: 'true' } },
];

let bed: Bed;
beforeAll(async () => {
  bed = await startBed({ nodes: nodes as never, crds: [] });
});
afterAll(() => bed?.stop());

interface Pods {
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly replicas?: number;
  readonly cpu: string;
  readonly memory?: string;
  readonly spec?: object;
  readonly apart?: true;
}

const tolerations = [{ key: 'slow', operator: 'Exists' }];

function workload(
  namespace: string,
  name: string,
  { kind = 'Deployment', replicas, cpu, memory = '256Mi', spec, apart }: Pods,
): KubeObject {
  const labels = { app: name };
  const antiAffinity = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  };
  const template = {
    metadata: { labels },
    spec: {
      containers: [{ name: 'main', image: 'example.org/main:1', resources: { requests: { cpu, memory } } }],
      ...(apart && { affinity: antiAffinity }),
      ...spec,
    },
  };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template,
      ...(replicas && { replicas }),
      ...(kind === 'StatefulSet' && { serviceName: name, podManagementPolicy: 'Parallel' }),
    },
  };
}

const worlds: Record<string, Record<string, Pods>> = {
  'with room for all': {
    agent: { kind: 'DaemonSet', cpu: '100m', spec: { tolerations } },
    store: { kind: 'StatefulSet', replicas: 3, cpu: '1', memory: '2Gi', apart: true },
    web: { replicas: 4, cpu: '500m' },
    gpu: { replicas: 1, cpu: '2', spec: { nodeSelector: { gpu: 'true' } } },
  },
  'with more members than nodes': {
    store: { kind: 'StatefulSet', replicas: 4, cpu: '500m', apart: true },
    tolerant: { kind: 'StatefulSet', replicas: 5, cpu: '500m', apart: true, spec: { tolerations } },
  },
  'without memory for the last': {
    cache: { replicas: 9, cpu: '100m', memory: '6Gi' },
  },
  'without cores on the labelled node': {
    gpu: { replicas: 5, cpu: '3', spec: { nodeSelector: { gpu: 'true' } } },
    web: { replicas: 2, cpu: '2' },
  },
  'spread evenly where that is required': {
    web: {
      replicas: 7,
      cpu: '1500m',
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            nodeTaintsPolicy: 'Honor',
            labelSelector: { matchLabels: { app: 'web' } },
          },
        ],
      },
    },
  },
  'spread over a node that refuses them': {
    web: {
      replicas: 5,
      cpu: '100m',
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'web' } },
          },
        ],
      },
    },
  },
};

const isLookedAt = ({ spec, status }: KubernetesObject): boolean =>
  spec.nodeName || status?.conditions?.some(({ reason }: { reason?: string }) => reason === 'Unschedulable');

test.each(Object.keys(worlds).map((name, index) => [name, `world-${index}`] as const))(
  '%s',
  async (name, namespace) => {
    const objects = Object.entries(worlds[name]!).map(([id, pods]) => workload(namespace, id, pods));
    const manifests = objects.map((object, i): Manifest => ({ object, path: `${i}`, chart: 'chart', unit: 'unit' }));
    const index = resolve({ manifests, declared: [] }, { provides: [], closed: true, cluster: { nodes } });
    const expected = Object.fromEntries(
      fitOf(index, nodes).scenarios[0]!.homeless.map(({ resident, pods }) => [resident.name.split('/')[1]!, pods]),
    );

    await bed.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
    const placed: KubernetesObject[] = [];
    for (const object of objects) {
      await bed.apply([object]);
      const { name } = object.metadata;
      const { replicas = 1 } = object['spec'] as { replicas?: number };
      const wanted = object.kind === 'DaemonSet' ? nodes.length : replicas;
      // Before the next come: who comes first where there is not room for all, stays.
      const pods = await waitFor(`the scheduler has looked at every pod of ${name}`, async () => {
        const all = (await bed.list('pods')).filter(
          ({ metadata }) => metadata.namespace === namespace && metadata.labels.app === name,
        );
        return all.length === wanted && all.every(isLookedAt) && all;
      });
      placed.push(...pods);
    }
    const pending: Record<string, number> = {};
    for (const { metadata, spec } of placed) {
      if (!spec.nodeName) pending[metadata.labels.app] = (pending[metadata.labels.app] ?? 0) + 1;
    }
    expect(pending).toEqual(expected);
    await bed.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await bed.kubectl([
      'delete',
      'deployment,statefulset,daemonset,pod',
      '--all',
      `--namespace=${namespace}`,
      '--force',
      '--grace-period=0',
    ]);
    await waitFor('its pods are gone', async () =>
      (await bed.list('pods')).every(({ metadata }) => metadata.namespace !== namespace),
    );
  },
);
