import { type AlertRule, ratio } from '../../constructs/alert-rules.ts';

/**
 * The service's alerts; `job` is its Prometheus job. They read metrics as TelemetryMetricsPrometheus exports them, which
 * takes `notification.delivery_time` as a distribution (it has no summaries) with a bucket above ten seconds.
 */
export const alertsOf = (job: string): readonly AlertRule[] => [
  {
    alert: 'NotificationsServiceDown',
    // No target that is up, whether they are down or gone: `up == 0` says nothing once they are gone.
    expr: `absent(up{job="${job}"} == 1)`,
    for: '1m',
    severity: 'critical',
    summary: 'Notifications service is down',
    description: 'Prometheus has reached no pod of the notifications service for more than a minute',
    runbook: 'kubectl -n fn-notifications get pods; then the events and the previous log of one that restarts',
  },
  {
    alert: 'HighNotificationFailureRate',
    expr: `${ratio({
      of: 'fn_notifications_notification_failed_total',
      to: 'fn_notifications_notification_sent_total',
      by: ['channel'],
      over: '5m',
    })} > 0.1`,
    for: '5m',
    severity: 'warning',
    summary: 'High notification failure rate by {{ $labels.channel }}',
    description:
      '{{ $value | humanizePercentage }} of the notifications by {{ $labels.channel }} failed over 5 minutes',
    runbook: 'sum by (failure_reason) of the failed counter names the reason; then the status page of the provider',
  },
  {
    alert: 'CircuitBreakerOpen',
    // 1 is open; counted, because a half-open pod (2) must not hide the open ones behind a maximum.
    expr: 'count by (service) (fn_notifications_circuit_breaker_state == 1) > 0',
    for: '1m',
    severity: 'warning',
    summary: 'Circuit breaker is open for {{ $labels.service }}',
    description: '{{ $value }} pods have given up calling {{ $labels.service }} for more than a minute',
    runbook: 'Status page and credentials of the provider; deliveries are retried once it closes',
  },
  {
    alert: 'HighDeliveryLatency',
    expr: 'histogram_quantile(0.95, sum by (le, channel) (rate(fn_notifications_notification_delivery_time_bucket[5m]))) > 10000',
    for: '5m',
    severity: 'warning',
    summary: 'High notification delivery latency by {{ $labels.channel }}',
    description: 'One notification in twenty by {{ $labels.channel }} takes longer than {{ $value }} ms',
    runbook: 'Utilization of the pool of that channel, then the response times of its provider',
  },
  {
    alert: 'BroadwayConsumerLag',
    // Whatever is not ok is retried and holds its partition up.
    expr: 'sum by (name) (rate(broadway_processor_message_stop_total{status!="ok"}[5m])) > 10',
    for: '5m',
    severity: 'warning',
    summary: 'High Broadway consumer error rate in {{ $labels.name }}',
    description: 'Broadway fails on {{ $value }} messages per second in {{ $labels.name }}',
    runbook: 'Log of one pod, by pipeline name; then the lag of the consumer group at the Kafka provider',
  },
  {
    alert: 'DatabaseConnectionPoolExhaustion',
    expr: 'fn_notifications_pool_utilization{pool="database"} > 0.9',
    for: '2m',
    severity: 'critical',
    summary: 'Database connection pool of {{ $labels.pod }} nearly exhausted',
    description: 'Database pool utilization is {{ $value | humanizePercentage }}',
    runbook: 'Long queries in pg_stat_activity; more pods do not help once max_connections is reached',
  },
];
