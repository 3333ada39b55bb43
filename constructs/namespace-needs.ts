import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import type { Container, PodSpec, PodTemplateSpec } from '../imports/k8s.ts';
import { quantity } from '../imports/quantity.ts';
import { PROXY } from './mesh.ts';

/** What a container or a pod asks for, in cores and bytes. */
export interface PodNeeds {
  readonly cpu: number;
  readonly memory: number;
  readonly memoryLimit: number;
}

/** What a namespace does. */
export interface Needs extends PodNeeds {
  readonly pods: number;
  readonly claims: number;
  readonly storage: number;
}

/** One pod, how many of it there may be at once, and the volumes that each claims. */
interface PodCount {
  readonly template: PodTemplateSpec;
  readonly pods: number;
  readonly claims?: readonly string[];
}

const NOTHING: Needs = { pods: 0, cpu: 0, memory: 0, memoryLimit: 0, claims: 0, storage: 0 };

/** What `namespace` needs at the busiest: every autoscaler at its maximum, every rollout under way, every Job running. */
export function needsOf(scope: Construct, namespace: string): { readonly all: Needs; readonly largest: PodNeeds } {
  const objects = scope.node.root.node
    .findAll()
    .filter((child): child is ApiObject => ApiObject.isApiObject(child) && child.kind in COUNTED)
    .filter(({ metadata }) => metadata.namespace === namespace)
    // biome-ignore lint/suspicious/noExplicitAny: objects of every kind that brings pods
    .map((object): any => object.toJson());
  const most = new Map<string, number>(
    objects
      .filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
      .map(({ spec }) => [`${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`, spec.maxReplicas]),
  );
  const counts = objects.flatMap((object) => COUNTED[object.kind]!(object, most));
  const proxy = environmentOf(scope).mesh === 'linkerd' ? proxyNeeds : undefined;
  const each = counts.map(({ template, pods, claims = [] }) => ({ pods, claims, needs: podNeeds(template, proxy) }));
  const containers = counts.flatMap(({ template }) => containersOf(template.spec!).map(containerNeeds));
  return {
    all: each.reduce<Needs>(
      (sum, { pods, claims, needs }) => ({
        pods: sum.pods + pods,
        cpu: sum.cpu + pods * needs.cpu,
        memory: sum.memory + pods * needs.memory,
        memoryLimit: sum.memoryLimit + pods * needs.memoryLimit,
        claims: sum.claims + pods * claims.length,
        storage: sum.storage + pods * claims.reduce((bytes, claim) => bytes + amount(claim), 0),
      }),
      NOTHING,
    ),
    largest: containers.reduce<PodNeeds>(
      (most, one) => ({
        cpu: Math.max(most.cpu, one.cpu),
        memory: Math.max(most.memory, one.memory),
        memoryLimit: Math.max(most.memoryLimit, one.memoryLimit),
      }),
      { cpu: 0, memory: 0, memoryLimit: 0 },
    ),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: fields of every kind that brings pods
type Counter = (object: any, most: ReadonlyMap<string, number>) => readonly PodCount[];

const COUNTED: Readonly<Record<string, Counter>> = {
  HorizontalPodAutoscaler: () => [],
  Deployment: ({ metadata, spec }, most) => [
    { template: spec.template, pods: (most.get(`Deployment/${metadata.name}`) ?? spec.replicas ?? 1) + 1 },
  ],
  StatefulSet: ({ spec }) => [
    {
      template: spec.template,
      pods: spec.replicas ?? 1,
      // biome-ignore lint/suspicious/noExplicitAny: claim templates
      claims: (spec.volumeClaimTemplates ?? []).map((claim: any) => claim.spec.resources.requests.storage),
    },
  ],
  Job: ({ spec }) => [{ template: spec.template, pods: spec.parallelism ?? 1 }],
  CronJob: ({ spec }) => [{ template: spec.jobTemplate.spec.template, pods: spec.jobTemplate.spec.parallelism ?? 1 }],
  RabbitmqCluster: ({ spec }) => [
    { template: podOf(spec.resources), pods: spec.replicas ?? 1, claims: [spec.persistence.storage] },
  ],
  KafkaNodePool: ({ spec }) => [
    {
      template: podOf(spec.resources),
      pods: spec.replicas,
      claims: spec.storage.volumes.map(({ size }: { size: string }) => size),
    },
  ],
  // The operator's own pods beside the brokers.
  Kafka: ({ spec }) =>
    [
      [spec.entityOperator?.topicOperator, spec.entityOperator?.userOperator].filter(Boolean),
      [spec.kafkaExporter].filter(Boolean),
    ]
      .filter((containers) => containers.length)
      .map((containers) => ({ template: podOf(...containers.map(({ resources }) => resources)), pods: 2 })),
  // Each pod of a broker as it is replaced.
  Broker: ({ metadata }) => [{ template: eventing(metadata), pods: 4 }],
  Trigger: ({ metadata, spec }) => [{ template: eventing(metadata), pods: spec.delivery?.deadLetterSink ? 4 : 2 }],
  // Knative's; of the core kind there are no pods.
  Service: ({ apiVersion, spec }) => (apiVersion.startsWith('serving.knative.dev/') ? [knative(spec.template)] : []),
};

/** Pods of a revision as it is replaced, each with the proxy that counts its requests. */
function knative(template: PodTemplateSpec): PodCount {
  const { annotations = {} } = template.metadata ?? {};
  const sized = (what: string) => annotations[`queue.sidecar.serving.knative.dev/${what}`];
  const proxy = {
    requests: { cpu: sized('cpu-resource-request') ?? '25m', memory: sized('memory-resource-request') ?? '0' },
    limits: { memory: sized('memory-resource-limit') ?? '0' },
  };
  const { containers } = template.spec!;
  const most = Number(annotations['autoscaling.knative.dev/max-scale'] ?? 1);
  return {
    template: { ...template, spec: { containers: [...containers, { name: 'queue-proxy', resources: proxy }] } },
    pods: most + 1,
  };
}

/** What takes events from RabbitMQ, and passes them on. */
const eventing = ({ annotations = {} }: { annotations?: Record<string, string> }) => {
  const sized = (what: string) => annotations[`rabbitmq.eventing.knative.dev/${what}`] ?? '0';
  return podOf({
    requests: { cpu: sized('cpu-request'), memory: sized('memory-request') },
    limits: { memory: sized('memory-limit') },
  });
};

const podOf = (...resources: Container['resources'][]): PodTemplateSpec => ({
  spec: { containers: resources.map((each, index) => ({ name: `${index}`, resources: each })) },
});

/** Linkerd's proxy, as the namespaces have it sized. */
const proxyNeeds: PodNeeds = {
  cpu: amount(PROXY.cpu.request),
  memory: amount(PROXY.memory.request),
  memoryLimit: amount(PROXY.memory.limit),
};

/** As the scheduler counts: containers and sidecars together, or the largest that runs before them. */
function podNeeds({ metadata, spec }: PodTemplateSpec, proxy: PodNeeds | undefined) {
  const beside = [...spec!.containers, ...(spec!.initContainers ?? []).filter(isSidecar)].map(containerNeeds);
  const before = (spec!.initContainers ?? []).filter((each) => !isSidecar(each)).map(containerNeeds);
  const meshed = proxy && metadata?.annotations?.['linkerd.io/inject'] !== 'disabled';
  const sum = (of: 'cpu' | 'memory' | 'memoryLimit') => {
    const together = beside.reduce((total, each) => total + each[of], meshed ? proxy[of] : 0);
    return Math.max(together, ...before.map((each) => each[of]));
  };
  return { cpu: sum('cpu'), memory: sum('memory'), memoryLimit: sum('memoryLimit') };
}

const containersOf = ({ containers, initContainers = [] }: PodSpec) => [...containers, ...initContainers];
const isSidecar = ({ restartPolicy }: Container) => restartPolicy === 'Always';

function containerNeeds({ resources = {} }: Container) {
  const { requests = {}, limits = {} } = resources;
  return {
    cpu: amount(requests['cpu']),
    memory: amount(requests['memory']),
    memoryLimit: amount(limits['memory'] ?? requests['memory']),
  };
}

function amount(value: unknown = '0'): number {
  return quantity(`${value}`) ?? 0;
}
