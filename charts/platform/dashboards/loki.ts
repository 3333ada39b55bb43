import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'namespace="loki"';

/** Logs, and how Loki is. @see https://grafana.com/docs/loki/latest/operations/meta-monitoring/ */
export const logs: DashboardProps = {
  title: 'Logs',
  variables: {
    namespace: 'label_values(kube_pod_info, namespace)',
  },
  rows: {
    Lines: [
      {
        title: 'By program',
        from: 'loki',
        width: 12,
        queries: { '{{app}}': 'sum by (app) (count_over_time({namespace=~"$namespace"}[$__auto]))' },
      },
      {
        title: 'That speak of errors',
        from: 'loki',
        width: 12,
        queries: {
          '{{app}}':
            'sum by (app) (count_over_time({namespace=~"$namespace"} |~ "(?i)(error|exception|fatal|panic)" [$__auto]))',
        },
      },
      { title: 'Latest', from: 'loki', as: 'logs', queries: { lines: '{namespace=~"$namespace"}' } },
    ],
    Loki: [
      {
        title: 'Taken',
        unit: 'Bps',
        queries: { bytes: `sum(rate(loki_distributor_bytes_received_total{${series}}[$__rate_interval]))` },
      },
      {
        title: 'Refused lines',
        unit: 'ops',
        queries: { '{{reason}}': `sum by (reason) (rate(loki_discarded_samples_total{${series}}[$__rate_interval]))` },
      },
      { title: 'Streams', queries: { streams: `sum(loki_ingester_memory_streams{${series}})` } },
      {
        title: 'Slowest of a hundred requests',
        unit: 's',
        queries: {
          '{{route}}': `histogram_quantile(0.99, sum by (le, route) (rate(loki_request_duration_seconds_bucket{${series}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Failed requests',
        unit: 'reqps',
        queries: {
          '{{route}}': `sum by (route) (rate(loki_request_duration_seconds_count{status_code=~"5..",${series}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Since the last deletion',
        unit: 's',
        queries: {
          age: `time() - max(loki_compactor_apply_retention_last_successful_run_timestamp_seconds{${series}} > 0)`,
        },
      },
    ],
  },
};
