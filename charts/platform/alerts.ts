import type { AlertRule } from '../../constructs/alert-rules.ts';

// What the parts of the platform are watched for; each part renders its own rules beside its release.

/** @see https://cert-manager.io/docs/devops-tips/prometheus-metrics/ */
export const certificateAlerts: readonly AlertRule[] = [
  {
    alert: 'CertificateNotRenewed',
    // Each has a time of its own to be renewed in: thirty days of a site's, a day of the mesh's issuer, which lives for two.
    // One that was never issued has neither time, and counts as not ready.
    expr: 'certmanager_certificate_expiration_timestamp_seconds - time() < (certmanager_certificate_expiration_timestamp_seconds - certmanager_certificate_renewal_timestamp_seconds) / 2 and certmanager_certificate_renewal_timestamp_seconds != 0',
    for: '1h',
    severity: 'critical',
    summary:
      'Certificate {{ $labels.exported_namespace }}/{{ $labels.name }} is over in {{ $value | humanizeDuration }}',
    description: 'Half of the time in which it should have been renewed is over; then whoever asks for it is refused',
    runbook:
      'kubectl -n {{ $labels.exported_namespace }} describe certificate {{ $labels.name }}; then its CertificateRequest, Order and Challenge',
  },
  {
    alert: 'CertificateNotReady',
    expr: 'certmanager_certificate_ready_status{condition="True"} == 0',
    for: '30m',
    severity: 'warning',
    summary: 'Certificate {{ $labels.exported_namespace }}/{{ $labels.name }} is not there',
    description: 'Its host is served with a certificate that no browser accepts',
    runbook:
      'kubectl -n {{ $labels.exported_namespace }} describe certificate {{ $labels.name }}; its host has to lead to this cluster on port 80',
  },
];

/** @see https://grafana.com/docs/loki/latest/operations/observability/ */
export const lokiAlerts: readonly AlertRule[] = [
  {
    alert: 'LokiDown',
    expr: 'absent(up{namespace="loki"} == 1)',
    for: '10m',
    severity: 'warning',
    summary: 'Loki does not answer',
    description: 'Logs wait with who sends them, and are lost when they wait too long',
    runbook: 'kubectl -n loki describe pod loki-0; kubectl -n loki logs loki-0',
  },
  {
    alert: 'LokiRequestsFail',
    expr: 'sum by (route) (rate(loki_request_duration_seconds_count{namespace="loki",status_code=~"5.."}[5m])) / sum by (route) (rate(loki_request_duration_seconds_count{namespace="loki"}[5m])) > 0.1',
    for: '15m',
    severity: 'warning',
    summary: '{{ $value | humanizePercentage }} of the requests to {{ $labels.route }} fail',
    description: 'Logs are not taken, or not found; most often the object store does not answer',
    runbook: 'kubectl -n loki logs loki-0 | grep level=error',
  },
  {
    alert: 'LokiRefusesLogs',
    expr: 'sum by (reason) (rate(loki_discarded_samples_total{namespace="loki"}[15m])) > 0.1',
    for: '15m',
    severity: 'warning',
    summary: 'Loki refuses {{ $value | humanize }} lines a second: {{ $labels.reason }}',
    description: 'They are lost',
    runbook:
      'The reason names the limit of limits_config: https://grafana.com/docs/loki/latest/operations/request-validation-rate-limits/',
  },
  {
    alert: 'LokiKeepsTooLong',
    expr: 'time() - (loki_compactor_apply_retention_last_successful_run_timestamp_seconds{namespace="loki"} > 0) > 86400',
    for: '1h',
    severity: 'warning',
    summary: 'Loki has deleted nothing for {{ $value | humanizeDuration }}',
    description: 'Old logs stay, and fill the volume or the bucket',
    runbook: 'kubectl -n loki logs loki-0 | grep -i compactor',
  },
];

/** @see https://github.com/grafana/tempo/blob/main/operations/tempo-mixin/runbook.md */
export const tempoAlerts: readonly AlertRule[] = [
  {
    alert: 'TempoDown',
    expr: 'absent(up{namespace="tempo"} == 1)',
    for: '10m',
    severity: 'warning',
    summary: 'Tempo does not answer',
    description: 'Traces are lost meanwhile',
    runbook: 'kubectl -n tempo describe pod tempo-0; kubectl -n tempo logs tempo-0',
  },
  {
    alert: 'TempoCannotStore',
    expr: 'sum(increase(tempo_ingester_failed_flushes_total{namespace="tempo"}[1h])) > 2 or sum(increase(tempodb_blocklist_poll_errors_total{namespace="tempo"}[1h])) > 2',
    for: '5m',
    severity: 'warning',
    summary: 'Tempo failed {{ $value | humanize }} times to write or read its blocks in an hour',
    description: 'Traces fill its volume until it can; most often the object store does not answer',
    runbook: 'kubectl -n tempo logs tempo-0 | grep level=error',
  },
];

