import type { Environment } from '../../imports/environment.ts';
import { neotool } from '../neotool/neotool.ts';
import { k3s } from '../platform/k3s.ts';
import { platform } from '../platform/platform.ts';

// Assumed, for the plan does not say: two machines in the office's network.
export default {
  ...k3s,
  name: 'neotool-dev',
  repository: { kind: 'git', url: 'ssh://git@github.com/salomax/neotool-fleet', branch: 'main' },
  nodes: [{ name: 'dev', count: 2, arch: 'amd64', cpu: '7500m', memory: '30Gi', disk: '400Gi' }],
  domain: 'neotool.internal',
  ingress: { class: 'traefik', issuer: 'neotool-dev' },
  secrets: { kind: 'generated' },
  registries: { own: { prefix: 'ghcr.io/salomax' } },
  network: {
    ...k3s.network,
    nodes: ['10.20.0.0/24'],
    apiServer: { cidr: '10.20.0.10/32', port: 6443 },
  },
  systems: [
    neotool({
      host: 'neotool.internal',
      scale: {
        app: { min: 1, max: 10 },
        security: { min: 1, max: 3 },
        assets: { min: 1, max: 3 },
        assistant: { min: 1, max: 3 },
      },
      postgres: { members: 1, storage: '20Gi' },
      kafka: { members: 1, storage: '10Gi' },
      vault: { mode: 'dev' },
      objects: { by: 'minio', storage: '20Gi' },
    }),
    platform({
      email: 'platform@neotool.example.com',
      alerts: { slack: { channel: '#neotool-dev' } },
      monitoring: { retention: '3d', storage: '10Gi', dns: 'coreDns', grafana: 'grafana.neotool.internal' },
      dashboards: ['postgresql', 'kafka'],
      externalSecrets: {},
      loki: { retention: '3d', storage: '10Gi', objects: { store: 'neotool-storage/minio', bucket: 'loki' } },
      logs: true,
      trivy: true,
    }),
  ],
} satisfies Environment;
