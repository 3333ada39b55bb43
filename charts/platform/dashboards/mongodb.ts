import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'namespace=~"$namespace",job=~"$store"';

/** What its exporter tells: @see https://github.com/percona/mongodb_exporter/blob/main/REFERENCE.md */
export const mongodb: DashboardProps = {
  title: 'MongoDB',
  variables: {
    namespace: 'label_values(mongodb_up, namespace)',
    store: 'label_values(mongodb_up{namespace=~"$namespace"}, job)',
  },
  rows: {
    Members: [
      { title: 'Up', as: 'stat', queries: { '{{pod}}': `mongodb_up{${series}}` } },
      {
        title: 'State, 1 is the primary',
        as: 'stat',
        width: 8,
        queries: { '{{pod}}': `mongodb_mongod_replset_my_state{${series}}` },
      },
      {
        title: 'Behind',
        unit: 's',
        width: 12,
        queries: { '{{name}}': `max by (name) (mongodb_mongod_replset_member_replication_lag{${series}})` },
      },
    ],
    Work: [
      {
        title: 'Operations',
        unit: 'ops',
        queries: { '{{pod}} {{legacy_op_type}}': `rate(mongodb_ss_opcounters{${series}}[$__rate_interval])` },
      },
      {
        title: 'Connections',
        queries: { '{{pod}} {{conn_type}}': `mongodb_ss_connections{conn_type=~"current|available",${series}}` },
      },
      { title: 'Memory', unit: 'decmbytes', queries: { '{{pod}}': `mongodb_ss_mem_resident{${series}}` } },
      {
        title: 'Cache',
        unit: 'bytes',
        queries: {
          'used {{pod}}': `mongodb_ss_wt_cache_bytes_currently_in_the_cache{${series}}`,
          'most {{pod}}': `mongodb_ss_wt_cache_maximum_bytes_configured{${series}}`,
        },
      },
      {
        title: 'Documents',
        unit: 'ops',
        queries: { '{{pod}} {{doc_op_type}}': `rate(mongodb_ss_metrics_document{${series}}[$__rate_interval])` },
      },
      {
        title: 'Queries that scan',
        unit: 'ops',
        queries: { '{{pod}}': `rate(mongodb_ss_metrics_queryExecutor_scannedObjects{${series}}[$__rate_interval])` },
      },
    ],
  },
};