/** @see https://grafana.com/docs/alloy/latest/reference/components/loki/loki.write/#debug-metrics */
export const alloyAlerts: readonly AlertRule[] = [
  {
    alert: 'LogsNotShipped',
    expr: 'absent(up{namespace="alloy"} == 1) or sum(rate(loki_write_dropped_entries_total{namespace="alloy"}[15m])) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'What containers print does not reach Loki',
    description: 'Alloy does not answer, or gives lines up after it tried for long',
    runbook: 'kubectl -n alloy logs deployment/alloy; then see whether Loki answers',
  },
];

/** Of all three signals; what tells them apart is their name, which a rate has no more. */
const rates = (counters: readonly string[]) =>
  counters
    .flatMap((counter) =>
      ['spans', 'metric_points', 'log_records'].map((signal) => `otelcol_${counter}_${signal}_total`),
    )
    .map((metric) => `label_replace(rate(${metric}{job="opentelemetry-collector"}[5m]), "of", "${metric}", "", "")`)
    .join(' or ');

/** @see https://opentelemetry.io/docs/collector/internal-telemetry/ */
export const collectorAlerts: readonly AlertRule[] = [
  {
    alert: 'CollectorDown',
    expr: 'absent(up{job="opentelemetry-collector"} == 1)',
    for: '5m',
    severity: 'warning',
    summary: 'The OpenTelemetry Collector does not answer',
    description: 'Services give up what they wanted to send',
    runbook: 'kubectl -n opentelemetry-collector describe pods; it is killed where its limit is too small for the load',
  },
  {
    alert: 'CollectorDrops',
    expr: `sum by (exporter) (${rates(['exporter_send_failed', 'exporter_enqueue_failed'])}) > 0`,
    for: '10m',
    severity: 'warning',
    summary: 'The Collector loses {{ $value | humanize }} a second of what goes to {{ $labels.exporter }}',
    description: 'Its receiver has not answered for longer than can be waited',
    runbook: 'kubectl -n opentelemetry-collector logs deployment/opentelemetry-collector',
  },
  {
    alert: 'CollectorRefuses',
    expr: `sum(${rates(['receiver_refused'])}) > 0`,
    for: '10m',
    severity: 'warning',
    summary: 'The Collector turns {{ $value | humanize }} a second away',
    description: 'It is near its memory limit, and services have to keep what they send',
    runbook: 'Sample less, or give it more memory: charts/platform/opentelemetry-collector.ts',
  },
];

/** Hours between two daily backups, and time for the second to end. */
const LATE = '26 * 3600';

/** @see https://velero.io/docs/main/troubleshooting/ */
export const veleroAlerts: readonly AlertRule[] = [
  {
    alert: 'ClusterBackupTooOld',
    // Without any backup there is no series; a new Velero has time for its first one.
    expr: `time() - (max(velero_backup_last_successful_timestamp{schedule="daily"}) or vector(0)) > ${LATE} and on () time() - min(kube_deployment_created{namespace="velero",deployment="velero"}) > ${LATE}`,
    for: '15m',
    severity: 'critical',
    summary: 'The cluster has not been backed up for more than a day',
    description: 'What is not in git, such as volumes and unsealed Secrets, would come back older than that',
    runbook: 'kubectl -n velero get backups,backupstoragelocations; velero backup describe <name> --details',
  },
  {
    alert: 'ClusterBackupIncomplete',
    expr: 'increase(velero_backup_partial_failure_total{schedule="daily"}[26h]) > 0 or increase(velero_backup_failure_total{schedule="daily"}[26h]) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'A backup of the last day lacks something',
    description: 'Some object or volume could not be read',
    runbook: 'kubectl -n velero get backups; velero backup logs <name> | grep level=error',
  },
];

/** @see https://aquasecurity.github.io/trivy-operator/latest/tutorials/integrations/metrics/ */
export const trivyAlerts: readonly AlertRule[] = [
  {
    alert: 'ImageVulnerable',
    expr: 'max by (image_repository, image_tag) (trivy_image_vulnerabilities{severity="Critical"}) > 0',
    for: '1h',
    severity: 'warning',
    summary:
      '{{ $labels.image_repository }}:{{ $labels.image_tag }} has {{ $value }} critical vulnerabilities that are mended',
    description: 'There are versions without them',
    runbook: 'kubectl get vulnerabilityreports -A; update the image',
  },
];
