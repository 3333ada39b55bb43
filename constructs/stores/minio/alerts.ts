import type { AlertRule } from '../../alert-rules.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/**
 * Every member reports the whole cluster, and leaves out what is 0: nothing that may be 0 is asked for.
 * @see https://github.com/minio/minio/blob/master/docs/metrics/prometheus/list.md
 */
export function minioAlerts({ name, namespace, members, series }: HaStatefulStore): AlertRule[] {
  const look = `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=${name} -o wide; kubectl -n ${namespace} logs -l app.kubernetes.io/name=${name}`;
  const distributed: AlertRule[] = [
    {
      alert: 'MinioDriveOffline',
      expr: `max(minio_cluster_health_drives_count{${series}} - minio_cluster_health_drives_online_count{${series}}) > 0`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $value }} of ${members} drives of ${name} are offline`,
      description: 'Objects are read and written by the others; the drive is healed when it comes back',
      runbook: look,
    },
    {
      alert: 'MinioQuorumAtRisk',
      expr: `min(minio_cluster_erasure_set_online_drives_count{${series}} - minio_cluster_erasure_set_write_quorum{${series}}) < 1`,
      for: '5m',
      severity: 'critical',
      summary: `${name} takes no more writes when one more drive is lost, or does not already`,
      description: 'Bring the lost members back before any other is restarted',
      runbook: look,
    },
  ];
  return [
    {
      alert: 'MinioCapacityLow',
      expr: `min(minio_cluster_health_capacity_usable_free_bytes{${series}}) / max(minio_cluster_health_capacity_usable_total_bytes{${series}}) < 0.2`,
      for: '15m',
      severity: 'warning',
      summary: `${name} has {{ $value | humanizePercentage }} of its capacity left`,
      description: 'Members cannot be added; storage can be raised where its class expands, or data be expired',
      runbook: look,
    },
    ...(members > 1 ? distributed : []),
  ];
}
