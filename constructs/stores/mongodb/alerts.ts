import type { AlertRule } from '../../alert-rules.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/** @see https://github.com/percona/mongodb_exporter/blob/main/REFERENCE.md */
export function mongodbAlerts({ name, namespace, members, series }: HaStatefulStore): AlertRule[] {
  const look = `kubectl -n ${namespace} exec ${name}-0 -c replica-set -- bash -c 'mongosh --quiet -u root -p "$PASSWORD_OF_root" --eval "rs.status()"'`;
  const replicated: AlertRule[] = [
    {
      alert: 'MongodbReplicationLag',
      // Every member has a series for every other one.
      expr: `max by (name) (mongodb_mongod_replset_member_replication_lag{${series}}) > 60`,
      for: '5m',
      severity: 'warning',
      summary: '{{ $labels.name }} is {{ $value | humanizeDuration }} behind',
      description: 'Writes that wait for a majority wait for it when another member is lost',
      runbook: look,
    },
  ];
  return [
    {
      alert: 'MongodbDown',
      expr: `mongodb_up{${series}} == 0`,
      for: '2m',
      severity: members > 1 ? 'warning' : 'critical',
      summary: 'The server of {{ $labels.pod }} takes no connections',
      description: 'Its exporter answers, the server does not',
      runbook: `kubectl -n ${namespace} logs {{ $labels.pod }} -c ${name}`,
    },
    {
      alert: 'MongodbPrimaryMissing',
      expr: `(count(mongodb_mongod_replset_my_state{${series}} == 1) or vector(0)) == 0`,
      for: '1m',
      severity: 'critical',
      summary: `${name} has had no primary for a minute`,
      description: 'Nothing is written; an election takes less than that',
      runbook: `${look}; kubectl -n ${namespace} logs ${name}-0 -c replica-set`,
    },
    ...(members > 1 ? replicated : []),
  ];
}
