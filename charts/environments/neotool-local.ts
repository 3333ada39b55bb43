import type { Environment } from '../../imports/environment.ts';
import { neotool } from '../neotool/neotool.ts';
import { k3s } from '../platform/k3s.ts';
import { platform } from '../platform/platform.ts';

// One developer's machine. Everything in it can be made again: secrets are made up in the cluster, Vault forgets.
export default {
  ...k3s,
  name: 'neotool-local',
  repository: { kind: 'git', url: 'ssh://git@github.com/salomax/neotool-fleet', branch: 'main' },
  nodes: [{ name: 'local', arch: 'amd64', cpu: '7500m', memory: '30Gi', disk: '200Gi' }],
  domain: 'neotool.local',
  ingress: { class: 'traefik', issuer: 'neotool-local' },
  secrets: { kind: 'generated' },
  registries: { own: { prefix: 'ghcr.io/salomax' } },
  network: {
    ...k3s.network,
    nodes: ['192.168.0.0/16'],
    apiServer: { cidr: '192.168.0.0/16', port: 6443 },
  },
  systems: [
    neotool({
      host: 'neotool.local',
      postgres: { members: 1, storage: '20Gi' },
      kafka: { members: 1, storage: '10Gi' },
      vault: { mode: 'dev' },
      objects: { by: 'minio', storage: '10Gi' },
    }),
    platform({
      email: 'platform@neotool.example.com',
      alerts: { slack: { channel: '#neotool-local' } },
      monitoring: { retention: '2d', storage: '5Gi', dns: 'coreDns', grafana: 'grafana.neotool.local' },
      dashboards: ['postgresql', 'kafka'],
      externalSecrets: {},
      loki: { retention: '2d', storage: '5Gi', objects: { store: 'neotool-storage/minio', bucket: 'loki' } },
      logs: true,
    }),
  ],
} satisfies Environment;
