import type { AlertRule } from '../alert-rules.ts';

/** What the members say of themselves: https://www.rabbitmq.com/docs/prometheus */
export function rabbitmqAlerts({
  name,
  namespace,
  members,
}: {
  name: string;
  namespace: string;
  members: number;
}): AlertRule[] {
  // A PodMonitor's job is its own name.
  const labels = `namespace="${namespace}",job="${namespace}/${name}"`;
  const series = `{${labels}}`;
  const up = `up${series}`;
  const majority = Math.floor(members / 2) + 1;
  const pods = `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=${name} -o wide`;
  const volumes = `{namespace="${namespace}",persistentvolumeclaim=~"persistence-${name}-server-\\\\d+"}`;
  return [
    {
      alert: 'RabbitmqMemberDown',
      expr: `${up} == 0`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $labels.pod }} of ${name} does not answer`,
      description: 'The others go on; with one more lost they may not',
      runbook: `${pods}; then describe it and read its log`,
    },
    {
      alert: 'RabbitmqMajorityDown',
      // Without any series a count is not 0 but nothing.
      expr: `(count(${up} == 1) or vector(0)) < ${majority}`,
      for: '2m',
      severity: 'critical',
      summary: `Fewer than ${majority} of ${members} members of ${name} answer`,
      description: 'Quorum queues without a majority take and give no messages',
      runbook: `${pods}; bring nodes back before anything else, and delete no volume`,
    },
    {
      alert: 'RabbitmqMembersApart',
      expr: `rabbitmq_unreachable_cluster_peers_count${series} > 0`,
      for: '2m',
      severity: 'warning',
      summary: `{{ $labels.pod }} of ${name} does not reach {{ $value }} of the others`,
      description: 'A minority pauses until it reaches them again',
      runbook: `kubectl -n ${namespace} exec {{ $labels.pod }} -- rabbitmq-diagnostics cluster_status`,
    },
    {
      alert: 'RabbitmqPublishersBlocked',
      expr: `max by (pod) ({__name__=~"rabbitmq_alarms_(memory_used|free_disk_space)_watermark",${labels}}) > 0`,
      for: '1m',
      severity: 'critical',
      summary: `{{ $labels.pod }} of ${name} is out of memory or disk, no member takes messages`,
      description: 'Connections that publish hang until the alarm is over',
      runbook: `kubectl -n ${namespace} exec {{ $labels.pod }} -- rabbitmq-diagnostics alarms; work off queues, or raise size or storage`,
    },
    {
      alert: 'RabbitmqDiskNearlyFull',
      expr: `kubelet_volume_stats_available_bytes${volumes} / kubelet_volume_stats_capacity_bytes${volumes} < 0.3`,
      for: '10m',
      severity: 'warning',
      summary: '{{ $labels.persistentvolumeclaim }} is filled to more than 70 %',
      description: '{{ $value | humanizePercentage }} is left; below 2 GB no member takes messages',
      runbook: `See which queues grow: kubectl -n ${namespace} exec ${name}-server-0 -- rabbitmqctl list_queues -p <vhost> name messages`,
    },
    {
      alert: 'RabbitmqDeadLetters',
      expr: `increase(rabbitmq_global_messages_dead_lettered_confirmed_total${series}[15m]) > 0`,
      for: '1m',
      severity: 'warning',
      summary: `Messages of ${name} could not be worked off`,
      description: '{{ $value | humanize }} went to queue dead-letters in 15 minutes',
      runbook: 'Read them in queue dead-letters of the virtual host; header x-death says from where and why',
    },
  ];
}
