import type { App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { environmentOf } from '../../imports/environment.ts';
import { declare } from '../../imports/relations.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

export interface TraefikFacts {
  /**
   * Ports of every node without a taint instead of a load balancer, for a router or proxy in front of the cluster. One of
   * `proxies`, address ranges, passes whole connections on, encrypted as they are, and says who called by the PROXY protocol.
   */
  readonly nodePorts: { readonly web: number; readonly websecure: number; readonly proxies?: readonly string[] };
}

const resources = room('100m', '128Mi', '256Mi');

/** As the chart names the Service of the entry point for pods. */
const INTERNAL = 'traefik-internal';

/** The way in from outside: HTTP is sent on to HTTPS, and everybody's own address stays visible. */
export function traefik(app: App, crds: ChartRelease, { nodePorts }: Partial<TraefikFacts> = {}, mesh?: IConstruct) {
  const chart = part(app, 'traefik');
  const { ingress, network } = environmentOf(chart);
  const trusted = nodePorts?.proxies && { proxyProtocol: { trustedIPs: [...nodePorts.proxies] } };
  const { internal } = ingress;
  if (mesh) declare(chart, { meshed: [network.ingress] });

  new ChartRelease(chart, 'traefik', {
    ...charts.traefik,
    values: {
      // A node's port leads to the pod on that node.
      deployment: { ...(nodePorts ? { kind: 'DaemonSet' } : { replicas: 2 }), podAnnotations: mesh && meshed },
      ...(!nodePorts && apart),
      resources,
      ingressClass: { name: ingress.class },
      // Local keeps the client's address, which rate limits count by; Cluster would show a node's.
      service: {
        spec: { type: nodePorts ? 'NodePort' : 'LoadBalancer', externalTrafficPolicy: 'Local' },
        ...(internal && { additionalServices: { internal: { spec: { type: 'ClusterIP' } } } }),
      },
      ports: {
        web: {
          nodePort: nodePorts?.web,
          ...trusted,
          http: { redirections: { entryPoint: { to: 'websecure', scheme: 'https', permanent: true } } },
        },
        websecure: nodePorts && { nodePort: nodePorts.websecure, ...trusted },
        ...(internal && { internal: { port: internal.port, exposedPort: 80, expose: { internal: true } } }),
      },
      metrics: traefikMetrics,
    },
    uses: mesh ? [crds, mesh] : [crds],
    runs: [pods('traefik', nodePorts ? 'every-node' : 2, resources, ['docker.io/library/traefik'])],
    provides: {
      kinds: ['traefik.io/*'],
      objects: [
        { kind: 'ServiceAccount', namespace: 'traefik', name: 'traefik' },
        { kind: 'IngressClass', name: ingress.class },
        { kind: 'Service', namespace: 'traefik', name: 'traefik', ports: [80, 'web', 443, 'websecure'] },
        ...(internal ? [{ kind: 'Service', namespace: 'traefik', name: INTERNAL, ports: [80, 'internal'] }] : []),
      ],
    },
  });
}

/**
 * What Traefik counts by has a label `service`, which Prometheus would put aside as `exported_service` for the Service that it
 * scrapes; dashboards ask for Traefik's own.
 */
export const traefikMetrics = {
  prometheus: { service: { enabled: true }, serviceMonitor: { enabled: true, honorLabels: true } },
};

/** What comes from outside goes past the proxy, which would put its own address in place of the client's. */
const meshed = { 'linkerd.io/inject': 'enabled', 'config.linkerd.io/skip-inbound-ports': '8000,8443' };

const apart = {
  podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
  topologySpreadConstraints: [
    {
      labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'traefik' } },
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
    },
  ],
};
