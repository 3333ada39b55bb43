import { ApiObject, type App, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import type { Environment } from '../imports/environment.ts';
import { count } from './count.ts';
import { objectsOf } from './services.ts';

function services(app: App) {
  const chart = new Chart(app, 'bench', { disableResourceNameHashes: true });
  for (let i = 0; i < count; i++) {
    const unit = new Construct(chart, `service-${i}`);
    for (const object of objectsOf(i)) new ApiObject(unit, object.kind, object);
  }
}

/** Copied beside the engine by bench.ts, with the number of services. */
export default {
  name: 'bench',
  kubernetes: '1.34',
  repository: { kind: 'git', url: 'ssh://git@git.example/bench', branch: 'main' },
  nodes: [{ name: 'node', count: 110, arch: 'amd64', cpu: '64', memory: '256Gi', disk: '1Ti' }],
  storageClasses: {},
  domain: 'bench.example',
  ingress: { class: 'traefik', issuer: 'none' },
  mesh: 'none',
  secrets: { kind: 'sealed' },
  registries: { own: { prefix: 'registry.example' } },
  imageTags: 'ci',
  flux: { interval: '10m', retryInterval: '1m' },
  network: {
    pods: '10.42.0.0/16',
    services: '10.43.0.0/16',
    nodes: ['192.0.2.0/24'],
    apiServer: { cidr: '192.0.2.1/32', port: 6443 },
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    ingress: { namespace: 'traefik', labels: { 'app.kubernetes.io/name': 'traefik' } },
    prometheus: { namespace: 'monitoring', labels: { 'app.kubernetes.io/name': 'prometheus' } },
  },
  provides: { objects: [{ kind: 'Namespace', name: 'bench' }] },
  systems: [services],
} satisfies Environment;
