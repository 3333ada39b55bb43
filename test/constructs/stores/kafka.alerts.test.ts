import { expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { kafka } from '../../../constructs/stores/kafka.ts';
import { firing, type Series, withPromtool } from '../../systems/promtool.ts';
import { environment, render } from '../render.ts';

const { find } = render(
  (chart) => {
    const topics = [{ name: 'orders', partitions: 1, retentionDays: 7 }];
    new HaStatefulStore(chart, 'kafka', {
      engine: kafka({ topics, images: { kafka: 'kafka:4.3.1', kafkaExporter: 'kafka-exporter:v1.9.0' } }),
      members: 3,
      storage: '10Gi',
      size: 'large',
      backup: { none: 'kept by replication' },
    });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);

/** The same value from all exporters, for an hour and a half. */
const everywhere = (metric: string, value: number | string): Series =>
  Object.fromEntries(
    [0, 1, 2].map((n) => [
      metric.replace(/^(\w+)(?:\{(.*)\})?$/, `$1{namespace="shop",job="kafka",pod="kafka-${n}",$2}`),
      typeof value === 'number' ? `${value}+0x90` : value,
    ]),
  );

const healthy: Series = {
  ...everywhere('up', 1),
  ...everywhere('kafka_brokers', 3),
  ...everywhere('kafka_topic_partition_replicas{topic="orders",partition="0"}', 3),
  ...everywhere('kafka_topic_partition_leader{topic="orders",partition="0"}', 1),
  ...everywhere('kafka_topic_partition_in_sync_replica{topic="orders",partition="0"}', 3),
  ...everywhere('kafka_topic_partition_under_replicated_partition{topic="orders",partition="0"}', 0),
  ...everywhere('kafka_topic_partition_current_offset{topic="orders",partition="0"}', '0+60x90'),
  ...everywhere('kafka_consumergroup_lag_sum{consumergroup="mailer",topic="orders"}', 500),
  ...Object.fromEntries(
    [0, 1, 2].map((n) => [
      `kube_pod_container_status_ready{namespace="shop",pod="kafka-${n}",container="kafka"}`,
      '1+0x90',
    ]),
  ),
};

const fires = (changes: Series, ...expected: string[]) => {
  const series = Object.fromEntries(Object.entries({ ...healthy, ...changes }).filter(([, values]) => values));
  expect(firing(find('PrometheusRule', 'kafka').spec, series, 60, expected)).toContain('SUCCESS');
};

withPromtool('alerts of Kafka', () => {
  test('none while all is well, a consumer being some minutes behind', () => fires({}));

  test('a partition without a leader', () =>
    fires(everywhere('kafka_topic_partition_leader{topic="orders",partition="0"}', ''), 'KafkaPartitionsOffline'));

  test('a copy behind, then too few to write', () => {
    const behind = everywhere('kafka_topic_partition_under_replicated_partition{topic="orders",partition="0"}', 1);
    fires(behind, 'KafkaPartitionsUnderReplicated');
    fires(
      { ...behind, ...everywhere('kafka_topic_partition_in_sync_replica{topic="orders",partition="0"}', 1) },
      'KafkaPartitionsUnderReplicated',
      'KafkaWritesRefused',
    );
  });

  test('a broker shut out', () => fires(everywhere('kafka_brokers', 2), 'KafkaBrokerMissing'));

  test('no majority of controllers, though the exporters answer', () =>
    fires(
      Object.fromEntries(
        [0, 1].map((n) => [
          `kube_pod_container_status_ready{namespace="shop",pod="kafka-${n}",container="kafka"}`,
          '0+0x90',
        ]),
      ),
      'KafkaControllerMissing',
    ));

  test('a consumer that has more unread than ten minutes brought, or reads nothing where nothing comes', () => {
    const lag = 'kafka_consumergroup_lag_sum{consumergroup="mailer",topic="orders"}';
    fires(everywhere(lag, 700), 'KafkaConsumerBehind');
    const quiet = everywhere('kafka_topic_partition_current_offset{topic="orders",partition="0"}', '5000+0x90');
    fires({ ...quiet, ...everywhere(lag, 1) }, 'KafkaConsumerBehind');
    fires({ ...quiet, ...everywhere(lag, 0) });
  });
});
