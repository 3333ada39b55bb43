import { Construct, type IConstruct } from 'constructs';
import { environmentOf } from '../../imports/environment.ts';
import type { NodeSelectorRequirement } from '../../imports/k8s.ts';
import { declare, identityOf, type PodSet, refuse, warn } from '../../imports/relations.ts';
import { Kafka, KafkaNodePool, KafkaTopic } from '../../imports/strimzi.ts';
import type { Dependency, Endpoint, Env } from '../dependency.ts';
import { defaultClassOf, type HaStatefulStoreProps } from '../ha-stateful-store.ts';
import { labelsOf, nameProblems, namespaceOf } from '../labels.ts';
import { NetworkPolicy } from '../network-policy.ts';
import { amountOf, resourcesOf, sizeProblems } from '../sizes.ts';
import { type KafkaClients, type TopicUse, usedBy } from './kafka/clients.ts';
import { heapOf, heapProblems } from './kafka/heap.ts';
import { replicationOf, settingsOf, type Topic, topicProblems } from './kafka/topics.ts';
import { placementOf } from './placement.ts';
import { quorumProblems, storageProblems } from './problems.ts';
import { Client } from './strimzi/client.ts';
import { Monitoring } from './strimzi/monitoring.ts';
import { exporterResources, operatorResources, podsBeside } from './strimzi/pods.ts';

export interface StrimziKafkaProps
  extends Pick<
    HaStatefulStoreProps<object>,
    'members' | 'storage' | 'storageClass' | 'size' | 'clients' | 'placement'
  > {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** Of Kafka: one that the operator's version supports. */
  readonly version: string;
  /** All that exist. One that is removed here stays, with its records: Flux does not delete it. */
  readonly topics: readonly Topic[];
  /** Where the operator is. @default strimzi */
  readonly operator?: string;
}

/**
 * Kafka run by the Strimzi operator, for what the plain form lacks: users. Renders a Kafka, one KafkaNodePool whose members
 * are broker and controller, a KafkaTopic each, a KafkaUser for each client with rights to the topics it names and no other,
 * PodMonitors, alerts, and the NetworkPolicy of its pods. The operator makes the pods, their PodDisruptionBudget and their
 * Services. Its chart wants `generateNetworkPolicy: false`, for its own policies let everyone in, and in a namespace of
 * Pod Security restricted `STRIMZI_POD_SECURITY_PROVIDER_CLASS=restricted`.
 *
 * Clients log in by SCRAM, which never sends the password; the connection is not encrypted. A Credential per client holds
 * it in the client's namespace, where the operator would not put one. Replication and refusals are those of the plain form.
 * @see https://strimzi.io/docs/operators/latest/configuring.html
 */
export class StrimziKafka extends Construct implements Dependency, KafkaClients {
  readonly name: string;
  readonly namespace: string;
  readonly members: number;
  readonly pods: PodSet;
  /** What binds objects and pods to it. */
  readonly labels: Record<string, string>;
  /** Namespaces in which clients read their passwords; its own is always one. */
  readonly readers: readonly string[];
  readonly env: Env;
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct = this;
  readonly #topics: readonly Topic[];
  readonly #clients = new Map<string, Client>();

