import { createHash } from 'node:crypto';
import { environmentOf } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import type { Engine } from './engine.ts';
import { kafkaAlerts } from './kafka/alerts.ts';
import { type KafkaClients, usedBy } from './kafka/clients.ts';
import { heapOf, heapProblems } from './kafka/heap.ts';
import { replicationOf, type Topic, topicProblems } from './kafka/topics.ts';
import { TopicsJob } from './kafka/topics-job.ts';

export interface KafkaProps {
  /** All that exist: a client that misspells one gets an error, not a new topic. Removed here, a topic and its records stay. */
  readonly topics: readonly Topic[];
  /**
   * Whether a write is on the disks of a majority before it is acknowledged. Without it, it is in their memory: faster,
   * and a power cut that takes all members at once takes the last seconds along. @default true
   */
  readonly fsync?: boolean;
  /** Of volumes that a cluster was formatted with before. @default - made from the environment's, the namespace's and the store's name */
  readonly clusterId?: string;
  readonly images: { readonly kafka: Image; readonly kafkaExporter: Image };
}

/**
 * Kafka without ZooKeeper: every member is broker and controller, in the apache/kafka image, version 4. Of three members
 * each has a copy, and a producer with `acks=all` (the clients' default) is answered when two have it: any one may be lost.
 * A Job makes the topics, and gives them the partitions and the retention that are declared here; it may run at any time.
 *
 * Listeners are plain: who gets through the NetworkPolicy, by using the store, may read and write every topic. The members
 * find each other by a fixed list of voters, the only form the image can be started with, so their number is for good.
 * There is no dump: records are kept by replication alone. Refuses topics that Kafka would refuse, copies that are too
 * few to lose a member or more than there are members, and a memory limit too small for the heap (half of it).
 * @see https://kafka.apache.org/documentation/#kraft
 */
export const kafka =
  ({ topics, fsync = true, clusterId, images }: KafkaProps): Engine<KafkaClients> =>
  (store) => {
    const { name, members, hosts } = store;
    const { replicas, minInSync } = replicationOf(members);
    const heap = heapOf(store.memory);
    refuse(store, [
      ...topicProblems(topics, members),
      ...heapProblems(heap),
      ...(clusterId === undefined || /^[\w-]{22}$/.test(clusterId)
        ? []
        : [
            `clusterId: "${clusterId}" is no id of 22 letters, digits, - and _; take it from meta.properties of a volume`,
          ]),
    ]);

    return {
      image: images.kafka,
      // The image's scripts write the server's properties to its config folder, over which nothing else is laid.
      run: { writable: ['/opt/kafka/config'], stopSeconds: 120 },
      env: {
        CLUSTER_ID: clusterId ?? clusterIdOf(store),
        KAFKA_PROCESS_ROLES: 'broker,controller',
        KAFKA_NODE_ID: { field: "metadata.labels['apps.kubernetes.io/pod-index']" },
        KAFKA_CONTROLLER_QUORUM_VOTERS: hosts.map((host, n) => `${n}@${host}:${CONTROLLER_PORT}`).join(','),
        KAFKA_LISTENERS: `PLAINTEXT://:${BROKER_PORT},CONTROLLER://:${CONTROLLER_PORT}`,
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
        POD_NAME: { field: 'metadata.name' },
        // Its own name, never the Service's: a client has to reach the one broker that leads a partition.
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://$(POD_NAME).${store.headless}.${store.namespace}.svc:${BROKER_PORT}`,
        // Below the volume, not on it: Kafka takes every folder at the top for a partition, also lost+found.
        KAFKA_LOG_DIRS: `${volume}/logs`,
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: false,
        KAFKA_DEFAULT_REPLICATION_FACTOR: replicas,
        KAFKA_MIN_INSYNC_REPLICAS: minInSync,
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: replicas,
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: replicas,
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: minInSync,
        KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: replicas,
        KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: minInSync,
        ...(fsync && { KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: 1 }),
        KAFKA_HEAP_OPTS: `-Xms${heap}m -Xmx${heap}m`,
        // Without -loggc, which would write to the read-only image and end the server.
        EXTRA_ARGS: '-name kafkaServer',
        LOG_DIR: '/tmp',
      },
      files: { '/mnt/shared/config/log4j2.yaml': logging },
      ports: { kafka: BROKER_PORT, controller: CONTROLLER_PORT },
      probes: {
        // A member listens to controllers from the start, and to clients only when a controller has let it in: asked for
        // the latter, a member that waits for the others would be killed, and they would never be enough.
        startupProbe: { tcpSocket: { port: 'controller' }, periodSeconds: 5, failureThreshold: 60 },
        livenessProbe: { tcpSocket: { port: 'controller' }, periodSeconds: 10, timeoutSeconds: 5 },
        readinessProbe: { tcpSocket: { port: 'kafka' }, periodSeconds: 5, timeoutSeconds: 3 },
      },
      // Where the image declares a volume: mounted elsewhere, the runtime would put one of its own here, empty at every start.
      data: { path: volume },
      peers: ['kafka', 'controller'],
      services: [{ ports: ['kafka'] }],
      sidecars: [
        {
          name: 'exporter',
          image: images.kafkaExporter,
          size: 'tiny',
          run: { args: [`--kafka.server=localhost:${BROKER_PORT}`] },
          container: { ports: [{ name: 'metrics', containerPort: 9308 }] },
        },
      ],
      metrics: { port: 'metrics' },
      alerts: kafkaAlerts({
        ...{ name, namespace: store.namespace, members, series: store.series, pods: `${name}-\\\\d+`, container: name },
        // With the server's own heap a tool would take the pod over its limit.
        tool: (command) => {
          const [program, ...args] = command.split(' ');
          const server = `--bootstrap-server localhost:${BROKER_PORT}`;
          return `kubectl -n ${store.namespace} exec ${name}-0 -c ${name} -- env KAFKA_HEAP_OPTS=-Xmx128m /opt/kafka/bin/${program} ${server} ${args.join(' ')}`;
        },
      }),
      clients: () => {
        const servers = hosts.map((host) => `${host}:${BROKER_PORT}`).join(',');
        const job = new TopicsJob(store, 'topics', { topics, servers, image: images.kafka });
        const env = { KAFKA_BOOTSTRAP_SERVERS: servers };
        return {
          env,
          client: (user, use) => ({
            env: { ...env, ...usedBy(store, topics, user, use) },
            endpoints: [store.endpoint('kafka')],
            construct: job,
          }),
        };
      },
    };
  };

const BROKER_PORT = 9092;
const CONTROLLER_PORT = 9093;

const volume = '/var/lib/kafka/data';

/** The image's own would also let in members of every other cluster that kept it. The first bit is cleared: an id must not begin with a dash. */
function clusterIdOf(store: HaStatefulStore): string {
  const owner = [environmentOf(store).name, store.namespace, store.name].join('/');
  const id = createHash('sha256').update(owner).digest().subarray(0, 16);
  id[0]! &= 0x7f;
  return id.toString('base64url');
}

// Kafka's own also writes a file an hour, and deletes none.
const logging = `Configuration:
  Appenders:
    Console:
      name: STDOUT
      PatternLayout:
        pattern: "[%d] %p %m (%c)%n"
  Loggers:
    Root:
      level: INFO
      AppenderRef:
        - ref: STDOUT
`;
