import { expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { vault } from '../../../constructs/stores/vault.ts';
import { firing, type Series, withPromtool } from '../../systems/promtool.ts';
import { environment, render } from '../render.ts';

const { find } = render(
  (chart) => {
    new HaStatefulStore(chart, 'vault', {
      engine: vault({
        policies: { 'shop/security': { 'secret/data/jwt': ['read'] } },
        images: { vault: 'hashicorp/vault:1.21.4' },
      }),
      members: 3,
      storage: '2Gi',
      size: 'medium',
      backup: { none: 'a test' },
    });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);

/** The same values from some members, as Vault names and labels them. */
const of = (members: readonly number[], metric: string, value: number | string, labels = ''): Series =>
  Object.fromEntries(
    members.map((n) => [
      `${metric}{namespace="shop",job="vault",pod="vault-${n}"${labels && `,${labels}`}}`,
      typeof value === 'number' ? `${value}+0x60` : value,
    ]),
  );
const all = [0, 1, 2];
const cluster = 'cluster="vault-cluster-1"';

const healthy: Series = {
  ...of(all, 'up', 1),
  // From before a member knew its cluster.
  ...of(all, 'vault_core_unsealed', 0, 'cluster=""'),
  ...of(all, 'vault_core_unsealed', 1, cluster),
  ...of([0], 'vault_core_active', 1, cluster),
  ...of([1, 2], 'vault_core_active', 0, cluster),
  ...of([0], 'vault_raft_peers', 3),
  ...of(all, 'vault_audit_log_request_failure', 0),
  ...of(all, 'vault_audit_log_response_failure', 0),
};

const fires = (changes: Series, ...expected: string[]) => {
  const series = Object.fromEntries(Object.entries({ ...healthy, ...changes }).filter(([, values]) => values));
  expect(firing(find('PrometheusRule', 'vault').spec, series, 30, expected)).toContain('SUCCESS');
};

withPromtool('alerts of Vault', () => {
  test('none while all is well', () => fires({}));
  test('a member that has been sealed since its start', () =>
    fires(of([2], 'vault_core_unsealed', '', cluster), 'VaultSealed'));
  test('a member that was sealed', () => fires(of([2], 'vault_core_unsealed', 0, cluster), 'VaultSealed'));
  test('no leader', () => fires(of([0], 'vault_core_active', 0, cluster), 'VaultLeaderMissing'));
  test('nobody who says whether he leads', () =>
    fires(of(all, 'vault_core_active', '', cluster), 'VaultLeaderMissing'));
  test('an audit log that cannot be written', () =>
    fires(of([0], 'vault_audit_log_request_failure', '0+1x60'), 'VaultAuditFailing'));
  test('a peer that is missing', () => fires(of([0], 'vault_raft_peers', 2), 'VaultRaftPeersMissing'));
});
