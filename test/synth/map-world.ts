import type { Environment, Node } from '../../imports/environment.ts';
import { type FluxFacts, fluxPlan } from '../../synth/flux.ts';
import type { Rendered } from '../../synth/manifest.ts';
import { mapOf } from '../../synth/map/model.ts';
import { resolve } from '../../synth/resolve.ts';
import { fleet, object, unit } from './fleet.ts';

// A made-up cluster for the map: services that call each other and their stores, of any number.

const network: Environment['network'] = {
  pods: '10.42.0.0/16',
  services: '10.43.0.0/16',
  nodes: ['10.0.0.0/24'],
  apiServer: { cidr: '10.0.0.1/32', port: 6443 },
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  ingress: { namespace: 'traefik', labels: { 'app.kubernetes.io/name': 'traefik' } },
  prometheus: { namespace: 'monitoring', labels: { 'app.kubernetes.io/name': 'prometheus' } },
};

const node = (name: string): Node => ({ name, arch: 'amd64', cpu: '64', memory: '256Gi', disk: '900Gi' });

/** The map of what is rendered, and what it was drawn from. */
export function mapped(rendered: Rendered) {
  const nodes = [node('one'), node('two')];
  const cluster = { nodes, network, storageClasses: {}, mesh: 'none' as const };
  const index = resolve(rendered, { provides: [], closed: true, cluster });
  const facts: FluxFacts = {
    name: 'made-up',
    flux: { interval: '10m', retryInterval: '1m' },
    repository: { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' },
  };
  const synthesis = { index, plan: fluxPlan(index, facts, { hasFluxSystem: false, secretFiles: [] }) };
  return { map: mapOf({ name: 'made-up', nodes }, synthesis), synthesis };
}

export const podsOf = (name: string, spec: object = {}) => ({
  metadata: { labels: { app: name } },
  spec: {
    containers: [{ name, image: 'x', resources: { requests: { cpu: '10m', memory: '64Mi' } }, ...spec }],
  },
});

export const pods = (name: string) => ({ namespace: 'shop', labels: { app: name } });

/** A Deployment of the chart `shop`, and what it calls. */
export function service(name: string, calls: readonly string[] = [], spec: object = {}) {
  const flows = calls.map((to) => ({ from: pods(name), to: pods(to), port: 8080 }));
  const selector = { matchLabels: { app: name } };
  return unit(
    `shop/${name}`,
    [
      object('apps/v1 Deployment', `shop/${name}`, { spec: { replicas: 2, selector, template: podsOf(name, spec) } }),
      object('v1 Service', `shop/${name}`, {
        spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
      }),
    ],
    { flows },
  );
}

export const store = (name: string) =>
  unit('shop/stores', [
    object('apps/v1 StatefulSet', `shop/${name}`, {
      spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: podsOf(name) },
    }),
  ]);

/** Every service calls a store and two of those after it; the first is behind a host name. */
export function shopOf(count: number): Rendered {
  const name = (i: number) => `service-${String(i).padStart(3, '0')}`;
  const services = Array.from({ length: count }, (_, i) =>
    service(name(i), ['postgresql', ...[i * 2 + 1, i * 2 + 2].filter((next) => next < count).map(name)]),
  );
  const rules = [
    {
      host: 'shop.example.org',
      http: { paths: [{ path: '/', backend: { service: { name: name(0), port: { name: 'http' } } } }] },
    },
  ];
  return fleet(
    unit('shop/namespace', [object('v1 Namespace', 'shop')]),
    unit('shop/ingress', [object('networking.k8s.io/v1 Ingress', 'shop/shop', { spec: { rules } })]),
    store('postgresql'),
    ...services,
  );
}
