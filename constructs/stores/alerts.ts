import type { AlertRule } from '../alert-rules.ts';

/** What every store is watched for; its engine knows more. */
export function storeAlerts(
  { name, namespace, members, series }: { name: string; namespace: string; members: number; series: string },
  claim: string,
): AlertRule[] {
  const majority = Math.floor(members / 2) + 1;
  const volumes = `{namespace="${namespace}",persistentvolumeclaim=~"${claim}-${name}-\\\\d+"}`;
  const pods = `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=${name} -o wide`;
  const memberDown: AlertRule = {
    alert: 'StoreMemberDown',
    expr: `up{${series}} == 0`,
    for: '5m',
    severity: 'warning',
    summary: `{{ $labels.pod }} of ${name} does not answer`,
    description: 'The others go on; with one more lost they may not',
    runbook: `${pods}; then describe it and read its log`,
  };
  return [
    ...(members > 1 ? [memberDown] : []),
    {
      alert: 'StoreMajorityDown',
      // Without any series a count is not 0 but nothing.
      expr: `(count(up{${series}} == 1) or vector(0)) < ${majority}`,
      for: '2m',
      severity: 'critical',
      summary: `Fewer than ${majority} of ${members} members of ${name} answer`,
      description: 'Without a majority it takes no writes',
      runbook: `${pods}; bring nodes back before anything else, and delete no volume`,
    },
    {
      alert: 'StoreDiskNearlyFull',
      expr: `kubelet_volume_stats_available_bytes${volumes} / kubelet_volume_stats_capacity_bytes${volumes} < 0.15`,
      for: '10m',
      severity: 'critical',
      summary: '{{ $labels.persistentvolumeclaim }} is filled to more than 85 %',
      description: '{{ $value | humanizePercentage }} is left; a full disk stops the member',
      runbook: `Raise storage of ${name} where its class can be expanded; else delete data`,
    },
  ];
}
