import { type App, Chart, Yaml } from 'cdk8s';
import { Construct } from 'constructs';
import type { ChartRelease } from '../../constructs/chart-release.ts';
import { environmentOf } from '../../imports/environment.ts';
import { HelmChartConfig } from '../../imports/k3s.ts';
import { declare } from '../../imports/relations.ts';
import { traefikMetrics } from './traefik.ts';

/** Where K3s runs its own Traefik, for `network.ingress` of an environment with `ingress.bundled`. */
export const k3sTraefikPods = { namespace: 'kube-system', labels: { 'app.kubernetes.io/name': 'traefik' } };

/**
 * Our values for the Traefik that K3s brings and keeps up to date: two pods, HTTP is sent on to HTTPS, everybody's own
 * address stays visible.
 * @see https://docs.k3s.io/networking/networking-services#traefik-ingress-controller
 */
export function k3sTraefik(app: App, crds: ChartRelease) {
  const { namespace } = k3sTraefikPods;
  const chart = new Chart(app, 'traefik', { namespace, disableResourceNameHashes: true });
  declare(chart, { platform: true });

  const config = new Construct(chart, 'traefik');
  declare(config, {
    uses: [crds],
    provides: {
      kinds: ['traefik.io/*'],
      objects: [
        { kind: 'IngressClass', name: environmentOf(chart).ingress.class },
        { kind: 'Service', namespace, name: 'traefik', ports: [80, 'web', 443, 'websecure'] },
      ],
    },
  });
  new HelmChartConfig(config, 'config', {
    metadata: { name: 'traefik', namespace },
    spec: { valuesContent: Yaml.stringify(values) },
  });
}

const values = {
  deployment: { replicas: 2 },
  podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
  topologySpreadConstraints: [
    {
      labelSelector: { matchLabels: k3sTraefikPods.labels },
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
    },
  ],
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  // Local keeps the client's address, which rate limits count by; Cluster would show a node's.
  service: { spec: { externalTrafficPolicy: 'Local' } },
  ports: {
    web: { http: { redirections: { entryPoint: { to: 'websecure', scheme: 'https', permanent: true } } } },
  },
  metrics: traefikMetrics,
};
