import { Yaml } from 'cdk8s';
import { environmentOf } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { Credential } from '../credential.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import type { Engine } from './engine.ts';
import { mongodbAlerts } from './mongodb/alerts.ts';
import { MongoDatabase } from './mongodb/database.ts';
import { dumpOf } from './mongodb/dump.ts';
import { MongoImport, type MongoImportProps } from './mongodb/import.ts';
import { PORT, REPLICA_SET, replicaSet } from './mongodb/replica-set.ts';

export interface MongodbProps {
  /** Each has a user of its name, who reads and writes it and no other; `a-z`, `0-9`, `_` and `-`. Databases that others make later are backed up too. */
  readonly databases: readonly string[];
  /** Users among them who make databases as they go, one per tenant: MongoDB grants that for every database or none. @default - none */
  readonly tenants?: readonly string[];
  /** `mongo` is also the shell of the sidecar and the dump. */
  readonly images: { readonly mongo: Image; readonly mongodbExporter: Image };
}

export interface MongodbClients {
  /** One of `databases`, by every member, so that the driver follows the primary. */
  database(name: string): MongoDatabase;
  /** Fills the set once from a server that is to be left; what uses it waits until it is done. */
  importedFrom(props: MongoImportProps): MongoImport;
}

/**
 * Label of nodes whose CPU runs MongoDB from 5.0 on: amd64 with AVX, arm64 from ARMv8.2-A. A Raspberry Pi 5 does, on a Pi 4
 * the server dies of an illegal instruction. @see https://www.mongodb.com/docs/manual/administration/production-notes/#platform-support
 */
const MONGODB_NODES = { key: 'capability/mongodb', operator: 'In', values: ['true'] } as const;

/**
 * MongoDB, as a replica set whatever the number of members: all of them hold data, members authenticate each other by a
 * key file, clients by password. A sidecar of the first member begins the set, once, adds the others and makes the
 * users; it may run at any time. A write is acknowledged when a majority has it.
 *
 * Grows by itself when `members` does. Before it shrinks, take the members out: `rs.remove("<host>:27017")`.
 * Operations slower than 200 ms are kept in each database's `system.profile`.
 * Refuses nodes without the label `capability/mongodb: "true"`, a memory limit below 1 GiB, names that a URI or the server
 * would not take, and no database.
 * @see https://www.mongodb.com/docs/v7.0/tutorial/deploy-replica-set-with-keyfile-access-control/
 */
