import { quantity } from '../../imports/quantity.ts';
import { requestsOf } from '../check/placement.ts';
import { scaled } from '../check/scaling.ts';
import { claimed } from '../check/storage.ts';
import { manifestsBelow } from '../layout.ts';
import { groupOf, type KubeObject, type Manifest, nameOf } from '../manifest.ts';
import { at, type Json, map, maps, number, text } from '../resolve/json.ts';
import { matches, selectorOf } from '../resolve/selectors.ts';
import type { Workload } from '../resolve/workloads.ts';
import type { Index } from '../resolve.ts';

/** Cores and bytes. */
export interface Amount {
  readonly cpu: number;
  readonly memory: number;
}

/** How pods have to be spread over nodes. */
export interface Spread {
  /** How many more one node may have than another. */
  readonly skew: number;
  /** Fields by which a pod chooses nodes that say which nodes are compared. */
  readonly fields: readonly string[];
}

/** Pods of one kind that want room on nodes. */
export interface Resident {
  /** `StatefulSet lab/postgresql`. */
  readonly name: string;
  readonly manifest: Manifest;
  /** Of its containers; `field` where it is written in the manifest. */
  readonly images: readonly { readonly image: string; readonly field?: string }[];
  /** What its pods ask of a node. */
  readonly template: Pick<Workload, 'containers' | 'pod'>;
  readonly requests: Amount;
  /** Bytes of one pod's volumes that lie on its node's disk. */
  readonly disk: number;
  /** Pods at rest and at the most; `every-node` for one on each. */
  readonly pods: { readonly least: number; readonly most: number } | 'every-node';
  /** More of them while they are rolled out. */
  readonly surge: number;
  /** Undefined where no spread over nodes is required. */
  readonly spread?: Spread;
  /** No two on one node. */
  readonly alone: boolean;
  /** Its members decide by majority; of what charts run nobody says so, and what they run here does not. */
  readonly votes: boolean;
  /** Runs to its end and leaves. */
  readonly passing: boolean;
}

