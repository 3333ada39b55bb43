import type { Environment } from '../../imports/environment.ts';

/**
 * What is alike in every K3s cluster at home that Flux was bootstrapped into. Installed with `--disable traefik`, which
 * is Flux's here; its service load balancer, local-path provisioner, CoreDNS and metrics-server stay.
 * @see https://docs.k3s.io/networking/networking-services
 */
export const k3s = {
  kubernetes: '1.34',
  storageClasses: { 'local-path': { kind: 'node', default: true, expandable: false } },
  ingress: { class: 'traefik', issuer: 'letsencrypt-prod' },
  mesh: 'none',
  secrets: { kind: 'sealed' },
  imageTags: 'flux',
  flux: { interval: '10m', retryInterval: '1m' },
  network: {
    pods: '10.42.0.0/16',
    services: '10.43.0.0/16',
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
      'helm.cattle.io/*',
      'k3s.cattle.io/*',
    ],
    objects: [
      { kind: 'Namespace', name: 'default' },
      { kind: 'Namespace', name: 'kube-system' },
      { kind: 'Namespace', name: 'flux-system' },
      { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' },
      { kind: 'Service', namespace: 'kube-system', name: 'kube-dns', ports: [53] },
      { kind: 'PriorityClass', name: 'system-cluster-critical' },
      { kind: 'PriorityClass', name: 'system-node-critical' },
    ],
  },
} satisfies Partial<Omit<Environment, 'network'>> & { network: Partial<Environment['network']> };
