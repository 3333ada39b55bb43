import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'namespace=~"$namespace"';

/** What its members say of themselves: @see https://www.rabbitmq.com/docs/prometheus */
export const rabbitmq: DashboardProps = {
  title: 'RabbitMQ',
  variables: { namespace: 'label_values(rabbitmq_identity_info, namespace)' },
  rows: {
    Now: [
      { title: 'Members', as: 'stat', queries: { members: `count(rabbitmq_identity_info{${series}})` } },
      { title: 'Waiting', as: 'stat', queries: { messages: `sum(rabbitmq_queue_messages_ready{${series}})` } },
      { title: 'Not confirmed', as: 'stat', queries: { messages: `sum(rabbitmq_queue_messages_unacked{${series}})` } },
      { title: 'Connections', as: 'stat', queries: { connections: `sum(rabbitmq_connections{${series}})` } },
      { title: 'Queues', as: 'stat', queries: { queues: `sum(rabbitmq_queues{${series}})` } },
      { title: 'Consumers', as: 'stat', queries: { consumers: `sum(rabbitmq_consumers{${series}})` } },
    ],
    Messages: [
      {
        title: 'Waiting and not confirmed',
        queries: {
          'waiting {{pod}}': `sum by (pod) (rabbitmq_queue_messages_ready{${series}})`,
          'not confirmed {{pod}}': `sum by (pod) (rabbitmq_queue_messages_unacked{${series}})`,
        },
      },
      {
        title: 'Published',
        unit: 'ops',
        queries: {
          '{{pod}}': `sum by (pod) (rate(rabbitmq_global_messages_received_total{${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Delivered',
        unit: 'ops',
        queries: {
          '{{pod}}': `sum by (pod) (rate(rabbitmq_global_messages_delivered_total{${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Delivered again',
        unit: 'ops',
        queries: {
          '{{pod}}': `sum by (pod) (rate(rabbitmq_global_messages_redelivered_total{${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Given up',
        unit: 'ops',
        queries: {
          '{{pod}}': `sum by (pod) (rate(rabbitmq_global_messages_dead_lettered_confirmed_total{${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Led to no queue',
        unit: 'ops',
        queries: {
          '{{pod}}': `sum by (pod) (rate(rabbitmq_global_messages_unroutable_dropped_total{${series}}[$__rate_interval]))`,
        },
      },
    ],
    Members: [
      {
        title: 'Memory',
        unit: 'bytes',
        queries: {
          '{{pod}}': `rabbitmq_process_resident_memory_bytes{${series}}`,
          'limit {{pod}}': `rabbitmq_resident_memory_limit_bytes{${series}}`,
        },
      },
      { title: 'Disk left', unit: 'bytes', queries: { '{{pod}}': `rabbitmq_disk_space_available_bytes{${series}}` } },
      { title: 'Members out of reach', queries: { '{{pod}}': `rabbitmq_unreachable_cluster_peers_count{${series}}` } },
    ],
  },
};
