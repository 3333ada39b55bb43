import type { Environment } from '../../imports/environment.ts';
import { lab } from '../lab/lab.ts';
import { k3s } from '../platform/k3s.ts';
import { collectorOtlp } from '../platform/opentelemetry-collector.ts';
import { platform } from '../platform/platform.ts';

// An example: K3s on three Raspberry Pi 5 and two small PCs, each of them a server or agent that also works, and a NAS.
// What a node has is what K3s and the kernel leave over. MongoDB runs on all of them, as it would not on a Pi 4; the Pis run
// Ubuntu, whose kernel has pages of the size that Qdrant's image is built for.
const capabilities = { 'capability/mongodb': 'true', 'capability/page-size': '4Ki' };
const pi = { arch: 'arm64', cpu: '3500m', memory: '7400Mi', disk: '230Gi', labels: capabilities } as const;
const box = { arch: 'amd64', cpu: '7500m', memory: '30Gi', disk: '900Gi', labels: capabilities } as const;

export default {
  ...k3s,
  name: 'lab',
  repository: { kind: 'git', url: 'ssh://git@github.com/example/fleet', branch: 'main' },
  nodes: [
    { name: 'pi-1', ...pi },
    { name: 'pi-2', ...pi },
    { name: 'pi-3', ...pi },
    { name: 'box-1', ...box },
    { name: 'box-2', ...box },
  ],
  storageClasses: { ...k3s.storageClasses, nfs: { kind: 'shared', expandable: false } },
  domain: 'lab.example.net',
  registries: { own: { prefix: 'ghcr.io/example' } },
  network: {
    ...k3s.network,
    nodes: ['192.168.20.0/24'],
    // The three servers; pods reach one of them.
    apiServer: { cidr: '192.168.20.8/29', port: 6443 },
  },
  otlp: collectorOtlp,
  // The platform comes last: Loki and Tempo write to a store of the lab.
  systems: [
    lab,
    platform({
      email: 'lab@example.net',
      alerts: { slack: { channel: '#lab' } },
      monitoring: { retention: '7d', storage: '20Gi', dns: 'coreDns' },
      nfs: { server: 'nas.lab.example.net', share: '/volume1/k3s' },
      operators: { rabbitmq: true, kafka: ['lab'] },
      loki: { retention: '7d', storage: '5Gi', objects: { store: 'lab/minio', bucket: 'logs' } },
      logs: true,
      tempo: { retention: '72h', storage: '5Gi', objects: { store: 'lab/minio', bucket: 'traces' } },
      collector: { traces: 'tempo' },
      velero: {
        objects: {
          url: 'https://0123456789abcdef.r2.cloudflarestorage.com',
          region: 'auto',
          provider: 'Cloudflare',
          bucket: 'lab-cluster',
        },
        storageClass: 'local',
      },
      trivy: true,
      dashboards: ['postgresql', 'redis', 'rabbitmq', 'kafka', 'mongodb'],
    }),
  ],
} satisfies Environment;
