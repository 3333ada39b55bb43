import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'namespace=~"$namespace",job=~"$store"';

/** What its exporter tells: @see https://github.com/prometheus-community/postgres_exporter */
export const postgresql: DashboardProps = {
  title: 'PostgreSQL',
  variables: {
    namespace: 'label_values(pg_up, namespace)',
    store: 'label_values(pg_up{namespace=~"$namespace"}, job)',
  },
  rows: {
    Members: [
      { title: 'Up', as: 'stat', queries: { '{{pod}}': `pg_up{${series}}` } },
      {
        title: 'Leaders',
        as: 'stat',
        queries: { '{{job}}': `count by (job) (pg_replication_is_replica{${series}} == 0)` },
      },
      {
        title: 'Size',
        as: 'stat',
        unit: 'bytes',
        width: 8,
        queries: { '{{datname}}': `max by (datname) (pg_database_size_bytes{${series}})` },
      },
      {
        title: 'Replicas behind',
        unit: 's',
        width: 8,
        queries: { '{{pod}}': `pg_replication_lag_seconds{${series}}` },
      },
    ],
    Work: [
      {
        title: 'Connections',
        queries: {
          '{{pod}} {{state}}': `sum by (pod, state) (pg_stat_activity_count{${series}})`,
          'most {{pod}}': `pg_settings_max_connections{${series}}`,
        },
      },
      {
        title: 'Transactions',
        unit: 'ops',
        queries: {
          'committed {{datname}}': `sum by (datname) (rate(pg_stat_database_xact_commit{${series}}[$__rate_interval]))`,
          'rolled back {{datname}}': `sum by (datname) (rate(pg_stat_database_xact_rollback{${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Longest transaction',
        unit: 's',
        queries: { '{{datname}}': `max by (datname) (pg_stat_activity_max_tx_duration{${series}})` },
      },
      {
        title: 'Read from memory',
        unit: 'percentunit',
        queries: {
          '{{datname}}': `sum by (datname) (rate(pg_stat_database_blks_hit{${series}}[$__rate_interval])) / (sum by (datname) (rate(pg_stat_database_blks_hit{${series}}[$__rate_interval])) + sum by (datname) (rate(pg_stat_database_blks_read{${series}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Rows written',
        unit: 'ops',
        queries: {
          'inserted {{datname}}': `sum by (datname) (rate(pg_stat_database_tup_inserted{${series}}[$__rate_interval]))`,
          'updated {{datname}}': `sum by (datname) (rate(pg_stat_database_tup_updated{${series}}[$__rate_interval]))`,
          'deleted {{datname}}': `sum by (datname) (rate(pg_stat_database_tup_deleted{${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Deadlocks',
        queries: {
          '{{datname}}': `sum by (datname) (increase(pg_stat_database_deadlocks{${series}}[$__rate_interval]))`,
        },
      },
    ],
  },
};
