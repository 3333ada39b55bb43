import type { Environment } from '../../imports/environment.ts';
import { k3sWithTraefik } from '../platform/k3s.ts';
import { platform } from '../platform/platform.ts';
import { assumed } from '../vinylvault/assumed.ts';
import { vinylVault } from '../vinylvault/vinylvault.ts';

// Vinyl Vault's K3s: four Raspberry Pi 5, each of them also works, and a Synology. What the plan leaves open stands in
// charts/vinylvault/assumed.ts. MongoDB runs on a Pi 5, as it would not on a Pi 4.
const pi = {
  arch: 'arm64',
  cpu: assumed['node cpu'].value,
  memory: assumed['node memory'].value,
  disk: assumed['node disk'].value,
  labels: { 'capability/mongodb': 'true' },
} as const;
const people = assumed.people.value;
const keep = { daily: 7, weekly: 4, monthly: 3 };

export default {
  ...k3sWithTraefik,
  name: 'vinyl',
  repository: { kind: 'git', url: people.repository, branch: 'main' },
  nodes: [
    { name: 'pi-1', ...pi },
    { name: 'pi-2', ...pi },
    { name: 'pi-3', ...pi },
    { name: 'pi-4', ...pi },
  ],
  storageClasses: {
    ...k3sWithTraefik.storageClasses,
    nfs: { kind: 'shared', expandable: false },
    'nfs-backups': { kind: 'shared', expandable: false },
  },
  domain: 'vinylvault.loitzl.com',
  registries: { own: { prefix: assumed.images.value, pullSecret: 'ghcr' } },
  network: {
    ...k3sWithTraefik.network,
    nodes: ['192.168.1.0/24'],
    apiServer: { cidr: assumed['control plane'].value, port: 6443 },
  },
  systems: [
    platform({
      email: people.email,
      alerts: { slack: { channel: people.slack } },
      monitoring: {
        retention: '7d',
        storage: '10Gi',
        memory: { request: '400Mi', limit: '1Gi' },
        dns: 'coreDns',
      },
      dashboards: ['mongodb'],
      nfs: { server: '192.168.1.5', share: '/volume1/k8s-storage', backups: assumed['backup export'].value },
    }),
    vinylVault({
      stages: {
        staging: {
          host: 'vinylvault.antisozializer.org',
          images: 'develop',
          stores: {
            bff: { size: { cpu: '250m', cpuLimit: '1', memory: '512Mi', memoryLimit: '1Gi' }, storage: '10Gi' },
            backend: { size: { cpu: '500m', cpuLimit: '2', memory: '1Gi', memoryLimit: '2Gi' }, storage: '50Gi' },
          },
          backups: { keep, storage: '200Gi' },
        },
        production: {
          host: 'vinylvault.loitzl.com',
          images: 'promotion',
          stores: {
            bff: { size: { cpu: '500m', cpuLimit: '2', memory: '1Gi', memoryLimit: '2Gi' }, storage: '20Gi' },
            backend: { size: { cpu: '1', cpuLimit: '4', memory: '2Gi', memoryLimit: '4Gi' }, storage: '100Gi' },
          },
          backups: { keep, storage: '400Gi' },
          discogs: true,
        },
      },
    }),
  ],
} satisfies Environment;
