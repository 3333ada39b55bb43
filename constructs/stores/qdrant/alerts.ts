import type { AlertRule } from '../../alert-rules.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/** @see https://qdrant.tech/documentation/guides/monitoring/ */
export function qdrantAlerts({ name, namespace, members, series }: HaStatefulStore): AlertRule[] {
  const log = `kubectl -n ${namespace} logs {{ $labels.pod }} -c ${name}`;
  const cluster = `GET /cluster and /collections/<name>/cluster of {{ $labels.pod }}; ${log}`;
  const distributed: AlertRule[] = [
    {
      alert: 'QdrantPeersMissing',
      expr: `cluster_peers_total{${series}} < ${members}`,
      for: '10m',
      severity: 'critical',
      summary: `{{ $labels.pod }} knows {{ $value }} of ${members} members of ${name}`,
      description: 'A member has not joined, or makes up a cluster of its own since it lost its volume',
      runbook: cluster,
    },
    {
      alert: 'QdrantReplicasDead',
      expr: `collection_dead_replicas{${series}} > 0`,
      for: '10m',
      severity: 'warning',
      summary: `{{ $value }} replicas of ${name} are not active, says {{ $labels.pod }}`,
      description: 'With one more member lost, shards may be lost with it',
      runbook: cluster,
    },
    {
      alert: 'QdrantConsensusStuck',
      expr: `cluster_pending_operations_total{${series}} > 0`,
      for: '10m',
      severity: 'critical',
      summary: '{{ $labels.pod }} has had {{ $value }} operations to agree on for ten minutes',
      description: 'Collections and shards cannot be changed; there may be no leader',
      runbook: cluster,
    },
  ];
  return [
    {
      alert: 'QdrantRecoveryMode',
      expr: `app_status_recovery_mode{${series}} == 1`,
      for: '1m',
      severity: 'critical',
      summary: '{{ $labels.pod }} serves no collection, it is in recovery mode',
      description: 'It was killed while it loaded them, most likely for its memory',
      runbook: `Raise size of ${name}, or remove a collection; ${log}`,
    },
    ...(members > 1 ? distributed : []),
  ];
}
