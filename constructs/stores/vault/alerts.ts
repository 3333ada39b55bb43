import type { AlertRule } from '../../alert-rules.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/** @see https://developer.hashicorp.com/vault/docs/internals/telemetry/metrics/all */
export function vaultAlerts({ name, namespace, members, series }: HaStatefulStore): AlertRule[] {
  const within = (pod: string) => `kubectl -n ${namespace} exec -ti ${pod} -- env VAULT_ADDR=http://127.0.0.1:8200`;
  const exec = within('{{ $labels.pod }}');
  const audit = ['request', 'response'].map((what) => `increase(vault_audit_log_${what}_failure{${series}}[5m])`);
  return [
    {
      alert: 'VaultSealed',
      // A member that was never unsealed since its start has no such series.
      expr: `up{${series}} == 1 unless on (pod) vault_core_unsealed{${series}} == 1`,
      for: '2m',
      severity: 'critical',
      summary: '{{ $labels.pod }} is sealed',
      description: `It serves nobody, and ${name} has one member less to lose`,
      runbook: `${exec} vault operator unseal, with as many shares as it says; with a key service, read its log`,
    },
    {
      alert: 'VaultLeaderMissing',
      expr: `(count(vault_core_active{${series}} == 1) or vector(0)) == 0`,
      for: '1m',
      severity: 'critical',
      summary: `${name} has had no active member for a minute`,
      description: 'No secret is read or written; an election takes some ten seconds',
      runbook: `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=${name}; ${within(`${name}-0`)} vault status, and in each other`,
    },
    {
      alert: 'VaultAuditFailing',
      expr: audit.map((increase) => `${increase} > 0`).join(' or '),
      for: '1m',
      severity: 'critical',
      summary: '{{ $labels.pod }} cannot write its audit log',
      description: 'It refuses every request that no audit device takes',
      runbook: `${exec} vault audit list -detailed; kubectl -n ${namespace} logs {{ $labels.pod }}`,
    },
    ...(members > 1 ? [peers({ name, namespace, members, series })] : []),
  ];
}

const peers = ({
  name,
  namespace,
  members,
  series,
}: Pick<HaStatefulStore, 'name' | 'namespace' | 'members' | 'series'>): AlertRule => ({
  alert: 'VaultRaftPeersMissing',
  expr: `max(vault_raft_peers{${series}}) < ${members}`,
  for: '10m',
  severity: 'warning',
  summary: `${name} has {{ $value }} of ${members} Raft peers`,
  description: 'A member has not joined, or was removed; it holds no data',
  runbook: `vault operator raft list-peers, as somebody who may; kubectl -n ${namespace} logs of the one that is not there`,
});
