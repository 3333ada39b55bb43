import type { AlertRule } from '../../constructs/alert-rules.ts';

/** What a stage is watched for besides its stores, which bring alerts of their own. */
export const alertsOf = (namespace: string): readonly AlertRule[] => {
  const pods = `kubectl -n ${namespace} get pods; kubectl -n ${namespace} describe pod {{ $labels.pod }}`;
  return [
    {
      alert: 'PodRestarting',
      expr: `increase(kube_pod_container_status_restarts_total{namespace="${namespace}"}[15m]) > 2`,
      for: '1m',
      severity: 'warning',
      summary: '{{ $labels.container }} of {{ $labels.pod }} keeps restarting',
      description: 'It started {{ $value | humanize }} times in 15 minutes',
      runbook: `${pods}; kubectl -n ${namespace} logs {{ $labels.pod }} -c {{ $labels.container }} --previous`,
    },
    {
      alert: 'MemoryNearLimit',
      expr: `max by (pod, container) (container_memory_working_set_bytes{namespace="${namespace}",container!=""})
  / on (pod, container) max by (pod, container) (kube_pod_container_resource_limits{namespace="${namespace}",resource="memory"}) > 0.9`,
      for: '10m',
      severity: 'warning',
      summary: '{{ $labels.container }} of {{ $labels.pod }} uses 90 % of its memory',
      description: 'At {{ $value | humanizePercentage }} of its limit it is about to be killed',
      runbook: 'Raise its size in charts/environments/vinyl.ts, or find what it keeps',
    },
    {
      alert: 'DeploymentWithoutPods',
      expr: `kube_deployment_status_replicas_available{namespace="${namespace}"} == 0`,
      for: '2m',
      severity: 'critical',
      summary: 'Nobody answers for {{ $labels.deployment }}',
      description: 'Not one of its pods is ready',
      // Its metric is of kube-state-metrics, whose pod `$labels.pod` would be.
      runbook: `kubectl -n ${namespace} describe deployment {{ $labels.deployment }}; kubectl -n ${namespace} get pods -l app.kubernetes.io/name={{ $labels.deployment }}, then describe one and read its log`,
    },
  ];
};
