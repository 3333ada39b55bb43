import type { DashboardProps } from '../../../constructs/dashboard.ts';

const series = 'job="opentelemetry-collector"';
const rate = (metric: string, by: string) => `sum by (${by}) (rate(${metric}{${series}}[$__rate_interval]))`;
const signals = (metric: string, by: string) =>
  Object.fromEntries(
    ['spans', 'metric_points', 'log_records'].map((signal) => [
      `${signal.replace('_', ' ')} {{${by}}}`,
      rate(`${metric}_${signal}_total`, by),
    ]),
  );

/** What the Collector tells of itself: @see https://opentelemetry.io/docs/collector/internal-telemetry/ */
export const openTelemetryCollector: DashboardProps = {
  title: 'OpenTelemetry Collector',
  rows: {
    'In and out': [
      { title: 'Taken', unit: 'ops', width: 12, queries: signals('otelcol_receiver_accepted', 'transport') },
      { title: 'Sent on', unit: 'ops', width: 12, queries: signals('otelcol_exporter_sent', 'exporter') },
    ],
    Lost: [
      { title: 'Refused, memory is short', unit: 'ops', queries: signals('otelcol_receiver_refused', 'transport') },
      { title: 'Not delivered', unit: 'ops', queries: signals('otelcol_exporter_send_failed', 'exporter') },
      { title: 'No room to wait', unit: 'ops', queries: signals('otelcol_exporter_enqueue_failed', 'exporter') },
    ],
    Itself: [
      {
        title: 'Waiting to be sent',
        unit: 'percentunit',
        queries: {
          '{{exporter}}': `max by (exporter) (otelcol_exporter_queue_size{${series}} / otelcol_exporter_queue_capacity{${series}})`,
        },
      },
      {
        title: 'Memory',
        unit: 'bytes',
        queries: {
          used: 'sum(container_memory_working_set_bytes{namespace="opentelemetry-collector",container="opentelemetry-collector"})',
          limit:
            'sum(kube_pod_container_resource_limits{namespace="opentelemetry-collector",container="opentelemetry-collector",resource="memory"})',
        },
      },
      {
        title: 'CPU',
        unit: 'cores',
        queries: {
          used: 'sum(rate(container_cpu_usage_seconds_total{namespace="opentelemetry-collector",container="opentelemetry-collector"}[$__rate_interval]))',
        },
      },
    ],
  },
};
