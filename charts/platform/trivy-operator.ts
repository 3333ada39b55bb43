import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { trivyAlerts } from './alerts.ts';
import { part } from './part.ts';
import { onDisk, pods, room } from './room.ts';

/** A user that no image has; the scanner writes to its own folders only. */
const restricted = { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: 'RuntimeDefault' } };

const container = {
  privileged: false,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

/**
 * Trivy Operator: scans the images, configuration, roles and exposed secrets of everything that runs, and reports as
 * objects, `kubectl get vulnerabilityreports -A`. One server holds the vulnerability database, or every scan would fetch it.
 * Checks of the machines themselves are off: they need pods that read them as root.
 * @see https://aquasecurity.github.io/trivy-operator/latest/
 */
export function trivyOperator(app: App, crds: ChartRelease) {
  const chart = part(app, 'trivy-system');
  const operator = room('50m', '128Mi', '512Mi');
  const server = room('50m', '256Mi', '1Gi');
  new AlertRules(chart, 'alerts', { rules: trivyAlerts });
  return new ChartRelease(chart, 'trivy-operator', {
    ...charts['trivy-operator'],
    values: {
      operator: {
        builtInTrivyServer: true,
        // A scan takes half a core for a minute.
        scanJobsConcurrentLimit: 2,
        scanJobTimeout: '15m',
        infraAssessmentScannerEnabled: false,
        clusterComplianceEnabled: false,
      },
      trivy: {
        mode: 'ClientServer',
        // What can be fixed is worth an alert.
        ignoreUnfixed: true,
        severity: 'MEDIUM,HIGH,CRITICAL',
        server: {
          podSecurityContext: { ...restricted, fsGroup: 65534 },
          securityContext: container,
          resources: server,
        },
      },
      trivyOperator: {
        scanJobPodTemplatePodSecurityContext: restricted,
        scanJobPodTemplateContainerSecurityContext: container,
      },
      podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      resources: operator,
      serviceMonitor: { enabled: true },
    },
    uses: [crds],
    runs: [
      // The chart takes them through a cache of Docker Hub.
      pods('trivy-operator', 1, operator, ['docker.io/aquasec/trivy-operator']),
      pods('trivy-server', 1, server, ['docker.io/aquasec/trivy'], onDisk(chart, '5Gi')),
    ],
    provides: { kinds: ['aquasecurity.github.io/*'] },
  });
}
