import type { DashboardProps } from '../../../constructs/dashboard.ts';

const pods = 'namespace=~"$namespace",pod=~"$pod"';

/** Every workload, whatever it is written in: what its containers take, and what reaches it through the ingress. */
export const services: DashboardProps = {
  title: 'Services',
  variables: {
    namespace: 'label_values(kube_pod_info, namespace)',
    pod: 'label_values(kube_pod_info{namespace=~"$namespace"}, pod)',
  },
  rows: {
    Requests: [
      {
        title: 'Requests',
        unit: 'reqps',
        queries: {
          '{{service}}':
            'sum by (service) (rate(traefik_service_requests_total{service=~"($namespace)-.*"}[$__rate_interval]))',
        },
      },
      {
        title: 'Errors',
        unit: 'percentunit',
        queries: {
          '{{service}}':
            'sum by (service) (rate(traefik_service_requests_total{service=~"($namespace)-.*",code=~"5.."}[$__rate_interval])) / sum by (service) (rate(traefik_service_requests_total{service=~"($namespace)-.*"}[$__rate_interval]))',
        },
      },
      {
        title: 'Slowest of twenty',
        unit: 's',
        queries: {
          '{{service}}':
            'histogram_quantile(0.95, sum by (le, service) (rate(traefik_service_request_duration_seconds_bucket{service=~"($namespace)-.*"}[$__rate_interval])))',
        },
      },
    ],
    Pods: [
      {
        title: 'Ready',
        queries: {
          '{{namespace}}':
            'sum by (namespace) (kube_pod_status_ready{condition="true",namespace=~"$namespace",pod=~"$pod"})',
        },
      },
      {
        title: 'Replicas asked for and there',
        queries: {
          'asked for {{deployment}}': 'kube_deployment_spec_replicas{namespace=~"$namespace"}',
          'there {{deployment}}': 'kube_deployment_status_replicas_available{namespace=~"$namespace"}',
        },
      },
      {
        title: 'Restarts',
        queries: {
          '{{pod}} {{container}}': `increase(kube_pod_container_status_restarts_total{${pods}}[$__rate_interval]) > 0`,
        },
      },
    ],
    Resources: [
      {
        title: 'CPU',
        unit: 'cores',
        queries: {
          '{{pod}} {{container}}': `sum by (pod, container) (rate(container_cpu_usage_seconds_total{container!="",${pods}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Memory',
        unit: 'bytes',
        queries: {
          '{{pod}} {{container}}': `sum by (pod, container) (container_memory_working_set_bytes{container!="",${pods}})`,
        },
      },
      {
        title: 'Memory of its limit',
        unit: 'percentunit',
        queries: {
          '{{pod}} {{container}}': `sum by (pod, container) (container_memory_working_set_bytes{container!="",${pods}}) / sum by (pod, container) (kube_pod_container_resource_limits{resource="memory",${pods}})`,
        },
      },
      {
        title: 'Throttled',
        unit: 'percentunit',
        queries: {
          '{{pod}}': `sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{${pods}}[$__rate_interval])) / sum by (pod) (rate(container_cpu_cfs_periods_total{${pods}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Received',
        unit: 'Bps',
        queries: { '{{pod}}': `sum by (pod) (rate(container_network_receive_bytes_total{${pods}}[$__rate_interval]))` },
      },
      {
        title: 'Sent',
        unit: 'Bps',
        queries: {
          '{{pod}}': `sum by (pod) (rate(container_network_transmit_bytes_total{${pods}}[$__rate_interval]))`,
        },
      },
    ],
  },
};
