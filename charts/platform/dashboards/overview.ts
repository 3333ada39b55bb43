import type { DashboardProps } from '../../../constructs/dashboard.ts';

/** One look: does everything run, is anything full, is anybody told. */
export const overview: DashboardProps = {
  title: 'Overview',
  rows: {
    Now: [
      {
        title: 'Nodes not ready',
        as: 'stat',
        queries: { nodes: 'sum(kube_node_status_condition{condition="Ready",status!="true"}) or vector(0)' },
      },
      {
        title: 'Pods not running',
        as: 'stat',
        queries: { pods: 'sum(kube_pod_status_phase{phase=~"Pending|Failed|Unknown"}) or vector(0)' },
      },
      {
        title: 'Alerts',
        as: 'stat',
        queries: { '{{severity}}': 'count by (severity) (ALERTS{alertstate="firing",severity=~"critical|warning"})' },
      },
      { title: 'Targets that do not answer', as: 'stat', queries: { targets: 'count(up == 0) or vector(0)' } },
      {
        title: 'Volumes over 85 %',
        as: 'stat',
        queries: {
          volumes:
            'count(kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.15) or vector(0)',
        },
      },
      {
        title: 'Certificates due for renewal',
        as: 'stat',
        queries: {
          // An hour is what a renewal may take; one that was never issued has no such time.
          certificates: 'count(time() - (certmanager_certificate_renewal_timestamp_seconds != 0) > 3600) or vector(0)',
        },
      },
    ],
    Traffic: [
      {
        title: 'Requests',
        unit: 'reqps',
        queries: { '{{code}}': 'sum by (code) (rate(traefik_entrypoint_requests_total[$__rate_interval]))' },
      },
      {
        title: 'Errors',
        unit: 'percentunit',
        queries: {
          'share of 5xx':
            'sum(rate(traefik_entrypoint_requests_total{code=~"5.."}[$__rate_interval])) / sum(rate(traefik_entrypoint_requests_total[$__rate_interval]))',
        },
      },
      {
        title: 'Slowest of a hundred',
        unit: 's',
        queries: {
          '{{entrypoint}}':
            'histogram_quantile(0.99, sum by (le, entrypoint) (rate(traefik_entrypoint_request_duration_seconds_bucket[$__rate_interval])))',
        },
      },
    ],
    Capacity: [
      {
        title: 'CPU by namespace',
        unit: 'cores',
        queries: {
          '{{namespace}}':
            'topk(10, sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=""}[$__rate_interval])))',
        },
      },
      {
        title: 'Memory by namespace',
        unit: 'bytes',
        queries: {
          '{{namespace}}': 'topk(10, sum by (namespace) (container_memory_working_set_bytes{container!=""}))',
        },
      },
      {
        title: 'Requested of what nodes have',
        unit: 'percentunit',
        queries: {
          '{{resource}}':
            'sum by (resource) (kube_pod_container_resource_requests{resource=~"cpu|memory"}) / sum by (resource) (kube_node_status_allocatable{resource=~"cpu|memory"})',
        },
      },
    ],
    'What fails': [
      {
        title: 'Restarts in the last hour',
        as: 'table',
        width: 12,
        queries: {
          restarts:
            'topk(20, sum by (namespace, pod, container) (increase(kube_pod_container_status_restarts_total[1h])) > 0)',
        },
      },
      {
        title: 'Firing',
        as: 'table',
        width: 12,
        queries: { alerts: 'ALERTS{alertstate="firing",alertname!~"Watchdog|InfoInhibitor"}' },
      },
    ],
  },
};
