import { expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import type { TopicUse } from '../../../constructs/stores/kafka/clients.ts';
import { type KafkaProps, kafka } from '../../../constructs/stores/kafka.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, type Options, render } from '../render.ts';

const images = { kafka: 'kafka:4.3.1', kafkaExporter: 'kafka-exporter:v1.9.0' };
const orders = { name: 'orders.placed', partitions: 6, retentionDays: 7 };
const mail = { name: 'mail', partitions: 1, retentionDays: 0.5 };

interface Changes extends Partial<KafkaProps> {
  readonly members?: number;
  readonly size?: 'small' | 'large';
  readonly use?: TopicUse;
}

function store({ members = 3, size = 'large', use, ...props }: Changes = {}, options: Options = {}) {
  return render(
    (chart) => {
      const engine = kafka({ topics: [orders, mail], images, ...props });
      const all = { members, size, storage: '10Gi', backup: { none: 'kept by replication' } };
      const made = new HaStatefulStore(chart, 'kafka', { engine, ...all });
      const uses = [use ? made.client('shop', use) : made];
      new Workload(chart, 'shop', { image: 'shop:1.0.0', size: 'tiny', uses });
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }], ...options },
  );
}

const server = ({ find }: ReturnType<typeof store>) => find('StatefulSet', 'kafka').spec.template.spec.containers[0];
const settings = ({ find }: ReturnType<typeof store>) => find('ConfigMap', 'kafka').data;

test('every member has its own id and advertises its own name, and all know all voters', () => {
  const made = store();
  expect(made.problems).toEqual([]);
  expect(server(made).env).toEqual([
    {
      name: 'KAFKA_NODE_ID',
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } },
    },
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'KAFKA_ADVERTISED_LISTENERS', value: 'PLAINTEXT://$(POD_NAME).kafka-headless.shop.svc:9092' },
  ]);
  expect(settings(made)['KAFKA_CONTROLLER_QUORUM_VOTERS'].split(',')).toEqual([
    '0@kafka-0.kafka-headless.shop.svc:9093',
    '1@kafka-1.kafka-headless.shop.svc:9093',
    '2@kafka-2.kafka-headless.shop.svc:9093',
  ]);
});

test.each([
  [1, '1', '1'],
  [3, '3', '2'],
  [5, '3', '2'],
])(
  'of %d members %s have a copy, %s when it is acknowledged, in every topic of Kafka itself too',
  (members, copies, needed) => {
    const data = settings(store({ members }, { nodes: [{ ...environment.nodes[0]!, count: 5 }] }));
    const values = (pattern: RegExp) =>
      new Set(Object.keys(data).flatMap((name) => (pattern.test(name) ? data[name] : [])));
    expect(values(/REPLICATION_FACTOR$/)).toEqual(new Set([copies]));
    expect(values(/MIN_ISR$|MIN_INSYNC/)).toEqual(new Set([needed]));
  },
);

test('the volume is mounted where the image declares one, and written below it; the config folder can be written', () => {
  const made = store();
  const { volumeMounts, securityContext } = server(made);
  expect(volumeMounts).toContainEqual({ name: 'data', mountPath: '/var/lib/kafka/data' });
  expect(settings(made)['KAFKA_LOG_DIRS']).toBe('/var/lib/kafka/data/logs');
  expect(volumeMounts).toContainEqual({ name: 'opt-kafka-config', mountPath: '/opt/kafka/config' });
  expect(securityContext.readOnlyRootFilesystem).toBe(true);
  expect(made.find('StatefulSet', 'kafka').spec.template.spec.enableServiceLinks).toBe(false);
});

test('the cluster has an id of its own, the same at every rendering, and another one in another environment', () => {
  const id = (options: Options = {}) => settings(store({}, options))['CLUSTER_ID'];
  expect(id()).toMatch(/^[A-Za-z0-9][\w-]{21}$/);
  expect(id()).toBe(id());
  expect(id({ name: 'prod' })).not.toBe(id());
  expect(settings(store({ clusterId: 'MkU3OEVBNTcwNTJENDM2Qk' }))['CLUSTER_ID']).toBe('MkU3OEVBNTcwNTJENDM2Qk');
});

test('the heap is half of the memory limit', () => {
  expect(settings(store())['KAFKA_HEAP_OPTS']).toBe('-Xms512m -Xmx512m');
});

test('a write is on disk before it is acknowledged, unless that is turned off', () => {
  expect(settings(store())['KAFKA_LOG_FLUSH_INTERVAL_MESSAGES']).toBe('1');
  expect(settings(store({ fsync: false }))).not.toHaveProperty('KAFKA_LOG_FLUSH_INTERVAL_MESSAGES');
});

test('no probe but readiness asks for the port that opens only with a quorum', () => {
  const { startupProbe, livenessProbe, readinessProbe } = server(store());
  expect([startupProbe, livenessProbe, readinessProbe].map(({ tcpSocket }) => tcpSocket.port)).toEqual([
    'controller',
    'controller',
    'kafka',
  ]);
});

