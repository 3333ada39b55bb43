import { expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { qdrant } from '../../../constructs/stores/qdrant.ts';
import { firing, type Series, withPromtool } from '../../systems/promtool.ts';
import { environment, render } from '../render.ts';

const { find } = render(
  (chart) => {
    new HaStatefulStore(chart, 'qdrant', {
      engine: qdrant({ images: { qdrant: 'qdrant:v1.19.0', curl: 'curl:8.17.0' } }),
      members: 3,
      storage: '2Gi',
      size: 'medium',
      backup: { none: 'a test' },
    });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3, labels: { 'capability/page-size': '4Ki' } }] },
);

/** The same value from some members, under the names in Qdrant's documentation. */
const of = (members: readonly number[], metric: string, value: number): Series =>
  Object.fromEntries(
    members.map((n) => [`${metric}{namespace="shop",job="qdrant",pod="qdrant-${n}"}`, `${value}+0x60`]),
  );
const all = [0, 1, 2];

const healthy: Series = {
  ...of(all, 'up', 1),
  ...of(all, 'app_status_recovery_mode', 0),
  ...of(all, 'cluster_peers_total', 3),
  ...of(all, 'collection_dead_replicas', 0),
  ...of(all, 'cluster_pending_operations_total', 0),
};

const fires = (changes: Series, ...expected: string[]) =>
  expect(firing(find('PrometheusRule', 'qdrant').spec, { ...healthy, ...changes }, 30, expected)).toContain('SUCCESS');

withPromtool('alerts of Qdrant', () => {
  test('none while all is well', () => fires({}));
  test('a member in recovery mode', () => fires(of([1], 'app_status_recovery_mode', 1), 'QdrantRecoveryMode'));
  test('a member with a cluster of its own', () => fires(of([0], 'cluster_peers_total', 1), 'QdrantPeersMissing'));
  test('a dead replica', () => fires(of([2], 'collection_dead_replicas', 1), 'QdrantReplicasDead'));
  test('a consensus that does not move', () =>
    fires(of([2], 'cluster_pending_operations_total', 4), 'QdrantConsensusStuck'));
});
