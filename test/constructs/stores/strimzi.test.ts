import { expect, test } from '@jest/globals';
import type { TopicUse } from '../../../constructs/stores/kafka/clients.ts';
import { StrimziKafka, type StrimziKafkaProps } from '../../../constructs/stores/strimzi.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, render } from '../render.ts';

const props: StrimziKafkaProps = {
  version: '4.3.1',
  members: 3,
  storage: '100Gi',
  size: 'xlarge',
  topics: [
    { name: 'Test_Events', partitions: 3, retentionDays: 7 },
    { name: 'mail', partitions: 1, retentionDays: 1 },
  ],
};

const kafka = (
  changes: Partial<StrimziKafkaProps> = {},
  use: TopicUse = { consumes: ['Test_Events'], produces: ['mail'] },
) =>
  render(
    (chart) => {
      const store = new StrimziKafka(chart, 'kafka', { ...props, ...changes });
      new Workload(chart, 'mailer', { image: 'mailer:1.0.0', size: 'tiny', uses: [store.client('mailer', use)] });
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
  );

test('brokers that are controllers too, of which two acknowledge what three have', () => {
  const { find, problems } = kafka();
  expect(problems).toEqual([]);
  expect(find('Kafka', 'kafka').spec.kafka).toMatchObject({
    version: '4.3.1',
    authorization: { type: 'simple' },
    config: { 'default.replication.factor': 3, 'min.insync.replicas': 2, 'log.flush.interval.messages': 1 },
  });
  const { metadata, spec } = find('KafkaNodePool', 'kafka');
  expect(metadata.labels['strimzi.io/cluster']).toBe('kafka');
  expect(spec).toMatchObject({
    replicas: 3,
    roles: ['controller', 'broker'],
    jvmOptions: { '-Xms': '1024m', '-Xmx': '1024m' },
    storage: { volumes: [{ size: '100Gi', class: 'local-path', deleteClaim: false }] },
  });
  expect(spec.template.pod.affinity.podAntiAffinity).toHaveProperty('requiredDuringSchedulingIgnoredDuringExecution');
});

test('nodes that are asked for by label are asked for by affinity, the only way the operator knows', () => {
  const { find } = kafka({ placement: { nodeSelector: { 'kubernetes.io/arch': 'arm64' } } });
  const { nodeAffinity } = find('KafkaNodePool', 'kafka').spec.template.pod.affinity;
  expect(nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms).toEqual([
    { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] }] },
  ]);
});

test('a topic keeps its name, whatever Kubernetes makes of it', () => {
  expect(kafka().find('KafkaTopic', 'test-events')).toMatchObject({
    metadata: { labels: { 'strimzi.io/cluster': 'kafka' } },
    spec: {
      topicName: 'Test_Events',
      partitions: 3,
      replicas: 3,
      config: { 'min.insync.replicas': 2, 'retention.ms': 604_800_000 },
    },
  });
});

test('a client has a user with the rights to its topics, and what its driver needs to log in', () => {
  const { find } = kafka();
  expect(find('KafkaUser', 'mailer').spec).toEqual({
    authentication: {
      type: 'scram-sha-512',
      password: { valueFrom: { secretKeyRef: { name: 'kafka-mailer', key: 'password' } } },
    },
    authorization: {
      type: 'simple',
      acls: [
        { resource: { type: 'topic', name: 'Test_Events', patternType: 'literal' }, operations: ['Read', 'Describe'] },
        { resource: { type: 'group', name: 'mailer', patternType: 'literal' }, operations: ['Read'] },
        { resource: { type: 'topic', name: 'mail', patternType: 'literal' }, operations: ['Write', 'Describe'] },
      ],
    },
  });
  expect(find('ConfigMap', 'mailer').data).toEqual({
    KAFKA_BOOTSTRAP_SERVERS: 'kafka-kafka-bootstrap.shop.svc:9092',
    KAFKA_GROUP_ID: 'mailer',
    KAFKA_PRODUCER_TOPICS: 'mail',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
    KAFKA_TOPICS: 'Test_Events',
    KAFKA_USERNAME: 'mailer',
  });
  expect(find('Deployment', 'mailer').spec.template.spec.containers[0].env).toEqual([
    { name: 'KAFKA_PASSWORD', valueFrom: { secretKeyRef: { name: 'kafka-mailer', key: 'password' } } },
  ]);
});

test('the password is where its readers are: the client, and the operator beside Kafka', () => {
  const { relations } = kafka({ clients: ['notifi'] });
  const sealed = relations.flatMap((relation) => relation.sealed ?? []);
  expect(sealed.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'shop/kafka-mailer',
    'notifi/kafka-mailer',
  ]);
});

test('alerts ask for what the PodMonitors scrape, and for the pods as the operator calls them', () => {
  const { find } = kafka();
  const { spec } = find('PrometheusRule', 'kafka');
  const jobs = new Set(JSON.stringify(spec).match(/job=\\"[^"]+\\"/g));
  expect(jobs).toEqual(new Set(['job=\\"shop/kafka-members\\"', 'job=\\"shop/kafka-exporter\\"']));
  for (const id of ['members', 'exporter']) expect(find('PodMonitor', `kafka-${id}`)).toBeDefined();
  expect(
    spec.groups[0].rules.find(({ alert }: { alert: string }) => alert === 'KafkaControllerMissing').expr,
  ).toContain('pod=~"kafka-kafka-\\\\d+",container="kafka"');
});

test('pods are open to each other, the operator, Prometheus and clients', () => {
  const { podSelector, ingress } = kafka().find('NetworkPolicy', 'kafka').spec;
  expect(podSelector.matchLabels).toEqual({ 'strimzi.io/cluster': 'kafka' });
  const ports = ingress.map((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port));
  expect(ports.sort()).toEqual([[8443, 9090, 9091], [9090, 9091], [9092], [9404]].sort());
});

test.each<[string, Partial<StrimziKafkaProps>, string]>([
  ['two members', { members: 2 }, 'members: 2 cannot form a quorum'],
  ['no storage', { storage: '0' }, 'storage: "0" holds nothing'],
  ['an unknown storage class', { storageClass: 'fast' }, 'storageClass: fast is not one of'],
  ['a heap that is too small', { size: 'medium' }, 'size: its limit leaves a heap of 256 MiB'],
  [
    'wrong copies',
    { topics: [...props.topics, { name: 'x', partitions: 1, retentionDays: 1, replicas: 1 }] },
    'x has 1 replicas',
  ],
])('refuses %s', (_, changes, message) => {
  expect(kafka(changes).problems).toEqual([expect.stringContaining(message)]);
});

test('refuses a client that is there twice, with rights the first would not have', () => {
  const { problems } = render(
    (chart) => {
      const store = new StrimziKafka(chart, 'kafka', props);
      store.client('mailer', { consumes: ['mail'] });
      store.client('mailer', { produces: ['mail'] });
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
  );
  expect(problems).toEqual([expect.stringContaining('client: mailer is there twice')]);
});
