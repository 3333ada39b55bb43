import type { Environment } from '../../imports/environment.ts';
import type { NotifiFacts } from '../notifi/facts.ts';
import { handbook } from '../notifi/handbook/handbook.ts';
import { notifi } from '../notifi/notifi.ts';
import { k3s, k3sCni } from '../platform/k3s.ts';
import { collectorOtlp } from '../platform/opentelemetry-collector.ts';
import { platform } from '../platform/platform.ts';

// The Notifi homelab plan's five machines. What a node has is what Ubuntu, K3s and the kernel leave over. Assumed: the boards
// are Raspberry Pi 5, as its bill of materials has them (on a Pi 4 MongoDB does not start: drop the label, and run one
// member of it); the domain, the registry, the repository, and the NAS.
// Not as in the plan: no zone labels, for an architecture is no place; volumes that its disks hold (docs/studio.md lists them);
// CPU and memory that leave room for any one node to be lost, and for everything to be rolled out (npm run fit -- studio).
const kind = (type: string, workload: string) => ({
  'node.kubernetes.io/instance-type': type,
  'workload-type': workload,
  'capability/mongodb': 'true',
});
const pi = { arch: 'arm64', cpu: '3500m', memory: '7000Mi', disk: '215Gi' } as const;
const data = { ...pi, labels: kind('pi', 'data-services') };
// Of the kernel, K3s and what else runs on the machine.
const at = (address: string, memory = '800Mi') => ({ address, reserved: { cpu: '500m', memory } });

const facts: NotifiFacts = {
  hosts: {
    api: 'api.notifi.example.net',
    prometheus: 'prometheus.notifi.example.net',
    rabbitmq: 'rabbitmq.notifi.example.net',
    linkerd: 'linkerd.notifi.example.net',
  },
  stores: {
    postgresql: { members: 3, storage: '50Gi', size: { cpu: '500m', memory: '1536Mi', memoryLimit: '4Gi' } },
    redis: { members: 3, storage: '10Gi', size: { cpu: '200m', memory: '768Mi', memoryLimit: '2Gi' } },
    mongodb: { members: 3, storage: '30Gi', size: { cpu: '250m', memory: '1536Mi', memoryLimit: '3Gi' } },
    minio: { members: 3, storage: '60Gi', size: { cpu: '200m', memory: '768Mi', memoryLimit: '2Gi' } },
    rabbitmq: { members: 3, storage: '10Gi', size: { cpu: '250m', memory: '1536Mi' } },
    kafka: { members: 3, storage: '40Gi', size: { cpu: '500m', memory: '1536Mi', memoryLimit: '3Gi' } },
  },
  backups: {
    nas: { host: '192.168.1.20', cidr: '192.168.1.20/32', user: 'notifi-backup', path: '/volume1/notifi' },
    keepDays: 30,
  },
  movesFrom: {
    postgresql: { host: 'notifi.abcdefghijkl.us-east-1.rds.amazonaws.com' },
    bucket: { name: 'notifi-production', url: 'https://s3.us-east-1.amazonaws.com', region: 'us-east-1' },
  },
};

// By the edge Nginx.
const traefik = { nodePorts: { web: 30080, websecure: 30443, proxies: ['192.168.1.10/32'] } };

const registry = { host: 'registry.notifi.example.net', bucket: 'harbor-backups' };

/**
 * `harbor` is the one switch of the plan's registry, which then runs on studio and forge. Own images come from it once they are
 * pushed there, and `registries` says so; its own come from outside all the same.
 */
export const studioWith = ({ harbor }: { readonly harbor: boolean }) =>
  ({
    ...k3s,
    name: 'studio',
    repository: { kind: 'git', url: 'ssh://git@github.com/example/homelab', branch: 'main' },
    nodes: [
      {
        ...pi,
        name: 'pi-node-1',
        machine: at('192.168.1.101'),
        labels: { ...kind('pi', 'control-plane'), 'node-role.kubernetes.io/control-plane': 'true' },
        taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
      },
      { ...data, name: 'pi-node-2', machine: at('192.168.1.102') },
      { ...data, name: 'pi-node-3', machine: at('192.168.1.103') },
      {
        name: 'studio',
        machine: at('192.168.1.104', '1Gi'),
        arch: 'amd64',
        cpu: '7500m',
        memory: '30Gi',
        disk: '450Gi',
        labels: kind('studio', 'messaging'),
      },
      {
        name: 'forge',
        machine: at('192.168.1.105', '2Gi'),
        arch: 'amd64',
        cpu: '11500m',
        memory: '60Gi',
        disk: '890Gi',
        labels: { ...kind('forge', 'analytics'), 'nvidia.com/gpu': 'true' },
      },
    ],
    storageClasses: { ...k3s.storageClasses, 'local-path-readable': { kind: 'node', expandable: false } },
    domain: 'notifi.example.net',
    registries: { own: { prefix: 'ghcr.io/example', pullSecret: 'registry' } },
    network: {
      ...k3s.network,
      // The whole LAN: what is allowed to reach the Internet is not allowed to reach the router.
      nodes: ['192.168.1.0/24'],
      apiServer: { cidr: '192.168.1.101/32', port: 6443 },
    },
    mesh: 'linkerd',
    otlp: collectorOtlp,
    systems: [
      // Before the platform, parts of which keep what they have in its MinIO.
      notifi(harbor ? { ...facts, furtherBuckets: { [registry.bucket]: ['harbor'] } } : facts),
      platform({
        email: 'platform@notifi.example.net',
        alerts: { slack: { channel: '#notifi-alerts' } },
        monitoring: { retention: '30d', storage: '100Gi', dns: 'coreDns', grafana: 'grafana.notifi.example.net' },
        dashboards: ['postgresql', 'redis', 'mongodb', 'rabbitmq', 'kafka'],
        traefik,
        linkerd: { cni: k3sCni, dashboard: facts.hosts.linkerd },
        knative: {},
        operators: { rabbitmq: true, kafka: ['kafka'] },
        loki: { retention: '14d', storage: '50Gi', objects: { store: 'data-services/minio', bucket: 'loki-chunks' } },
        logs: true,
        tempo: { retention: '72h', storage: '10Gi', objects: { store: 'data-services/minio', bucket: 'tempo-traces' } },
        collector: { traces: 'tempo' },
        velero: {
          objects: { store: 'data-services/minio', bucket: 'velero-backups' },
          storageClass: 'local-path-readable',
        },
        trivy: true,
        ...(harbor && {
          harbor: {
            host: registry.host,
            storage: '100Gi',
            backups: { store: 'data-services/minio', bucket: registry.bucket },
            copied: 'the bucket is copied to the NAS every night',
          },
        }),
      }),
    ],
    handbook: handbook({ edge: '192.168.1.10', ports: traefik.nodePorts, notifi: facts }),
  }) satisfies Environment;

export default studioWith({ harbor: false });