  constructor(scope: Construct, constructId: string, props: StrimziKafkaProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { version, members, topics, storage, size, clients = [], placement, operator = 'strimzi' } = props;
    const { storageClass = defaultClassOf(this) } = props;
    const { replicas, minInSync } = replicationOf(members);
    const namespace = namespaceOf(this);
    const heap = heapOf(amountOf(`${resourcesOf(size).limits!['memory']}`));
    this.labels = { 'strimzi.io/cluster': id };
    this.name = id;
    this.namespace = namespace;
    this.members = members;
    this.pods = { namespace, labels: { ...this.labels, 'strimzi.io/kind': 'Kafka' } };
    this.env = { KAFKA_BOOTSTRAP_SERVERS: `${id}-kafka-bootstrap.${namespace}.svc:${CLIENTS}` };
    this.#topics = topics;
    this.readers = [...new Set([namespace, ...clients])];
    declare(this, { layer: 'stores', uses: placement?.priority && [placement.priority] });
    // The operator's pods take no nodeSelector, only what it means.
    const wanted = Object.entries(placement?.nodeSelector ?? {}).map(
      ([key, value]): NodeSelectorRequirement => ({ key, operator: 'In', values: [value] }),
    );
    const { affinity, problems, warnings } = placementOf(this, wanted, placement);
    // Members, operators and their own certificates among them: a proxy would only be one more thing to wait for.
    const metadata =
      environmentOf(this).mesh === 'none' ? undefined : { annotations: { 'linkerd.io/inject': 'disabled' as const } };
    const template = metadata && { pod: { metadata } };

    new Kafka(this, 'kafka', {
      metadata: this.metadata(id),
      spec: {
        kafka: {
          version,
          listeners: [{ ...listener, authentication: { type: 'scram-sha-512' } }],
          authorization: { type: 'simple' },
          config: {
            'auto.create.topics.enable': false,
            'default.replication.factor': replicas,
            'min.insync.replicas': minInSync,
            'offsets.topic.replication.factor': replicas,
            'transaction.state.log.replication.factor': replicas,
            'transaction.state.log.min.isr': minInSync,
            'share.coordinator.state.topic.replication.factor': replicas,
            'share.coordinator.state.topic.min.isr': minInSync,
            'log.flush.interval.messages': 1,
          },
          metricsConfig: { type: 'strimziMetricsReporter' },
        },
        entityOperator: {
          topicOperator: { resources: operatorResources },
          userOperator: { resources: operatorResources },
          template,
        },
        kafkaExporter: { resources: exporterResources, template },
      },
    });
    new KafkaNodePool(this, 'node-pool', {
      // Also the middle of its pods' names; there is one of a name in a namespace.
      metadata: this.metadata(id, this.labels),
      spec: {
        replicas: members,
        roles: ['controller', 'broker'],
        storage: {
          type: 'jbod',
          volumes: [
            {
              id: 0,
              type: 'persistent-claim',
              size: storage,
              class: storageClass,
              deleteClaim: false,
              kraftMetadata: 'shared',
            },
          ],
        },
        resources: resourcesOf(size),
        jvmOptions: { '-Xms': `${heap}m`, '-Xmx': `${heap}m` },
        template: {
          pod: {
            metadata,
            affinity,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 120,
            tolerations: placement?.tolerations && [...placement.tolerations],
            priorityClassName: placement?.priority?.name,
          },
        },
      },
    });
    declare(this, { runs: podsBeside(this.namespace, this.name) });
    for (const topic of topics) this.make(topic);
    this.endpoints = this.connect(operator);
    new Monitoring(this, 'monitoring');
    refuse(this, [
      ...nameProblems(id),
      ...quorumProblems(members, undefined),
      ...storageProblems(this, storage, storageClass),
      ...sizeProblems(size),
      ...topicProblems(topics, members),
      ...heapProblems(heap),
      ...problems,
    ]);
    warn(this, warnings);
  }

  client(name: string, use: TopicUse): Dependency {
    const variables = usedBy(this, this.#topics, name, use);
    const known = this.#clients.get(name);
    if (known)
      refuse(this, [`client: ${name} is there twice, a user has one list of rights; name all its topics at once`]);
    const made = known ?? new Client(this, name, use);
    this.#clients.set(name, made);
    const { env, endpoints, construct } = made;
    return { env: { ...env, ...variables }, endpoints, construct };
  }

  private make(topic: Topic) {
    new KafkaTopic(this, `topic-${topic.name}`, {
      // A name of Kafka may hold what one of Kubernetes may not.
      metadata: this.metadata(topic.name.toLowerCase().replaceAll('_', '-'), this.labels),
      spec: {
        topicName: topic.name,
        partitions: topic.partitions,
        replicas: replicationOf(this.members, topic.replicas).replicas,
        config: settingsOf(topic, this.members),
      },
    });
  }

  /** All pods of the cluster, the operators beside it too, are closed to what is not said here. */
  private connect(operator: string): Endpoint[] {
    const all = { namespace: this.namespace, labels: this.labels };
    const policy = new NetworkPolicy(this, 'network-policy', { name: this.name, pods: all, meshed: false });
    const at = (to: PodSet, port: number) => ({ to, port, admit: (from: PodSet) => policy.allowFrom(from, port) });
    for (const port of [CONTROL, REPLICATION]) policy.allowTo(at(all, port));
    policy.allowTo({ to: { builtin: 'api-server' }, port: environmentOf(this).network.apiServer.port });
    policy.allowFrom({ builtin: 'prometheus' }, METRICS);
    const from = { namespace: operator, labels: { 'strimzi.io/kind': 'cluster-operator' } };
    for (const port of [CONTROL, REPLICATION, AGENT]) {
      policy.allowFrom(from, port);
      declare(this, { flows: [{ from, to: all, port }] });
    }
    return [{ ...at(this.pods, CLIENTS), admit: (client) => policy.allowFrom(client, CLIENTS) }];
  }

  /** Of an object that belongs to it. */
  metadata(name: string, labels: Record<string, string> = {}) {
    return { name, namespace: this.namespace, labels: { ...labelsOf(this, this.name), ...labels } };
  }
}

// The operator's ports. @see https://github.com/strimzi/strimzi-kafka-operator
const CONTROL = 9090;
const REPLICATION = 9091;
const CLIENTS = 9092;
const AGENT = 8443;
const METRICS = 9404;

const listener = { name: 'scram', port: CLIENTS, type: 'internal', tls: false } as const;
