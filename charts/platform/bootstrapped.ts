import type { Environment } from '../../imports/environment.ts';
import { platforms } from '../platforms.ts';

/** What one literal may leave to another. */
export type ClusterFacts = Partial<Omit<Environment, 'network'>> & {
  readonly network: Partial<Environment['network']>;
};

/** What is alike in every cluster that Flux was bootstrapped into, with its image controllers, and that has our platform. */
export const bootstrapped = {
  ingress: { class: 'traefik', issuer: 'letsencrypt-prod' },
  mesh: 'none',
  secrets: { kind: 'sealed' },
  imageTags: 'flux',
  platforms,
  flux: { interval: '10m', retryInterval: '1m' },
  network: {
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    ingress: { namespace: 'traefik', labels: { 'app.kubernetes.io/name': 'traefik' } },
    prometheus: { namespace: 'monitoring', labels: { 'app.kubernetes.io/name': 'prometheus' } },
  },
  provides: {
    kinds: [
      'source.toolkit.fluxcd.io/*',
      'kustomize.toolkit.fluxcd.io/*',
      'helm.toolkit.fluxcd.io/*',
      'image.toolkit.fluxcd.io/*',
      'notification.toolkit.fluxcd.io/*',
      'metrics.k8s.io/*',
    ],
    objects: [
      { kind: 'Namespace', name: 'default' },
      { kind: 'Namespace', name: 'kube-system' },
      { kind: 'Namespace', name: 'flux-system' },
      { kind: 'Service', namespace: 'kube-system', name: 'kube-dns', ports: [53] },
      { kind: 'PriorityClass', name: 'system-cluster-critical' },
      { kind: 'PriorityClass', name: 'system-node-critical' },
    ],
  },
} satisfies ClusterFacts;
