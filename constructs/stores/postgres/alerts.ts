import type { AlertRule } from '../../alert-rules.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import { REST_PORT } from './patroni.ts';

/** @see https://github.com/prometheus-community/postgres_exporter/tree/master/collector */
export function postgresAlerts({ name, namespace, members, series }: HaStatefulStore): AlertRule[] {
  const exec = `kubectl -n ${namespace} exec ${name}-0 -c ${name} --`;
  const leaders = `count(pg_replication_is_replica{${series}} == 0)`;
  const look = `${exec} patronictl list; ${exec} curl -s localhost:${REST_PORT}/cluster`;
  // The exporter of a replica that is cut off says that it is not behind, as it has replayed all that it got.
  const streaming = `count by (pod) (pg_stat_replication_pg_wal_lsn_diff{${series},state="streaming",application_name=~"${name}-\\\\d+"})`;
  const following = `(${streaming} or on (pod) 0 * max by (pod) (pg_replication_is_replica{${series}}))`;
  const atLeader = `and on (pod) pg_replication_is_replica{${series}} == 0`;
  const replicated: AlertRule[] = [
    {
      alert: 'PostgresLeaderMissing',
      expr: `(${leaders} or vector(0)) == 0`,
      for: '1m',
      severity: 'critical',
      summary: `${name} has had no leader for a minute`,
      description: 'Nothing is written; a failover takes less than that',
      runbook: look,
    },
    {
      alert: 'PostgresTwoLeaders',
      expr: `${leaders} > 1`,
      for: '2m',
      severity: 'critical',
      summary: `{{ $value }} members of ${name} believe to lead`,
      description: 'Only the one that the others follow can acknowledge writes; the other serves old data',
      runbook: look,
    },
    {
      alert: 'PostgresReplicaMissing',
      expr: `${following} < ${members - 1} ${atLeader}`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $value }} of ${members - 1} replicas follow {{ $labels.pod }}`,
      description: 'One that does not cannot take over; without any, writes wait',
      runbook: `${look}; read the log of the one that is missing`,
    },
    {
      alert: 'PostgresWritesWait',
      expr: `${following} == 0 ${atLeader}`,
      for: '1m',
      severity: 'critical',
      summary: `No replica follows {{ $labels.pod }}, which acknowledges no writes`,
      description: 'A write counts when a second member has it; clients hang until one does',
      runbook: `${look}; read the logs of the others`,
    },
    {
      alert: 'PostgresReplicationLag',
      expr: `pg_replication_lag_seconds{${series}} > 60 and on (pod) pg_replication_is_replica{${series}} == 1`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $labels.pod }} is {{ $value | humanizeDuration }} behind`,
      description: 'It cannot take over until it has caught up',
      runbook: look,
    },
  ];
  return [
    {
      alert: 'PostgresDown',
      expr: `pg_up{${series}} == 0`,
      for: '2m',
      severity: 'critical',
      summary: 'The server of {{ $labels.pod }} takes no connections',
      description: 'Its exporter answers, the server does not',
      runbook: `kubectl -n ${namespace} logs {{ $labels.pod }} -c ${name}`,
    },
    {
      alert: 'PostgresConnectionsNearlyUsedUp',
      expr: `sum by (pod) (pg_stat_activity_count{${series}}) / on (pod) pg_settings_max_connections{${series}} > 0.85`,
      for: '5m',
      severity: 'warning',
      summary: '{{ $value | humanizePercentage }} of the connections of {{ $labels.pod }} are in use',
      description: 'The next clients will be refused',
      runbook: `${exec} psql -U postgres -c "select datname, state, count(*) from pg_stat_activity group by 1, 2 order by 3 desc"`,
    },
    ...(members > 1 ? replicated : []),
  ];
}
