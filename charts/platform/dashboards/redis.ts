import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'namespace=~"$namespace",job=~"$store"';

/** What its exporter tells: @see https://github.com/oliver006/redis_exporter */
export const redis: DashboardProps = {
  title: 'Redis',
  variables: {
    namespace: 'label_values(redis_up, namespace)',
    store: 'label_values(redis_up{namespace=~"$namespace"}, job)',
  },
  rows: {
    Members: [
      { title: 'Up', as: 'stat', queries: { '{{pod}}': `redis_up{${series}}` } },
      { title: 'Leader', as: 'stat', queries: { '{{pod}}': `redis_instance_info{role="master",${series}}` } },
      { title: 'Replicas that follow', as: 'stat', queries: { '{{pod}}': `redis_connected_slaves{${series}} > 0` } },
      {
        title: 'Memory',
        unit: 'percentunit',
        width: 12,
        queries: { '{{pod}}': `redis_memory_used_bytes{${series}} / redis_memory_max_bytes{${series}}` },
      },
    ],
    Work: [
      {
        title: 'Commands',
        unit: 'ops',
        queries: { '{{pod}}': `rate(redis_commands_processed_total{${series}}[$__rate_interval])` },
      },
      {
        title: 'Found',
        unit: 'percentunit',
        queries: {
          '{{pod}}': `rate(redis_keyspace_hits_total{${series}}[$__rate_interval]) / (rate(redis_keyspace_hits_total{${series}}[$__rate_interval]) + rate(redis_keyspace_misses_total{${series}}[$__rate_interval]))`,
        },
      },
      { title: 'Clients', queries: { '{{pod}}': `redis_connected_clients{${series}}` } },
      { title: 'Keys', queries: { '{{pod}} {{db}}': `redis_db_keys{${series}} > 0` } },
      {
        title: 'Evicted',
        unit: 'ops',
        queries: { '{{pod}}': `rate(redis_evicted_keys_total{${series}}[$__rate_interval])` },
      },
      {
        title: 'Replicas behind',
        unit: 's',
        queries: { '{{slave_ip}}': `redis_connected_slave_lag_seconds{${series}}` },
      },
    ],
  },
};
