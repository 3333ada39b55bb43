import { expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { redis } from '../../../constructs/stores/redis.ts';
import { firing, type Series, withPromtool } from '../../systems/promtool.ts';
import { environment, render } from '../render.ts';

const { find } = render(
  (chart) => {
    new HaStatefulStore(chart, 'redis', {
      engine: redis({
        images: { redis: 'redis:7.4.11-bookworm', redisExporter: 'redis-exporter:v1.74.0', haproxy: 'haproxy:3.2.4' },
      }),
      members: 3,
      storage: '10Gi',
      size: 'small',
      backup: { none: 'a test' },
    });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);

/** The same values from the exporters of some members, as redis_exporter names and labels them. */
const of = (members: readonly number[], metric: string, value: number | string, labels = ''): Series =>
  Object.fromEntries(
    members.map((n) => [
      `${metric}{namespace="shop",job="redis",pod="redis-${n}"${labels && `,${labels}`}}`,
      typeof value === 'number' ? `${value}+0x60` : value,
    ]),
  );
const all = [0, 1, 2];
const replicas = [1, 2];

const healthy: Series = {
  ...of(all, 'up', 1),
  ...of(all, 'redis_up', 1),
  ...of(all, 'redis_memory_used_bytes', 100),
  ...of(all, 'redis_memory_max_bytes', 200),
  ...of(all, 'redis_aof_last_bgrewrite_status', 1),
  ...of([0], 'redis_instance_info', 1, 'role="master"'),
  ...of(replicas, 'redis_instance_info', 1, 'role="slave"'),
  ...of([0], 'redis_connected_slaves', 2),
  ...of(replicas, 'redis_connected_slaves', 0),
  ...of([0], 'redis_connected_slave_lag_seconds', 1, 'slave_ip="10.43.0.2"'),
  ...of(replicas, 'redis_master_link_up', 1, 'master_host="10.43.0.1"'),
};

const fires = (changes: Series, ...expected: string[]) => {
  const series = Object.fromEntries(Object.entries({ ...healthy, ...changes }).filter(([, values]) => values));
  expect(firing(find('PrometheusRule', 'redis').spec, series, 30, expected)).toContain('SUCCESS');
};

withPromtool('alerts of Redis', () => {
  test('none while all is well', () => fires({}));
  test('a server that is down', () => fires(of([1], 'redis_up', 0), 'RedisDown'));
  test('no leader', () => fires(of([0], 'redis_instance_info', '', 'role="master"'), 'RedisLeaderMissing'));
  test('two leaders', () =>
    fires(of([1], 'redis_instance_info', 1, 'role="master"'), 'RedisReplicaMissing', 'RedisTwoLeaders'));
  test('a replica missing at the leader', () => fires(of([0], 'redis_connected_slaves', 1), 'RedisReplicaMissing'));
  test('replication that is broken', () =>
    fires(of([2], 'redis_master_link_up', 0, 'master_host="10.43.0.1"'), 'RedisReplicationBroken'));
  test('replication that lags', () =>
    fires(of([0], 'redis_connected_slave_lag_seconds', 30, 'slave_ip="10.43.0.2"'), 'RedisReplicationLag'));
  test('memory nearly full', () => fires(of([0], 'redis_memory_used_bytes', 190), 'RedisMemoryNearlyFull'));
  test('a log that cannot be rewritten', () =>
    fires(of([0], 'redis_aof_last_bgrewrite_status', 0), 'RedisPersistenceFailing'));
});
