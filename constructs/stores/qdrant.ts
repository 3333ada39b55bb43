import { refuse } from '../../imports/relations.ts';
import { Credential } from '../credential.ts';
import type { Dependency, Env } from '../dependency.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import type { Engine } from './engine.ts';
import { qdrantAlerts } from './qdrant/alerts.ts';
import { dumpOf } from './qdrant/dump.ts';

export interface QdrantProps {
  /** `curl` has sh, curl, sed and sha256sum, and takes the dumps. */
  readonly images: { readonly qdrant: Image; readonly curl: Image };
}

export interface QdrantClients {
  /** `QDRANT_URL` and the key that may do everything, as `QDRANT_API_KEY`. */
  readonly env: Env;
  /** The same with a key that reads only. */
  readonly readOnly: Dependency;
}

/** Ports of REST, gRPC, and of the members among themselves. */
const ports = { http: 6333, grpc: 6334, p2p: 6335 };

/**
 * Label of nodes whose kernel has pages of 4 KiB: the allocator that the image is built with aborts on others, as on a
 * Raspberry Pi 5 under Raspberry Pi OS, until its config.txt says `kernel=kernel8.img`; Ubuntu's kernel is of that kind.
 * @see https://github.com/qdrant/qdrant/issues/2474
 */
const QDRANT_NODES = { key: 'capability/page-size', operator: 'In', values: ['4Ki'] } as const;

/**
 * Qdrant. One member, or several that elect by Raft: collections made without other words then have two replicas of every
 * shard, and a write is acknowledged when both have it. A collection that says `replication_factor: 1` is lost with its
 * member all the same. Members past the first join it; when it has lost its volume, it has to join one of them by hand:
 * `--bootstrap`. TLS is left to the mesh. Refuses nodes without the label `capability/page-size: 4Ki`.
 * @see https://qdrant.tech/documentation/guides/distributed_deployment/
 */
export const qdrant =
  ({ images }: QdrantProps): Engine<QdrantClients> =>
  (store) => {
    const key = new Credential(store, 'key', {
      name: `${store.name}-key`,
      namespaces: store.readers,
      keys: { 'api-key': { length: 48 }, 'read-only-api-key': { length: 48 } },
    });
    const url = `http://${store.host()}:${ports.http}`;
    refuse(store, memoryProblems(store.memory));

    return {
      image: images.qdrant,
      run: {
        command: ['bash', '/scripts/start.sh'],
        user: 1000,
        writable: ['/qdrant/init'],
        stopSeconds: 60,
      },
      env: {
        ...settings(store.members),
        QDRANT__SERVICE__API_KEY: key.key('api-key'),
        QDRANT__SERVICE__READ_ONLY_API_KEY: key.key('read-only-api-key'),
      },
      files: { '/scripts/start.sh': start(store) },
      ports: store.members > 1 ? ports : { http: ports.http, grpc: ports.grpc },
      probes: {
        // Loads its segments first, which takes minutes where they are many.
        startupProbe: { httpGet: { path: '/livez', port: 'http' }, periodSeconds: 5, failureThreshold: 120 },
        livenessProbe: { httpGet: { path: '/livez', port: 'http' }, periodSeconds: 10, timeoutSeconds: 5 },
        readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 5, timeoutSeconds: 3 },
      },
      data: { path: '/qdrant/storage' },
      nodes: [{ ...QDRANT_NODES, values: [...QDRANT_NODES.values] }],
      peers: store.members > 1 ? ['p2p'] : [],
      services: [{ ports: ['http', 'grpc'] }],
      metrics: { port: 'http', authorization: key.key('read-only-api-key') },
      alerts: qdrantAlerts(store),
      clients: () => ({
        env: { QDRANT_URL: url, QDRANT_API_KEY: key.key('api-key') },
        readOnly: {
          env: { QDRANT_URL: url, QDRANT_API_KEY: key.key('read-only-api-key') },
          endpoints: [store.endpoint('http'), store.endpoint('grpc')],
          construct: store,
        },
      }),
      dump: () => dumpOf(store, { key: key.key('api-key'), image: images.curl }),
    };
  };

/** @see https://qdrant.tech/documentation/guides/configuration/ */
const settings = (members: number): Env => ({
  QDRANT__TELEMETRY_DISABLED: true,
  // On the volume: a snapshot is as large as its collection, which no container's own disk is for.
  QDRANT__STORAGE__SNAPSHOTS_PATH: '/qdrant/storage/snapshots',
  QDRANT__STORAGE__TEMP_PATH: '/qdrant/storage/tmp',
  QDRANT_INIT_FILE_PATH: '/qdrant/init/.qdrant-initialized',
  ...(members > 1 && {
    QDRANT__CLUSTER__ENABLED: true,
    QDRANT__CLUSTER__P2P__PORT: ports.p2p,
    QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR: 2,
    QDRANT__STORAGE__COLLECTION__WRITE_CONSISTENCY_FACTOR: 2,
  }),
});

/** A member that knows a cluster from its volume goes back to that, whatever it is told to join. */
function start({ hosts: [first], members, name, headless, namespace }: HaStatefulStore): string {
  const uri = `http://$HOSTNAME.${headless}.${namespace}.svc:${ports.p2p}`;
  const bootstrap = `http://${first}:${ports.p2p}`;
  return members > 1
    ? `#!/bin/bash
set -euo pipefail
cd /qdrant
join=(--bootstrap ${bootstrap})
[[ $HOSTNAME != ${name}-0 ]] || join=()
exec ./qdrant --uri "${uri}" "\${join[@]}"
`
    : `#!/bin/bash
set -euo pipefail
cd /qdrant
exec ./qdrant
`;
}

const memoryProblems = (memory: number) =>
  memory < 2 ** 29
    ? [`size: a limit of ${Math.floor(memory / 2 ** 20)}Mi is below 512Mi, an index is built in memory; raise it`]
    : [];
