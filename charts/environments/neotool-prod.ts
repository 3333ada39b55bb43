import type { Environment } from '../../imports/environment.ts';
import { neotool } from '../neotool/neotool.ts';
import { r2 } from '../neotool/storage.ts';
import { k3s } from '../platform/k3s.ts';
import { platform } from '../platform/platform.ts';

// K3s in a VPC, on machines of 8 cores and 32 GB. Assumed, for the plan does not say: how many of them, names below
// example.com, address ranges, Cloudflare's account.
const account = '0123456789abcdef0123456789abcdef';

export default {
  ...k3s,
  name: 'neotool-prod',
  repository: { kind: 'git', url: 'ssh://git@github.com/salomax/neotool-fleet', branch: 'main' },
  nodes: [{ name: 'node', count: 6, arch: 'amd64', cpu: '7500m', memory: '30Gi', disk: '400Gi' }],
  storageClasses: { ...k3s.storageClasses, 'ebs-gp3': { kind: 'network', expandable: true } },
  domain: 'neotool.example.com',
  ingress: { class: 'traefik', issuer: 'letsencrypt-prod', internal: { port: 8082 } },
  secrets: { kind: 'external', store: { kind: 'ClusterSecretStore', name: 'vault' } },
  // What staging has shown to work is brought here: npm run promote -- neotool-staging neotool-prod.
  imageTags: 'ci',
  registries: { own: { prefix: 'ghcr.io/salomax' } },
  network: {
    ...k3s.network,
    nodes: ['10.30.0.0/24'],
    // The three servers.
    apiServer: { cidr: '10.30.0.8/29', port: 6443 },
  },
  systems: [
    neotool({
      host: 'neotool.example.com',
      scale: {
        app: { min: 5, max: 50 },
        security: { min: 2, max: 10 },
        assets: { min: 2, max: 10 },
        assistant: { min: 2, max: 10 },
      },
      postgres: { members: 3, storage: '100Gi', storageClass: 'ebs-gp3' },
      kafka: { members: 3, storage: '20Gi', storageClass: 'ebs-gp3' },
      vault: { mode: 'raft', storage: '5Gi' },
      objects: { by: 'r2', account },
    }),
    platform({
      email: 'platform@neotool.example.com',
      alerts: { slack: { channel: '#neotool-prod' }, pagerduty: true },
      monitoring: { retention: '15d', storage: '50Gi', dns: 'coreDns', grafana: 'grafana.neotool.example.com' },
      dashboards: ['postgresql', 'kafka'],
      externalSecrets: {},
      loki: { retention: '30d', storage: '20Gi', objects: { ...r2(account), bucket: 'neotool-prod-loki' } },
      logs: true,
      trivy: true,
    }),
  ],
} satisfies Environment;
