import { readdirSync } from 'node:fs';
import lab from '../../charts/environments/lab.ts';
import { type PlatformFacts, platform } from '../../charts/platform/platform.ts';
import type { Environment } from '../../imports/environment.ts';
import { type Plain, rendered } from './environment.ts';

const folder = new URL('../../charts/environments/', import.meta.url);
const environments: Environment[] = [];
for (const name of readdirSync(folder)) environments.push((await import(new URL(name, folder).href)).default);

const volume = { retention: '7d', storage: '5Gi' };
const objects = { bucket: 'b', url: 'https://s3.example.net', region: 'r', pathStyle: true };

/** Every part, and every fact of each. */
const whole: Required<PlatformFacts> = {
  email: 'a@example.net',
  alerts: { slack: { channel: '#a' }, pagerduty: true },
  monitoring: {
    ...volume,
    dns: 'coreDns',
    memory: { request: '1Gi', limit: '2Gi' },
    grafana: 'grafana.example.net',
  },
  nfs: { server: 'nas.example.net', share: '/volume1/k3s' },
  operators: { rabbitmq: true, kafka: ['data'] },
  traefik: { nodePorts: { web: 30080, websecure: 30443, proxies: ['10.0.0.0/8'] } },
  dashboards: [],
  loki: { ...volume, objects },
  logs: true,
  tempo: { ...volume, retention: '72h', objects },
  collector: { traces: 'tempo', sampling: 1, logs: true },
  velero: { objects, hour: 3, ttl: '24h', storageClass: 'local' },
  trivy: true,
  externalSecrets: { vault: { server: 'http://vault.example.net:8200', path: 'p', mount: 'm', role: 'r' } },
  harbor: { host: 'registry.example.net', storage: '1Gi', backups: objects },
  metricsServer: true,
  gatewayApi: true,
  linkerd: { cni: { binDir: '/opt/cni/bin', netDir: '/etc/cni/net.d' }, replicas: 3, dashboard: 'mesh.example.net' },
  knative: { replicas: 3 },
};

/** Values by chart, of every environment and of one with every part of the platform, without and with its facts. */
export function releases(): ReadonlyMap<string, readonly Plain[]> {
  const found = new Map<string, Plain[]>();
  const few = {
    ...whole,
    loki: volume,
    tempo: { ...volume, retention: '72h' },
    traefik: undefined,
    velero: { objects },
    linkerd: undefined,
  };
  const secrets = { kind: 'external', store: { kind: 'ClusterSecretStore', name: 'vault' } } as const;
  const parts = [whole, few].map(
    (facts) =>
      ({
        ...lab,
        secrets,
        otlp: undefined,
        mesh: facts.linkerd ? 'linkerd' : 'none',
        systems: [platform(facts as PlatformFacts)],
      }) as Environment,
  );
  for (const environment of [...environments, ...parts]) {
    for (const { kind, metadata, spec } of rendered(environment).objects) {
      if (kind === 'HelmRelease') found.set(metadata.name, [...(found.get(metadata.name) ?? []), spec.values ?? {}]);
    }
  }
  return found;
}
