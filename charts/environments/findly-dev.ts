import type { Environment } from '../../imports/environment.ts';
import { fnNotifications } from '../fn-notifications/fn-notifications.ts';
import { gke } from '../platform/gke.ts';
import { platform } from '../platform/platform.ts';

// Assumed as in findly-prod. Where .env.dev says localhost, a cluster needs an address: database and broker stand in the
// same private network.
export default {
  ...gke,
  name: 'findly-dev',
  repository: { kind: 'git', url: 'ssh://git@github.com/findlynow/fleet', branch: 'main' },
  nodes: [
    {
      name: 'default-pool',
      count: 2,
      arch: 'amd64',
      cpu: '3920m',
      memory: '13Gi',
      disk: '100Gi',
    },
  ],
  domain: 'dev.findlynow.com',
  registries: {
    own: { prefix: 'us-central1-docker.pkg.dev/findly-now/services', pullSecret: 'gcr-json-key' },
  },
  network: {
    ...gke.network,
    pods: '10.72.0.0/14',
    services: '10.76.0.0/20',
    nodes: ['10.132.0.0/20'],
    apiServer: { cidr: '172.16.0.16/28', port: 443 },
  },
  systems: [
    platform({
      email: 'platform@findlynow.com',
      alerts: { slack: { channel: '#findly-dev' } },
      monitoring: { retention: '3d', storage: '10Gi', dns: 'kubeDns' },
    }),
    fnNotifications({
      host: 'notifications.dev.findlynow.com',
      origins: ['http://localhost:3000'],
      scale: { min: 1, max: 3 },
      database: { host: 'postgres.dev.findlynow.internal', maxConnections: 100, poolSize: 10 },
      kafka: { host: 'kafka.dev.findlynow.internal', group: 'fn-notifications-development', confluent: false },
      email: { by: 'local' },
      log: { level: 'debug', json: false },
      backups: 'fn-backups/notifications-dev',
    }),
  ],
} satisfies Environment;
