import { Construct, type IConstruct } from 'constructs';
import { RabbitmqCluster as Cluster, PodMonitor } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { KubePodDisruptionBudget } from '../imports/k8s.ts';
import { declare, identityOf, type PodSet, refuse, warn } from '../imports/relations.ts';
import { AlertRules } from './alert-rules.ts';
import type { ConsoleBackend } from './console.ts';
import type { Callee, Dependency, Endpoint } from './dependency.ts';
import { defaultClassOf } from './ha-stateful-store.ts';
import { type Image, imageProblems, referenceOf } from './images.ts';
import { labelsOf, nameProblems, namespaceOf, selectorOf } from './labels.ts';
import { NetworkPolicy } from './network-policy.ts';
import type { PodProps } from './pod.ts';
import { rabbitmqAlerts } from './rabbitmq/alerts.ts';
import { AMQP, Vhost, type VhostProps } from './rabbitmq/vhost.ts';
import { amountOf, resourcesOf, type Size, sizeProblems } from './sizes.ts';
import { placementOf } from './stores/placement.ts';
import { quorumProblems, storageProblems } from './stores/problems.ts';

export interface RabbitmqClusterProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** 1 for a small environment, 3 to go on while any one is lost. */
  readonly members: number;
  /** Of each member's volume: `10Gi`. */
  readonly storage: string;
  /** @default - the environment's default class */
  readonly storageClass?: string;
  /** Of each member. The memory limit is requested too: RabbitMQ sizes itself by it. */
  readonly size: Size;
  /** RabbitMQ 4 with its management plugin, which the operators speak to. */
  readonly image: Image;
  /** Virtual hosts by name, each with a user of its own: `{ notifi: { queues: ['events'] } }`. */
  readonly vhosts: Readonly<Record<string, VhostProps>>;
  /** Namespaces its clients are in, for their Secrets. @default - the chart's */
  readonly clients?: readonly string[];
  /** Other namespaces whose queues and brokers it takes, as Knative makes them. @default - none */
  readonly topologyFrom?: readonly string[];
  /** @default - any node without a taint */
  readonly placement?: PodProps['placement'];
}

/**
 * RabbitMQ, run by the cluster operator, with what is in it kept by the topology operator: RabbitmqCluster,
 * PodDisruptionBudget, NetworkPolicy, PodMonitor, PrometheusRule, and per virtual host Vhost, User, Permission, Queues and
 * what else it asks for. The construct's id is its name. The cluster is part of Flux's layer `stores`, what is in it of `apps`:
 * the operator's webhook wants to see a user's Secret before the user.
 *
 * Queues are quorum queues: a confirmed message is on a majority of the members, and a minority that is cut off stops
 * (`pause_minority`, the operator's default, as is everything that is not rendered here). Messages are not backed up;
 * what they are made from is.
 *
 * Refuses two members, a volume that a member would hardly use, and what HaStatefulStore refuses of classes and nodes.
 * @see https://www.rabbitmq.com/kubernetes/operator/using-operator
 */
export class RabbitmqCluster extends Construct implements Callee {
  readonly name: string;
  readonly namespace: string;
  readonly members: number;
  readonly pods: PodSet;
  /** DNS name of its Service, from anywhere in the cluster. */
  readonly host: string;
  readonly endpoints: readonly Endpoint[];
  /** Its management pages, which ask for a user of it. */
  readonly console: ConsoleBackend;
  /** What has to be up before its users. */
  readonly construct: IConstruct = this;
  readonly #vhosts: ReadonlyMap<string, Vhost>;
  readonly #topologyFrom: readonly string[];

