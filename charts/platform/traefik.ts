import type { App } from 'cdk8s';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { environmentOf } from '../../imports/environment.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';

/** The way in from outside: HTTP is sent on to HTTPS, and everybody's own address stays visible. */
export function traefik(app: App, crds: ChartRelease) {
  const chart = part(app, 'traefik');
  const { ingress } = environmentOf(chart);

  new ChartRelease(chart, 'traefik', {
    ...charts.traefik,
    values: {
      deployment: { replicas: 2 },
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      topologySpreadConstraints: [
        {
          labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'traefik' } },
          topologyKey: 'kubernetes.io/hostname',
          maxSkew: 1,
          whenUnsatisfiable: 'ScheduleAnyway',
        },
      ],
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      ingressClass: { name: ingress.class },
      // Local keeps the client's address, which rate limits count by; Cluster would show a node's.
      service: { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
      ports: {
        web: { http: { redirections: { entryPoint: { to: 'websecure', scheme: 'https', permanent: true } } } },
      },
      metrics: { prometheus: { service: { enabled: true }, serviceMonitor: { enabled: true } } },
    },
    uses: [crds],
    provides: {
      kinds: ['traefik.io/*'],
      objects: [
        { kind: 'IngressClass', name: ingress.class },
        { kind: 'Service', namespace: 'traefik', name: 'traefik', ports: [80, 'web', 443, 'websecure'] },
      ],
    },
  });
}
