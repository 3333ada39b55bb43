import type { DashboardProps } from '../../constructs/dashboard.ts';

const requests = 'http_server_requests_seconds';
const router = 'http_server_request_duration_seconds';
const service = 'namespace="neotool-app",job=~"$service"';

/** How Neotool does, at a glance. The stores and the cluster have dashboards of the platform's. */
export const overview: DashboardProps = {
  title: 'Neotool',
  rows: {
    GraphQL: [
      {
        title: 'Requests',
        unit: 'reqps',
        queries: { requests: `sum(rate(${router}_count{namespace="neotool-web",job="router"}[$__rate_interval]))` },
      },
      {
        title: 'Errors',
        unit: 'percentunit',
        queries: {
          errors: `sum(rate(${router}_count{namespace="neotool-web",job="router",http_response_status_code=~"5.."}[$__rate_interval])) / sum(rate(${router}_count{namespace="neotool-web",job="router"}[$__rate_interval]))`,
        },
      },
      {
        title: 'Slowest of twenty',
        unit: 's',
        queries: {
          'all requests': `histogram_quantile(0.95, sum by (le) (rate(${router}_bucket{namespace="neotool-web",job="router"}[$__rate_interval])))`,
        },
      },
    ],
    Services: [
      {
        title: 'Requests, a canary by itself',
        unit: 'reqps',
        queries: { '{{job}}': `sum by (job) (rate(${requests}_count{namespace="neotool-app"}[$__rate_interval]))` },
      },
      {
        title: 'Errors',
        unit: 'percentunit',
        queries: {
          '{{job}}': `sum by (job) (rate(${requests}_count{namespace="neotool-app",status=~"5.."}[$__rate_interval])) / sum by (job) (rate(${requests}_count{namespace="neotool-app"}[$__rate_interval]))`,
        },
      },
      {
        title: 'Pods',
        queries: {
          '{{deployment}}': 'kube_deployment_status_replicas_available{namespace=~"neotool-(app|web)"}',
        },
      },
    ],
    Behind: [
      {
        title: 'Vault members unsealed',
        as: 'stat',
        queries: { members: 'count(vault_core_unsealed{namespace="neotool-security"} == 1)' },
      },
      {
        title: 'Records that nobody has read yet',
        queries: {
          '{{consumergroup}}': 'sum by (consumergroup) (kafka_consumergroup_lag{namespace="neotool-messaging"})',
        },
      },
    ],
  },
};

/** One service or several, with the names that Micrometer gives. */
export const services: DashboardProps = {
  title: 'Neotool services',
  variables: { service: 'label_values(http_server_requests_seconds_count{namespace="neotool-app"}, job)' },
  rows: {
    Requests: [
      {
        title: 'Requests',
        unit: 'reqps',
        queries: {
          '{{job}} {{uri}}': `sum by (job, uri) (rate(${requests}_count{${service}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Answers',
        unit: 'reqps',
        queries: {
          '{{job}} {{status}}': `sum by (job, status) (rate(${requests}_count{${service}}[$__rate_interval]))`,
        },
      },
      {
        title: 'Slowest of twenty',
        unit: 's',
        queries: {
          '{{job}}': `histogram_quantile(0.95, sum by (le, job) (rate(${requests}_bucket{${service}}[$__rate_interval])))`,
        },
      },
    ],
    JVM: [
      {
        title: 'Heap',
        unit: 'bytes',
        queries: { '{{pod}}': `sum by (pod) (jvm_memory_used_bytes{${service},area="heap"})` },
      },
      {
        title: 'Pauses',
        unit: 's',
        queries: { '{{pod}}': `sum by (pod) (rate(jvm_gc_pause_seconds_sum{${service}}[$__rate_interval]))` },
      },
      { title: 'Threads', queries: { '{{pod}}': `sum by (pod) (jvm_threads_live_threads{${service}})` } },
    ],
    Connections: [
      { title: 'In use', queries: { '{{pod}}': `sum by (pod) (hikaricp_connections_active{${service}})` } },
      { title: 'Waited for', queries: { '{{pod}}': `sum by (pod) (hikaricp_connections_pending{${service}})` } },
    ],
    Log: [
      { title: 'Lines', from: 'loki', as: 'logs', queries: { lines: '{namespace="neotool-app", app=~"$service"}' } },
    ],
  },
};
