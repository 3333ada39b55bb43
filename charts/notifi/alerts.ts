import type { AlertRule } from '../../constructs/alert-rules.ts';

/**
 * The plan's four alerts, and one for every service; the stores bring their own. They expect `http_requests_total` of the
 * services, with the answer's code as `status`. `connections` are those that PostgreSQL takes.
 */
export const alertsOf = (connections: number): readonly AlertRule[] => [
  {
    alert: 'HighErrorRate',
    expr: 'sum(rate(http_requests_total{namespace="notifi",status=~"5.."}[5m])) / sum(rate(http_requests_total{namespace="notifi"}[5m])) > 0.05',
    for: '5m',
    severity: 'warning',
    summary: 'High error rate',
    description: '{{ $value | humanizePercentage }} of the requests to services of Notifi fail',
    runbook: 'sum by (job) of the same counter names the service; then its log, and what it calls',
  },
  {
    alert: 'EventProcessorDown',
    // No target that is up, whether they are down or gone: `up == 0` says nothing once they are gone.
    expr: 'absent(up{namespace="notifi",job="event-processor"} == 1)',
    for: '2m',
    severity: 'critical',
    summary: 'Event processor is down',
    description:
      'Prometheus has reached no pod of the event processor for more than two minutes; events wait in RabbitMQ',
    runbook:
      'kubectl -n notifi get pods -l app.kubernetes.io/name=event-processor; then their events and previous logs',
  },
  {
    alert: 'ServiceUnavailable',
    // A worker that has nothing to do has no pods, and wants none.
    expr: 'kube_deployment_status_replicas_available{namespace="notifi"} == 0 and kube_deployment_spec_replicas{namespace="notifi"} > 0',
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.deployment }} has no pod that works',
    description: 'Calls to it fail, and what it was to work on waits',
    runbook:
      'kubectl -n notifi describe deployment {{ $labels.deployment }}; a pod that waits for a node says so in its events',
  },
  {
    alert: 'DatabaseHighConnections',
    // The plan's 80 are four fifths of what PostgreSQL takes unless told otherwise.
    expr: `sum by (pod) (pg_stat_database_numbackends{namespace="data-services"}) > ${Math.floor(connections * 0.8)}`,
    for: '5m',
    severity: 'warning',
    summary: 'High number of database connections',
    description: `{{ $labels.pod }} has {{ $value }} connections of the ${connections} it takes`,
    runbook: 'pg_stat_activity by application_name; pools are sized in charts/notifi/stores.ts',
  },
  {
    alert: 'RabbitMQQueueDepth',
    expr: 'sum(rabbitmq_queue_messages{namespace="messaging"}) > 10000',
    for: '10m',
    severity: 'warning',
    summary: 'High RabbitMQ queue depth',
    description: '{{ $value }} messages wait in the queues',
    runbook: 'Queues by messages on the management pages; then the consumers of the longest',
  },
];
