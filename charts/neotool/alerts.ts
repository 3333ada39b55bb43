import { type AlertRule, ratio } from '../../constructs/alert-rules.ts';
import { type NeotoolFacts, serviceNames } from './facts.ts';
import { IFDATA } from './messaging.ts';

const app = 'namespace="neotool-app"';
const web = 'namespace="neotool-web"';
const requests = 'http_server_requests_seconds';

/** Of Neotool's programs, by the names that Micrometer and Apollo Router give their metrics; stores have alerts of their own. */
export const neotoolAlerts = ({ bacenIfdata = false }: NeotoolFacts): AlertRule[] => [
  ...serviceNames.map((name) => down(`Neotool${name[0]!.toUpperCase()}${name.slice(1)}Down`, app, name)),
  down('NeotoolRouterDown', web, 'router'),
  {
    alert: 'NeotoolErrorRate',
    expr: `${ratio({
      of: `${requests}_count{${app},status=~"5.."}`,
      to: `${requests}_count{${app}}`,
      by: ['job'],
      over: '5m',
    })} > 0.05`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.job }} fails',
    description: '{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} end in an error of the server',
    runbook:
      'kubectl -n neotool-app logs -l app.kubernetes.io/name={{ $labels.job }}; a canary that fails: take it out of the environment, docs/neotool.md',
  },
  {
    alert: 'NeotoolLatency',
    expr: `histogram_quantile(0.95, sum by (le, job) (rate(${requests}_bucket{${app}}[5m]))) > 1`,
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.job }} is slow',
    description: 'One request in twenty to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}',
    runbook: "Dashboard Neotool services: is it the pool of connections, the JVM's memory, or what it calls",
  },
  {
    alert: 'NeotoolRouterErrorRate',
    expr: `${ratio({
      of: `http_server_request_duration_seconds_count{${web},job="router",http_response_status_code=~"5.."}`,
      to: `http_server_request_duration_seconds_count{${web},job="router"}`,
      by: ['job'],
      over: '5m',
    })} > 0.05`,
    for: '5m',
    severity: 'critical',
    summary: 'Apollo Router fails',
    description: '{{ $value | humanizePercentage }} of the GraphQL requests end in an error of the server',
    runbook: 'kubectl -n neotool-web logs -l app.kubernetes.io/name=router; it names the service that did not answer',
  },
  {
    alert: 'NeotoolHeapFull',
    expr: `sum by (job, pod) (jvm_memory_used_bytes{${app},area="heap"}) / (sum by (job, pod) (jvm_memory_max_bytes{${app},area="heap"}) > 0) > 0.9`,
    for: '10m',
    severity: 'warning',
    summary: "{{ $labels.pod }}'s heap is nearly full",
    description:
      '{{ $value | humanizePercentage }} of it has been in use for ten minutes; requests wait for the collector',
    runbook: 'A leak grows in every pod alike; else raise the size of the services in charts/neotool/services.ts',
  },
  {
    alert: 'NeotoolPoolExhausted',
    expr: `sum by (job, pod) (hikaricp_connections_pending{${app}}) > 0`,
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.pod }} waits for connections to the database',
    description: '{{ $value }} requests have been waiting for a connection for five minutes',
    runbook: 'Long queries in pg_stat_activity; then PgBouncer: SHOW POOLS at postgresql-pooler',
  },
  ...(bacenIfdata ? [overdue] : []),
];

const down = (alert: string, namespace: string, job: string): AlertRule => ({
  alert,
  expr: `absent(up{${namespace},job="${job}"} == 1)`,
  for: '2m',
  severity: 'critical',
  summary: `${job} is down`,
  description: `Prometheus has reached no pod of ${job} for two minutes`,
  runbook: `kubectl get pods -A -l app.kubernetes.io/name=${job}; one that is in Init waits for the key in Vault, docs/neotool.md`,
});

const cronJob = 'namespace="neotool-workflows",cronjob="bacen-ifdata"';

const overdue: AlertRule = {
  alert: 'NeotoolImportOverdue',
  expr: `time() - (kube_cronjob_status_last_successful_time{${cronJob}} or kube_cronjob_created{${cronJob}}) > 26 * 3600`,
  for: '10m',
  severity: 'warning',
  summary: `Nothing was published to ${IFDATA} for more than a day`,
  description: 'The last import that succeeded is {{ $value | humanizeDuration }} old',
  runbook: `kubectl -n neotool-workflows logs of the last failed Job; what could not be handled is in ${IFDATA}.dlq`,
};
