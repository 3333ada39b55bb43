import type { App } from 'cdk8s';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

/** Opens the SealedSecrets of `clusters/<env>/secrets/`. */
export function sealedSecrets(app: App, crds: ChartRelease) {
  const resources = room('10m', '64Mi', '128Mi');
  new ChartRelease(part(app, 'sealed-secrets'), 'sealed-secrets', {
    ...charts['sealed-secrets'],
    values: {
      // The name kubeseal looks for; its --controller-namespace is sealed-secrets.
      fullnameOverride: 'sealed-secrets-controller',
      podSecurityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containerSecurityContext: { allowPrivilegeEscalation: false },
      resources,
      metrics: { serviceMonitor: { enabled: true } },
    },
    uses: [crds],
    runs: [pods('sealed-secrets-controller', 1, resources, ['docker.io/bitnami/sealed-secrets-controller'])],
    provides: {
      kinds: ['bitnami.com/*'],
      objects: [
        { kind: 'Service', namespace: 'sealed-secrets', name: 'sealed-secrets-controller', ports: [8080, 'http'] },
      ],
    },
  });
}