export const mongodb =
  ({ databases, tenants = [], images }: MongodbProps): Engine<MongodbClients> =>
  (store) => {
    const admin = new Credential(store, 'admin', {
      name: `${store.name}-admin`,
      keys: { keyfile: { length: 128 }, root: { length: 32 }, monitor: { length: 32 }, dump: { length: 32 } },
    });
    const passwords = new Map([...new Set(databases)].map((database) => [database, passwordOf(store, database)]));
    refuse(store, [
      ...databaseProblems(databases, tenants),
      ...memoryProblems(store.memory),
      ...fileServerProblems(store),
    ]);

    return {
      image: images.mongo,
      run: {
        // The entrypoint would make another root user on each member, who could then not become one set.
        command: ['mongod', '--config', '/etc/mongod/mongod.conf'],
        user: 999,
        inMemory: [dirOf(KEY_FILE)],
        stopSeconds: 60,
      },
      files: {
        '/etc/mongod/mongod.conf': Yaml.stringify(configuration(store.memory)),
        '/scripts/serving.sh': serving,
        '/secrets/keyfile': admin.key('keyfile'),
      },
      ports: { mongodb: PORT },
      probes: {
        // Opening the data after a crash may take minutes, and a restart would begin it again.
        startupProbe: { tcpSocket: { port: 'mongodb' }, periodSeconds: 5, failureThreshold: 360 },
        livenessProbe: { tcpSocket: { port: 'mongodb' }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
        readinessProbe: {
          exec: { command: ['bash', '/scripts/serving.sh'] },
          periodSeconds: 5,
          timeoutSeconds: 3,
          failureThreshold: 2,
        },
      },
      data: { path: '/data/db' },
      // The server refuses a key that its group may read, as Secrets of a pod with fsGroup are.
      init: [
        { name: 'keyfile', image: images.mongo, command: ['install', '-m', '0400', '/secrets/keyfile', KEY_FILE] },
      ],
      sidecars: [
        replicaSet(store, { admin, passwords, tenants, image: images.mongo }),
        {
          name: 'exporter',
          image: images.mongodbExporter,
          size: 'small',
          // Whoever has the key may do everything in the set.
          shares: false,
          run: {
            args: [`--mongodb.uri=mongodb://127.0.0.1:${PORT}`, '--collector.diagnosticdata', '--compatible-mode'],
          },
          env: { MONGODB_USER: 'monitor', MONGODB_PASSWORD: admin.key('monitor') },
          container: { ports: [{ name: 'metrics', containerPort: 9216 }] },
        },
      ],
      nodes: [{ ...MONGODB_NODES, values: [...MONGODB_NODES.values] }],
      peers: ['mongodb'],
      services: [{ ports: ['mongodb'] }],
      metrics: { port: 'metrics' },
      alerts: mongodbAlerts(store),
      clients: () => ({
        importedFrom: (props) => new MongoImport(store, 'import', { ...props, admin, image: images.mongo }),
        database: (name) => {
          const password = passwords.get(name);
          if (password) return new MongoDatabase(store, { name, password });
          throw new Error(
            `${store.name}: database ${name} is none of ${databases.join(', ')}; add it to the engine's databases`,
          );
        },
      }),
      dump: () => dumpOf(store, { admin, image: images.mongo }),
    };
  };

const KEY_FILE = '/run/mongod/keyfile';

const dirOf = (path: string) => path.slice(0, path.lastIndexOf('/'));

const GiB = 2 ** 30;

/** @see https://www.mongodb.com/docs/v7.0/reference/configuration-options/ */
const configuration = (memory: number) => ({
  // Else each probe is two lines of log.
  systemLog: { quiet: true },
  net: { port: PORT, bindIpAll: true },
  replication: { replSetName: REPLICA_SET },
  security: { authorization: 'enabled', keyFile: KEY_FILE },
  storage: {
    dbPath: '/data/db',
    // The server's own default, which it would take from the machine's memory; the rest is for connections and sorting.
    wiredTiger: { engineConfig: { cacheSizeGB: Math.max(0.25, Math.floor(((memory - GiB) / 2 / GiB) * 100) / 100) } },
  },
  operationProfiling: { mode: 'slowOp', slowOpThresholdMs: 200 },
});

// Asked by the kubelet every few seconds, which a shell that takes a second to start would be too dear for: the command
// { hello: 1, $db: "admin" } as it goes over the wire. A member that is still being filled is neither primary nor secondary,
// and no other is to be restarted meanwhile.
const serving = `#!/bin/bash
set -euo pipefail
exec 3<> /dev/tcp/127.0.0.1/${PORT}
printf '\\x34\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\xdd\\x07\\0\\0\\0\\0\\0\\0\\0' >&3
printf '\\x1f\\0\\0\\0\\x10hello\\0\\1\\0\\0\\0\\x02$db\\0\\6\\0\\0\\0admin\\0\\0' >&3
timeout 2 dd bs=64K count=1 status=none <&3 |
  LC_ALL=C grep --text --quiet --perl-regexp '\\x08(isWritablePrimary|secondary)\\x00\\x01'
`;

/** Names of Secrets have no _. */
const plain = (database: string) => database.replaceAll('_', '-');

const passwordOf = (store: HaStatefulStore, database: string) =>
  new Credential(store, `password of ${database}`, {
    name: `${store.name}-${plain(database)}`,
    namespaces: store.readers,
    keys: { password: { length: 32 } },
  });

/** A single one too: nothing on NFS keeps a server that is cut off from writing beside its successor. */
const fileServerProblems = (store: HaStatefulStore) =>
  store.members === 1 && environmentOf(store).storageClasses[store.storageClass]?.kind === 'shared'
    ? [
        `storageClass: ${store.storageClass} is a file server, where a member that is cut off and its successor write the same files; use a class of kind node or network`,
      ]
    : [];

const memoryProblems = (memory: number) =>
  memory < GiB
    ? [
        `size: a limit of ${Math.floor(memory / 2 ** 20)}Mi is below 1Gi, the server takes 256Mi for its cache alone and is killed under load; raise it`,
      ]
    : [];

function databaseProblems(databases: readonly string[], tenants: readonly string[]): string[] {
  return [
    ...(databases.length ? [] : ['databases: none, nobody could use the store; name one']),
    ...databases
      .filter((name) => !/^[a-z][a-z0-9_-]{0,37}$/.test(name))
      .map((name) => `databases: "${name}" is no plain name; use up to 38 of a-z, 0-9, _ and -, a letter first`),
    ...databases
      .filter((name) => ['admin', 'config', 'dump', 'local', 'monitor', 'root'].includes(name))
      .map((name) => `databases: ${name} is the server's own, or its user; choose another name`),
    ...databases
      .filter((name, index) => databases.findIndex((other) => plain(other) === plain(name)) < index)
      .map((name) => `databases: ${name} is there twice, or only differs by _ and -; rename or remove one`),
    ...tenants
      .filter((name) => !databases.includes(name))
      .map((name) => `tenants: ${name} is no user, it is none of ${databases.join(', ')}; add it to databases`),
  ];
}
