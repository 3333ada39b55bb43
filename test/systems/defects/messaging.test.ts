import { describe, expect, test } from '@jest/globals';
import { images } from '../../../charts/versions.ts';
import { container, data, find, ofKind, type Plain, pod, store, variable } from './stores.ts';

describe('what is acknowledged is kept [7]', () => {
  test('Kafka answers when two of three have a record, transactions included', () => {
    expect(data('kafka')).toMatchObject({
      KAFKA_DEFAULT_REPLICATION_FACTOR: '3',
      KAFKA_MIN_INSYNC_REPLICAS: '2',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '2',
    });
    const { config } = find('Kafka', 'lab', 'audit').spec.kafka;
    expect(config).toMatchObject({
      'default.replication.factor': 3,
      'min.insync.replicas': 2,
      'transaction.state.log.min.isr': 2,
    });
  });

  test('a minority of RabbitMQ pauses, as its operator has it: nothing is said about partitions', () => {
    expect(find('RabbitmqCluster', 'lab', 'rabbitmq').spec).not.toHaveProperty('rabbitmq');
  });

  test('every queue is a quorum queue', () => {
    const queues = ofKind('Queue');
    expect(queues.length).toBeGreaterThan(0);
    for (const { spec } of queues) expect(spec).toMatchObject({ type: 'quorum', durable: true });
    for (const { spec } of ofKind('Vhost')) expect(spec.defaultQueueType).toBe('quorum');
  });

  test('RabbitMQ is given the memory that it counts on', () => {
    const { requests, limits } = find('RabbitmqCluster', 'lab', 'rabbitmq').spec.resources;
    expect(requests.memory).toBe(limits.memory);
  });

  test('its version is one that is maintained', () => {
    expect(images.rabbitmq).toMatch(/:4\.\d+\.\d+-management$/);
  });
});

describe('Kafka without ZooKeeper [13]', () => {
  const kafka = () => container('kafka');

  test('every property is there that the variables replace', () => {
    expect(data('kafka')).toMatchObject({
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
    });
    expect(variable(kafka(), 'KAFKA_NODE_ID').valueFrom.fieldRef.fieldPath).toBe(
      "metadata.labels['apps.kubernetes.io/pod-index']",
    );
  });

  test('each member is known by its own name, to voters and clients', () => {
    const advertised = variable(kafka(), 'KAFKA_ADVERTISED_LISTENERS').value;
    expect(advertised).toBe('PLAINTEXT://$(POD_NAME).kafka-headless.lab.svc:9092');
    const voters = data('kafka').KAFKA_CONTROLLER_QUORUM_VOTERS.split(',');
    expect(voters).toEqual([0, 1, 2].map((n) => `${n}@kafka-${n}.kafka-headless.lab.svc:9093`));
  });

  test('records are on the volume', () => {
    const [{ metadata }] = store('kafka').spec.volumeClaimTemplates;
    const { mountPath } = kafka().volumeMounts.find(({ name }: Plain) => name === metadata.name);
    expect(data('kafka').KAFKA_LOG_DIRS.startsWith(`${mountPath}/`)).toBe(true);
  });

  test('the Service of members is there, and names them before they are ready', () => {
    const { serviceName, selector, template } = store('kafka').spec;
    expect(find('Service', 'lab', serviceName).spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });

  test('internal topics have as many copies as there are members', () => {
    expect(data('kafka')).toMatchObject({
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '3',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '3',
    });
  });

  test('members start at once: one alone elects nobody', () => {
    expect(store('kafka').spec.podManagementPolicy).toBe('Parallel');
  });

  test('no Service becomes a property', () => {
    expect(pod('kafka').enableServiceLinks).toBe(false);
  });

  test('the volume belongs to the server, and its configuration folder can be written', () => {
    expect(pod('kafka').securityContext.fsGroup).toBe(1000);
    const { name } = kafka().volumeMounts.find(({ mountPath }: Plain) => mountPath === '/opt/kafka/config');
    expect(pod('kafka').volumes).toContainEqual({ name, emptyDir: {} });
  });

  test('the cluster has an id of its own, not the one that the image ships', () => {
    expect(data('kafka').CLUSTER_ID).toMatch(/^[\w-]{22}$/);
    expect(data('kafka').CLUSTER_ID).not.toBe('5L6g3nShT-eMCtK--X86sw');
  });
});