  constructor(scope: Construct, constructId: string, props: RabbitmqClusterProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { members, storage, size, image, vhosts, clients = [], topologyFrom = [], placement } = props;
    const { storageClass = defaultClassOf(this) } = props;
    const namespace = namespaceOf(this);
    const { requests, limits } = resourcesOf(size);
    const labels = labelsOf(this, id);
    const metadata = { name: id, namespace, labels };
    this.name = id;
    this.namespace = namespace;
    this.members = members;
    this.pods = { namespace, labels: selectorOf(id) };
    this.host = `${id}.${namespace}.svc`;
    this.#topologyFrom = topologyFrom;
    declare(this, { layer: 'stores' });

    const { affinity, problems, warnings } = placementOf(this, [], placement);
    const { nodeSelector, tolerations, priority } = placement ?? {};
    if (priority) declare(this, { uses: [priority] });
    const annotations = topologyFrom.length
      ? { 'rabbitmq.com/topology-allowed-namespaces': [...topologyFrom].sort().join(',') }
      : undefined;
    new Cluster(this, 'cluster', {
      metadata: { ...metadata, annotations },
      spec: {
        replicas: members,
        image: referenceOf(image),
        persistence: { storageClassName: storageClass, storage },
        resources: { requests: { ...requests, memory: limits!['memory']! }, limits },
        affinity: nodeSelector ? { ...affinity, nodeAffinity: nodesWith(nodeSelector) } : affinity,
        tolerations: tolerations && [...tolerations],
        override: priority && {
          statefulSet: { spec: { template: { spec: { priorityClassName: priority.name, containers: [] } } } },
        },
      },
    });
    const selector = { matchLabels: { ...this.pods.labels } };
    if (members > 1) {
      new KubePodDisruptionBudget(this, 'pod-disruption-budget', {
        metadata,
        spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: 'IfHealthyBudget' },
      });
    }
    new PodMonitor(this, 'pod-monitor', {
      metadata,
      spec: {
        selector,
        podMetricsEndpoints: [{ port: 'prometheus', interval: '30s' }],
      },
    });

    const policy = new NetworkPolicy(this, 'network-policy', {
      name: id,
      pods: this.pods,
      serviceAccount: `${id}-server`,
    });
    const open = (port: number): Endpoint => ({
      to: this.pods,
      port,
      admit: (from) => policy.allowFrom(from, port),
    });
    for (const port of [EPMD, DISTRIBUTION]) policy.allowTo(open(port));
    policy.allowTo({ to: { builtin: 'api-server' }, port: environmentOf(this).network.apiServer.port });
    policy.allowFrom({ builtin: 'prometheus' }, PROMETHEUS);
    policy.allowFrom(OPERATORS, MANAGEMENT);
    declare(this, { flows: [{ from: OPERATORS, to: this.pods, port: MANAGEMENT }] });
    this.endpoints = [open(AMQP)];
    this.console = { service: id, port: MANAGEMENT, admit: open(MANAGEMENT).admit! };

    const readers = [...new Set([namespace, ...clients])];
    this.#vhosts = new Map(
      Object.entries(vhosts).map(([name, vhost]) => [name, new Vhost(this, name, { ...vhost, readers })]),
    );
    new AlertRules(this, 'alerts', { name: id, rules: rabbitmqAlerts(this) });
    refuse(this, [
      ...nameProblems(id),
      ...sizeProblems(size),
      ...imageProblems(image),
      ...quorumProblems(members, undefined),
      ...storageProblems(this, storage, storageClass),
      ...diskProblems(storage),
      ...(Object.keys(vhosts).length ? [] : ['vhosts: none, nobody could use it; name one']),
      ...problems,
    ]);
    warn(this, warnings);
  }

  /** Whether what is made for it in this namespace, queues and the like, is taken. */
  takesFrom(namespace: string): boolean {
    return namespace === this.namespace || this.#topologyFrom.includes(namespace);
  }

  /** One of its virtual hosts: `RABBITMQ_HOST`, `_PORT`, `_VHOST`, `_USERNAME`, `_PASSWORD`. */
  vhost(name: string): Dependency {
    const vhost = this.#vhosts.get(name);
    if (vhost) return vhost;
    throw new Error(
      `${this.name}: virtual host ${name} is none of ${[...this.#vhosts.keys()].join(', ')}; add it to vhosts`,
    );
  }
}

const EPMD = 4369;
const DISTRIBUTION = 25672;
const MANAGEMENT = 15672;
const PROMETHEUS = 15692;

/** The topology operator's pods, and the cluster operator's, as their manifests have them. */
const OPERATORS: PodSet = {
  namespace: 'rabbitmq-system',
  labels: { 'app.kubernetes.io/component': 'rabbitmq-operator' },
};

/** The operator has no nodeSelector. */
const nodesWith = (labels: Readonly<Record<string, string>>) => ({
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [
      {
        matchExpressions: Object.entries(labels).map(([key, value]) => ({
          key,
          operator: 'In' as const,
          values: [value],
        })),
      },
    ],
  },
});

const diskProblems = (storage: string) =>
  amountOf(storage) > 0 && amountOf(storage) < 4 * 2 ** 30
    ? [`storage: ${storage}, a member takes no message once less than 2 GB are free; give 4Gi or more`]
    : [];
