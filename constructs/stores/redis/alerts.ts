import type { AlertRule } from '../../alert-rules.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import { SENTINEL_PORT } from './member.ts';

/** @see https://github.com/oliver006/redis_exporter */
export function redisAlerts(store: HaStatefulStore, { cache }: { cache: boolean }): AlertRule[] {
  const { name, namespace, members, series } = store;
  const exec = `kubectl -n ${namespace} exec {{ $labels.pod }} -c ${name} -- redis-cli`;
  return [
    {
      alert: 'RedisDown',
      expr: `redis_up{${series}} == 0`,
      for: '2m',
      severity: 'critical',
      summary: 'The server of {{ $labels.pod }} does not answer',
      description: 'Its exporter does; it waits for the majority of sentinels, or cannot write to its disk and ends',
      runbook: `kubectl -n ${namespace} logs {{ $labels.pod }} -c ${name}`,
    },
    ...(cache ? [] : kept(series, exec)),
    ...(members > 1 ? replicated(store, exec) : []),
  ];
}

/** A cache is full most of the time, and has no log. */
const kept = (series: string, exec: string): AlertRule[] => [
  {
    alert: 'RedisMemoryNearlyFull',
    expr: `redis_memory_used_bytes{${series}} / redis_memory_max_bytes{${series}} > 0.9`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory',
    description: 'When it is full, writes are refused',
    runbook: `${exec} --bigkeys; delete data, let it expire, or raise the size of the store`,
  },
  {
    // A write to the log that fails leaves no trace here: a server that has to have it on disk ends at once.
    alert: 'RedisPersistenceFailing',
    expr: `redis_aof_last_bgrewrite_status{${series}} == 0`,
    for: '2m',
    severity: 'critical',
    summary: '{{ $labels.pod }} cannot rewrite its log',
    description:
      'The log grows until the disk is full, and then the server ends; there may be too little memory or disk now',
    runbook: `${exec} info persistence; read its log`,
  },
];

function replicated({ name, namespace, members, series }: HaStatefulStore, exec: string): AlertRule[] {
  const leaders = `count(redis_instance_info{${series}, role="master"})`;
  const ask = `kubectl -n ${namespace} exec ${name}-0 -c sentinel -- redis-cli -p ${SENTINEL_PORT} sentinel`;
  return [
    {
      alert: 'RedisLeaderMissing',
      expr: `(${leaders} or vector(0)) == 0`,
      for: '1m',
      severity: 'critical',
      summary: `${name} has had no leader for a minute`,
      description: 'Nothing is written; a failover takes less than that',
      runbook: `${ask} master ${name}. Bring the member back that led; if it is lost for good, choose one: redis-cli config set replica-priority 100`,
    },
    {
      alert: 'RedisTwoLeaders',
      expr: `${leaders} > 1`,
      for: '2m',
      severity: 'critical',
      summary: `{{ $value }} members of ${name} believe to lead`,
      description: 'Only the one that the others follow takes writes; what the other took last is given up',
      runbook: `${ask} master ${name}; ${ask} ckquorum ${name}`,
    },
    {
      alert: 'RedisReplicaMissing',
      expr: `redis_connected_slaves{${series}} < ${members - 1} and on (pod) redis_instance_info{${series}, role="master"}`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $value }} of ${members - 1} replicas follow {{ $labels.pod }}`,
      description: 'Without any of them it takes no writes',
      runbook: `${exec} info replication; read the log of the one that is missing`,
    },
    {
      alert: 'RedisReplicationBroken',
      expr: `redis_master_link_up{${series}} == 0`,
      for: '2m',
      severity: 'warning',
      summary: '{{ $labels.pod }} does not reach its leader',
      description: 'It cannot take over with what was written since',
      runbook: `${exec} info replication`,
    },
    {
      alert: 'RedisReplicationLag',
      expr: `redis_connected_slave_lag_seconds{${series}} > 10`,
      for: '2m',
      severity: 'warning',
      summary: '{{ $labels.slave_ip }} is {{ $value | humanizeDuration }} behind',
      description: 'It does not count when the leader asks whether enough replicas are there',
      runbook: `${exec} info replication`,
    },
  ];
}
