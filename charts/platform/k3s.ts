import { bootstrapped, type ClusterFacts } from './bootstrapped.ts';
import { k3sTraefikPods } from './k3s-traefik.ts';

/**
 * What is alike in every K3s cluster at home that Flux was bootstrapped into. Installed with `--disable traefik`, which
 * is Flux's here; its service load balancer, local-path provisioner, CoreDNS and metrics-server stay.
 * @see https://docs.k3s.io/networking/networking-services
 */
export const k3s = {
  ...bootstrapped,
  kubernetes: '1.34',
  storageClasses: { 'local-path': { kind: 'node', default: true, expandable: false } },
  network: {
    ...bootstrapped.network,
    pods: '10.42.0.0/16',
    services: '10.43.0.0/16',
  },
  provides: {
    ...bootstrapped.provides,
    kinds: [...bootstrapped.provides.kinds, 'helm.cattle.io/*', 'k3s.cattle.io/*'],
    // No CSI driver, but what classes name as their provisioner all the same.
    objects: [...bootstrapped.provides.objects, { kind: 'CSIDriver', name: 'rancher.io/local-path' }],
  },
} satisfies ClusterFacts;

/** Where K3s has its CNI plugins, for a mesh's. @see https://docs.k3s.io/networking/multus-ipams */
export const k3sCni = {
  binDir: '/var/lib/rancher/k3s/data/cni',
  netDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
};

/** The same, with the Traefik that K3s brings. */
export const k3sWithTraefik = {
  ...k3s,
  ingress: { ...k3s.ingress, bundled: true },
  network: { ...k3s.network, ingress: k3sTraefikPods },
};
