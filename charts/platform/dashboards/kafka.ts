import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'namespace=~"$namespace",topic=~"$topic"';

/** What its exporter tells, alike for each member that has one: @see https://github.com/danielqsj/kafka_exporter */
export const kafka: DashboardProps = {
  title: 'Kafka',
  variables: {
    namespace: 'label_values(kafka_brokers, namespace)',
    topic: 'label_values(kafka_topic_partitions{namespace=~"$namespace"}, topic)',
  },
  rows: {
    Now: [
      {
        title: 'Brokers',
        as: 'stat',
        queries: { '{{namespace}}': 'max by (namespace) (kafka_brokers{namespace=~"$namespace"})' },
      },
      {
        title: 'Partitions',
        as: 'stat',
        queries: {
          '{{namespace}}': `sum by (namespace) (max by (namespace, topic) (kafka_topic_partitions{${series}}))`,
        },
      },
      {
        title: 'Partitions that lack a copy',
        as: 'stat',
        queries: {
          '{{namespace}}': `sum by (namespace) (max by (namespace, topic, partition) (kafka_topic_partition_under_replicated_partition{${series}}))`,
        },
      },
      {
        title: 'Partitions led by another than preferred',
        as: 'stat',
        queries: {
          '{{namespace}}': `count by (namespace) (max by (namespace, topic, partition) (kafka_topic_partition_leader_is_preferred{${series}}) == 0)`,
        },
      },
    ],
    Records: [
      {
        title: 'Written',
        unit: 'ops',
        queries: {
          '{{topic}}': `sum by (topic) (max by (topic, partition) (rate(kafka_topic_partition_current_offset{${series}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Read',
        unit: 'ops',
        queries: {
          '{{consumergroup}} {{topic}}': `sum by (consumergroup, topic) (max by (consumergroup, topic, partition) (rate(kafka_consumergroup_current_offset{${series}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Unread',
        queries: {
          '{{consumergroup}} {{topic}}': `max by (consumergroup, topic) (kafka_consumergroup_lag_sum{${series}})`,
        },
      },
      {
        title: 'Kept',
        queries: {
          '{{topic}}': `sum by (topic) (max by (topic, partition) (kafka_topic_partition_current_offset{${series}} - kafka_topic_partition_oldest_offset{${series}}))`,
        },
      },
      {
        title: 'Copies in sync',
        queries: { '{{topic}}': `min by (topic) (kafka_topic_partition_in_sync_replica{${series}})` },
      },
      {
        title: 'Members of groups',
        queries: {
          '{{consumergroup}}': 'max by (consumergroup) (kafka_consumergroup_members{namespace=~"$namespace"})',
        },
      },
    ],
  },
};