test('a client is told every member, its topics and its group, and is let in', () => {
  const { find, problems } = store({ use: { consumes: ['orders.placed', 'mail'], produces: ['mail'] } });
  expect(problems).toEqual([]);
  expect(find('ConfigMap', 'shop').data).toEqual({
    KAFKA_BOOTSTRAP_SERVERS: [0, 1, 2].map((n) => `kafka-${n}.kafka-headless.shop.svc:9092`).join(','),
    KAFKA_GROUP_ID: 'shop',
    KAFKA_PRODUCER_TOPICS: 'mail',
    KAFKA_TOPICS: 'orders.placed,mail',
  });
  const { ingress } = find('NetworkPolicy', 'kafka').spec;
  const allowed = (name: string) =>
    ingress
      .find(({ from }: { from: object[] }) => JSON.stringify(from).includes(`"${name}"`))
      .ports.map((port: { port: number }) => port.port);
  expect(allowed('shop')).toEqual([9092]);
  expect(allowed('kafka-topics')).toEqual([9092]);
  expect(allowed('kafka')).toEqual([9092, 9093]);
  expect(find('NetworkPolicy', 'shop').spec.egress).toContainEqual(
    expect.objectContaining({ ports: [{ protocol: 'TCP', port: 9092 }] }),
  );
});

test('the store itself can be used, by what takes no part in topics', () => {
  expect(Object.keys(store().find('ConfigMap', 'shop').data)).toEqual(['KAFKA_BOOTSTRAP_SERVERS']);
});

test('alerts select the exporters of this store', () => {
  const { groups } = store().find('PrometheusRule', 'kafka').spec;
  const rules: { alert: string; expr: string }[] = groups[0].rules;
  const own = rules.filter(({ alert }) => alert.startsWith('Kafka'));
  expect(own.map(({ alert }) => alert)).toEqual([
    'KafkaControllerMissing',
    'KafkaBrokerMissing',
    'KafkaPartitionsOffline',
    'KafkaConsumerBehind',
    'KafkaPartitionsUnderReplicated',
    'KafkaWritesRefused',
  ]);
  for (const { alert, expr } of own) {
    expect([alert, expr]).toEqual([alert, expect.stringMatching(/namespace="shop",(job="kafka"|pod=~"kafka-)/)]);
  }
  const single = store({ members: 1 }).find('PrometheusRule', 'kafka').spec.groups[0].rules;
  expect(JSON.stringify(single)).not.toContain('KafkaWritesRefused');
});

test.each<[string, Changes, string]>([
  ['two members', { members: 2 }, 'members: 2 cannot form a quorum'],
  ['a heap that is too small', { size: 'small' }, 'size: its limit leaves a heap of 128 MiB'],
  ['no topic', { topics: [] }, 'topics: none'],
  [
    "a topic of Kafka's own",
    { topics: [{ ...mail, name: '__consumer_offsets' }] },
    'topics: "__consumer_offsets" is no',
  ],
  [
    'topics that only differ in . and _',
    { topics: [orders, { ...orders, name: 'orders_placed' }] },
    'orders_placed is there twice',
  ],
  ['no partitions', { topics: [{ ...mail, partitions: 0 }] }, 'mail has 0 partitions'],
  ['no retention', { topics: [{ ...mail, retentionDays: 0 }] }, 'mail keeps records for 0 days'],
  [
    'fewer copies than a lost member needs',
    { topics: [{ ...mail, replicas: 2 }] },
    'mail has 2 replicas, of 3 members it needs 3',
  ],
  ['more copies than members', { topics: [{ ...mail, replicas: 4 }] }, 'mail has 4 replicas'],
  [
    'a copy too many for one member',
    { members: 1, topics: [{ ...mail, replicas: 3 }] },
    'mail has 3 replicas, of 1 members it needs 1',
  ],
  ['an id that is none', { clusterId: 'kafka' }, 'clusterId: "kafka" is no id'],
  ['a client of a topic that nobody makes', { use: { consumes: ['mial'] } }, 'client: shop uses topic mial'],
  ['a client that does nothing', { use: {} }, 'client: shop neither consumes nor produces'],
])('refuses %s', (_, changes, message) => {
  expect(store(changes).problems).toEqual([expect.stringContaining(message)]);
});

test('refuses a backup, for there is nothing to dump', () => {
  const { problems } = render((chart) => {
    const engine = kafka({ topics: [mail], images });
    const backup = { rpoMinutes: 60, targets: [], uploader: 'rclone:1.75.1' };
    new HaStatefulStore(chart, 'kafka', { engine, members: 1, size: 'large', storage: '1Gi', backup });
  });
  expect(problems).toEqual([expect.stringContaining('backup: this engine has no dump')]);
});