/** Everything of an environment that takes room, in the order of the scheduler's queue: by priority, then as Flux brings it. */
export function residentsOf(index: Index): Resident[] {
  const disks = disksOf(index);
  const scalers = scaled(index);
  const priorities = prioritiesOf(index);
  const priorityOf = ({ template }: Resident) => priorities.get(text(template.pod.priorityClassName) ?? '') ?? 0;
  return [
    ...index.workloads.map((workload) => ofWorkload(workload, scalers.get(workload.manifest), disks)),
    ...Object.entries(CUSTOM).flatMap(([kind, makes]) => {
      const [group, name] = kind.split('/') as [string, string];
      return index
        .byKind(name, group)
        .map((manifest) => ofCustom(manifest, makes(map(manifest.object.spec), manifest.object), disks));
    }),
    ...runsOf(index),
  ].sort((a, b) => priorityOf(b) - priorityOf(a));
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/ */
const prioritiesOf = (index: Index): ReadonlyMap<string, number> =>
  new Map([
    ['system-cluster-critical', 2_000_000_000],
    ['system-node-critical', 2_000_001_000],
    ...index
      .byKind('PriorityClass', 'scheduling.k8s.io')
      .map(({ object }) => [object.metadata.name, number(object['value']) ?? 0] as const),
  ]);

/** Pods of charts and operators. What makes them is the first object of the construct that says so. */
function runsOf(index: Index): Resident[] {
  const below = manifestsBelow(index.manifests);
  return index.declared.flatMap(({ runs = [], path }) =>
    runs.map(
      ({ namespace, name, pods, cpu, memory, images = [], storage, nodeSelector, everywhere }): Resident => ({
        name: `pods ${namespace}/${name}`,
        manifest: below(path)[0]!,
        images: images.map((image) => ({ image })),
        template: {
          containers: [],
          pod: { nodeSelector, ...(everywhere && { tolerations: [{ operator: 'Exists' }] }) },
        },
        requests: { cpu: quantity(cpu) ?? 0, memory: quantity(memory) ?? 0 },
        disk: quantity(storage) ?? 0,
        pods: pods === 'every-node' ? pods : { least: pods, most: pods },
        surge: 0,
        alone: false,
        votes: false,
        passing: false,
      }),
    ),
  );
}

/** Bytes on the node's disk by the object that claims them, for one pod. */
function disksOf(index: Index): ReadonlyMap<Manifest, number> {
  const disks = new Map<Manifest, number>();
  for (const { manifest, kind, size } of claimed(index)) {
    if (kind === 'node') disks.set(manifest, (disks.get(manifest) ?? 0) + (quantity(size) ?? 0));
  }
  return disks;
}

function ofWorkload(workload: Workload, scaler: Manifest | undefined, disks: ReadonlyMap<Manifest, number>): Resident {
  const { manifest, pod, labels } = workload;
  const { kind, spec, apiVersion } = manifest.object;
  const own = requestsOf(workload);
  const proxy = proxyOf(workload);
  const pods = podsOf(workload, scaler);
  const rolls = kind === 'Deployment' && at(spec, 'strategy', 'type') !== 'Recreate';
  const { least } = pods === 'every-node' ? { least: 0 } : pods;
  return {
    name: nameOf(manifest.object),
    manifest,
    images: workload.containers.flatMap(({ image, path }) => (image ? [{ image, field: `${path}.image` }] : [])),
    template: workload,
    requests: { cpu: own.cpu + proxy.cpu, memory: own.memory + proxy.memory },
    disk: disks.get(manifest) ?? 0,
    pods,
    // A revision of Knative comes up whole before the old one goes.
    surge: rolls
      ? share(at(spec, 'strategy', 'rollingUpdate', 'maxSurge') ?? '25%', least)
      : groupOf(apiVersion) === 'serving.knative.dev'
        ? least
        : 0,
    spread: spreadOf(pod, labels),
    alone: isAlone(pod, labels),
    votes: true,
    passing: PASSING.has(kind),
  };
}

const PASSING = new Set(['Job', 'CronJob', 'ScaledJob', 'PodTemplate']);

function podsOf({ manifest, replicas, annotations }: Workload, scaler: Manifest | undefined): Resident['pods'] {
  if (manifest.object.kind === 'DaemonSet') return 'every-node';
  if (groupOf(manifest.object.apiVersion) === 'serving.knative.dev') {
    const bound = (name: string) => Number(annotations[`autoscaling.knative.dev/${name}`] ?? 0);
    return { least: bound('min-scale'), most: Math.max(bound('min-scale'), bound('max-scale')) };
  }
  if (!scaler) return { least: replicas ?? 1, most: replicas ?? 1 };
  const { minReplicas, maxReplicas, minReplicaCount, maxReplicaCount } = map(scaler.object.spec);
  const least = number(minReplicas) ?? number(minReplicaCount) ?? (scaler.object.kind === 'ScaledObject' ? 0 : 1);
  return { least, most: number(maxReplicas) ?? number(maxReplicaCount) ?? least };
}

/** The mesh's proxy, which the injector adds with the requests that the annotations say. */
function proxyOf({ annotations, manifest }: Workload): Amount {
  const requests = (resource: string) => {
    const key = `config.linkerd.io/proxy-${resource}-request`;
    return quantity(annotations[key]) ?? 0;
  };
  if (manifest.object.kind === 'PodTemplate') return { cpu: 0, memory: 0 };
  return { cpu: requests('cpu'), memory: requests('memory') };
}

/** A number of pods, or a percentage of them, rounded up as a Deployment's surge is. */
const share = (value: unknown, of: number) =>
  typeof value === 'number' ? value : Math.ceil((Number.parseInt(text(value) ?? '0', 10) / 100) * of);

/**
 * Required spread over nodes, of its own pods. Nodes whose taints keep them away are compared too, unless told otherwise:
 * https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#spread-constraint-definition
 */
function spreadOf(pod: Json, labels: Workload['labels']): Spread | undefined {
  const required = maps(pod.topologySpreadConstraints).find(
    ({ topologyKey, whenUnsatisfiable, labelSelector }) =>
      topologyKey === HOSTNAME && whenUnsatisfiable !== 'ScheduleAnyway' && selects(labelSelector, labels),
  );
  if (!required) return undefined;
  const chosen = required.nodeAffinityPolicy === 'Ignore' ? [] : ['nodeSelector', 'affinity.nodeAffinity'];
  const tolerated = required.nodeTaintsPolicy === 'Honor' ? ['tolerations'] : [];
  return { skew: number(required.maxSkew) ?? 1, fields: [...chosen, ...tolerated] };
}

const isAlone = (pod: Json, labels: Workload['labels']) =>
  maps(at(pod, 'affinity', 'podAntiAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')).some(
    ({ topologyKey, labelSelector }) => topologyKey === HOSTNAME && selects(labelSelector, labels),
  );

const HOSTNAME = 'kubernetes.io/hostname';

/** Here a selector that is left out takes no pod, and an empty one all of them. */
const selects = (selector: unknown, labels: Workload['labels']) =>
  Boolean(selector) && matches(selectorOf(selector), labels);

/** What an operator makes of a custom resource. */
interface Made {
  readonly pods: number;
  readonly images: readonly string[];
  readonly pod: Json;
  readonly resources: Json;
}

const EVENTING_RABBITMQ = 'gcr.io/knative-releases/knative.dev/eventing-rabbitmq/cmd';

/** Pods that pass events on, sized by annotations: https://github.com/knative-extensions/eventing-rabbitmq/tree/main/docs/pod-resources */
const passOn = (pods: number, images: readonly string[], { metadata: { annotations = {} } }: KubeObject): Made => {
  const sized = (resource: string) => annotations[`rabbitmq.eventing.knative.dev/${resource}-request`];
  const requests = { cpu: sized('cpu'), memory: sized('memory') };
  return { pods, images: images.map((name) => `${EVENTING_RABBITMQ}/${name}`), pod: {}, resources: { requests } };
};

/** Custom resources whose operator makes the pods: how many, of which images, and what each asks for. */
const CUSTOM: Readonly<Record<string, (spec: Json, object: KubeObject) => Made>> = {
  'rabbitmq.com/RabbitmqCluster': (spec) => ({
    pods: number(spec.replicas) ?? 1,
    images: [text(spec.image) ?? 'docker.io/library/rabbitmq'],
    pod: { affinity: spec.affinity, tolerations: spec.tolerations },
    resources: map(spec.resources),
  }),
  'kafka.strimzi.io/KafkaNodePool': (spec) => ({
    pods: number(spec.replicas) ?? 1,
    images: ['quay.io/strimzi/kafka'],
    pod: map(at(spec, 'template', 'pod')),
    resources: map(spec.resources),
  }),
  // One takes events in, one sends on what is dead; of other classes of brokers, all share their pods.
  'eventing.knative.dev/Broker': (_, object) =>
    object.metadata.annotations?.['eventing.knative.dev/broker.class'] === 'RabbitMQBroker'
      ? passOn(2, ['ingress', 'dispatcher'], object)
      : passOn(0, [], object),
  'eventing.knative.dev/Trigger': (spec, object) =>
    passOn(at(spec, 'delivery', 'deadLetterSink') ? 2 : 1, ['dispatcher'], object),
};

function ofCustom(
  manifest: Manifest,
  { pods, images, pod, resources }: Made,
  disks: ReadonlyMap<Manifest, number>,
): Resident {
  const requests = map(resources.requests);
  return {
    name: nameOf(manifest.object),
    manifest,
    images: images.map((image) => ({ image })),
    template: { containers: [], pod },
    requests: { cpu: quantity(requests.cpu) ?? 0, memory: quantity(requests.memory) ?? 0 },
    disk: disks.get(manifest) ?? 0,
    pods: { least: pods, most: pods },
    surge: 0,
    // Its own labels are the operator's: what keeps its pods apart means themselves.
    alone: maps(at(pod, 'affinity', 'podAntiAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')).some(
      ({ topologyKey }) => topologyKey === HOSTNAME,
    ),
    votes: true,
    passing: false,
  };
}
