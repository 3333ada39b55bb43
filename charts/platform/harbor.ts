import type { App } from 'cdk8s';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { issuedBy } from '../../constructs/issued-by.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { sizeOfVolumeProblems } from '../../constructs/stores/problems.ts';
import { environmentOf } from '../../imports/environment.ts';
import { declare, refuse } from '../../imports/relations.ts';
import { charts, images } from '../versions.ts';
import { bucketOf, connect, type ObjectsFacts } from './objects.ts';
import { part } from './part.ts';
import { onDisk, pods, room } from './room.ts';

export interface HarborFacts {
  /** Where it is reached, through the environment's ingress: `registry.example.net`. */
  readonly host: string;
  /** Of its volume, for images. */
  readonly storage: string;
  /** Where its database is dumped to, daily. Images are not: they can be built and pushed again. */
  readonly backups: ObjectsFacts;
  /** Who takes the dumps out of the cluster, if their bucket is in it: `copied to the NAS every night`. @default - nobody, which is warned of */
  readonly copied?: string;
}

const NAME = 'harbor';

/** Up to 2.15.2 its images are for this architecture only. */
const amd64 = { 'kubernetes.io/arch': 'amd64' };

const of = (...names: string[]) => names.map((name) => `docker.io/goharbor/${name}`);

/** One pod each; a volume that one pod may write would hold up the next one of a rollout for ever. */
const component = (memory: string, limit: string) => ({
  nodeSelector: amd64,
  resources: room('20m', memory, limit),
});

/**
 * Harbor, a registry of one's own, on the amd64 nodes, with a small PostgreSQL beside it: the chart's own one has its password
 * in the values. Its scanner is left out, Trivy Operator scans what runs. The registry's internal user wants his password
 * twice: `REGISTRY_HTPASSWD` is what `htpasswd -nbB harbor_registry_user "$REGISTRY_PASSWD"` prints.
 * @see https://goharbor.io/docs/main/install-config/harbor-ha-helm/
 */
export function harbor(app: App, crds: ChartRelease, { host, storage, backups, copied }: HarborFacts) {
  const chart = part(app, NAME);
  const { ingress, nodes } = environmentOf(chart);
  if (!nodes.some(({ arch }) => arch === 'amd64')) {
    refuse(chart, [
      'harbor: no node is amd64, and its images are for no other; add such a node, or use a registry elsewhere',
    ]);
  }

  refuse(chart, sizeOfVolumeProblems(`${NAME}.storage`, storage));

  const store = new HaStatefulStore(chart, 'harbor-db', {
    engine: postgres({ version: '17', databases: ['registry'], images }),
    members: 1,
    storage: '5Gi',
    size: 'small',
    backup: {
      rpoMinutes: 24 * 60,
      targets: [bucketOf(chart, backups).folder(NAME)],
      uploader: images.rclone,
    },
  });
  if (copied) declare(store, { allow: { rule: 'advice', reason: copied } });
  const database = store.database('registry');
  connect(chart, { namespace: NAME, labels: { app: NAME } }, database.endpoints);

  const admin = new Credential(chart, 'harbor-admin', { keys: { HARBOR_ADMIN_PASSWORD: { length: 32 } } });
  const key = new Credential(chart, 'harbor-key', { keys: { secretKey: { length: 16 } } });
  const registry = new Credential(chart, 'harbor-registry', {
    keys: { REGISTRY_PASSWD: 'given', REGISTRY_HTPASSWD: 'given' },
  });

  return new ChartRelease(chart, NAME, {
    ...charts.harbor,
    values: {
      externalURL: `https://${host}`,
      expose: {
        type: 'ingress',
        tls: { enabled: true, certSource: 'secret', secret: { secretName: 'harbor-tls' } },
        ingress: {
          className: ingress.class,
          hosts: { core: host },
          annotations: issuedBy(chart),
        },
      },
      updateStrategy: { type: 'Recreate' },
      persistence: { persistentVolumeClaim: { registry: { size: storage } } },
      existingSecretAdminPassword: admin.name,
      existingSecretSecretKey: key.name,
      database: {
        type: 'external',
        external: {
          host: database.host,
          port: `${database.port}`,
          username: database.name,
          coreDatabase: database.name,
          existingSecret: database.password.secret,
        },
        maxOpenConns: 30,
      },
      redis: { internal: component('32Mi', '128Mi') },
      trivy: { enabled: false },
      portal: component('32Mi', '128Mi'),
      core: component('128Mi', '512Mi'),
      jobservice: component('64Mi', '512Mi'),
      registry: {
        nodeSelector: amd64,
        credentials: { existingSecret: registry.name },
        registry: { resources: component('64Mi', '512Mi').resources },
        controller: { resources: component('32Mi', '256Mi').resources },
      },
      exporter: component('32Mi', '128Mi'),
      metrics: { enabled: true, serviceMonitor: { enabled: true } },
    },
    uses: [crds, store, admin, key, registry],
    runs: [
      pods('harbor-portal', 1, room('20m', '32Mi', '128Mi'), of('harbor-portal'), { nodeSelector: amd64 }),
      pods('harbor-core', 1, room('20m', '128Mi', '512Mi'), of('harbor-core'), { nodeSelector: amd64 }),
      pods('harbor-jobservice', 1, room('20m', '64Mi', '512Mi'), of('harbor-jobservice'), {
        nodeSelector: amd64,
        ...onDisk(chart, '1Gi'),
      }),
      // Two containers.
      pods('harbor-registry', 1, room('40m', '96Mi', '768Mi'), of('registry-photon', 'harbor-registryctl'), {
        nodeSelector: amd64,
        ...onDisk(chart, storage),
      }),
      pods('harbor-exporter', 1, room('20m', '32Mi', '128Mi'), of('harbor-exporter'), { nodeSelector: amd64 }),
      // Valkey from 2.15.2 on.
      pods('harbor-redis', 1, room('20m', '32Mi', '128Mi'), of('redis-photon', 'valkey-photon'), {
        nodeSelector: amd64,
        ...onDisk(chart, '1Gi'),
      }),
    ],
  });
}
