import type { Environment } from '../../imports/environment.ts';
import { fnNotifications } from '../fn-notifications/fn-notifications.ts';
import { gke } from '../platform/gke.ts';
import { platform } from '../platform/platform.ts';

// Assumed, for the plan does not say: machines and address ranges, project and region, everything below findlynow.internal,
// channels. Another region is a file like this one, with its own name, addresses and `scale: { min: 5 }`.
export default {
  ...gke,
  name: 'findly-prod',
  repository: { kind: 'git', url: 'ssh://git@github.com/findlynow/fleet', branch: 'main' },
  nodes: [
    {
      name: 'default-pool',
      count: 4,
      arch: 'amd64',
      cpu: '3920m',
      memory: '13Gi',
      disk: '100Gi',
    },
  ],
  domain: 'findlynow.com',
  registries: {
    // Container Registry (gcr.io) was shut down in March 2025.
    own: { prefix: 'us-central1-docker.pkg.dev/findly-now/services', pullSecret: 'gcr-json-key' },
  },
  network: {
    ...gke.network,
    pods: '10.64.0.0/14',
    services: '10.68.0.0/20',
    nodes: ['10.128.0.0/20'],
    apiServer: { cidr: '172.16.0.0/28', port: 443 },
  },
  systems: [
    platform({
      email: 'platform@findlynow.com',
      alerts: { slack: { channel: '#findly-alerts' }, pagerduty: true },
      monitoring: { retention: '15d', storage: '50Gi', dns: 'kubeDns' },
    }),
    fnNotifications({
      host: 'notifications.findlynow.com',
      origins: ['https://app.findlynow.com', 'https://admin.findlynow.com'],
      // 16 pods with 4 connections and one of Oban's, a migration and a backup: 82.
      database: { host: 'db.findlynow.supabase.co', maxConnections: 100, poolSize: 4 },
      kafka: {
        host: 'pkc-xyz.us-central1.gcp.confluent.cloud',
        group: 'fn-notifications-production',
        confluent: true,
      },
      email: { by: 'sendgrid' },
      redis: { host: 'redis.findlynow.internal', port: 6379 },
      log: { level: 'info', json: true },
      backups: 'fn-backups/notifications',
    }),
  ],
} satisfies Environment;
