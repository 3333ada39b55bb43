import { refuse } from '../../imports/relations.ts';
import { Credential } from '../credential.ts';
import { type Image, referenceOf } from '../images.ts';
import type { Engine } from './engine.ts';
import { Pooler, type PoolerProps } from './pgbouncer.ts';
import { postgresAlerts } from './postgres/alerts.ts';
import { Bootstrap } from './postgres/bootstrap.ts';
import { Database } from './postgres/database.ts';
import { dumpOf } from './postgres/dump.ts';
import { parametersOf } from './postgres/parameters.ts';
import { patroni, patroniSettings } from './postgres/patroni.ts';
import { plain } from './postgres/plain.ts';

type Version = '16' | '17' | '18';

export interface PostgresProps<V extends Version> {
  /** Major version, for good: a data folder belongs to one. To go up, dump and restore into a new store. */
  readonly version: V;
  /** Each is owned by a user of its name; `a-z`, `0-9` and `_`. Databases that others make later are backed up too. */
  readonly databases: readonly string[];
  /** Connections that the server takes. @default - one per 10 MiB of the memory limit, 25 to 500 */
  readonly connections?: number;
  /** Refuses clients that do not encrypt. The certificates are the members' own: they keep out listeners, not impostors. @default false */
  readonly tlsOnly?: boolean;
  /** PgBouncer in front, for clients with many connections. @default - none */
  readonly pooler?: PoolerProps;
  /** The official image runs a single member and the Jobs, Spilo several members. */
  readonly images: Readonly<Record<`postgres${V}` | 'spilo' | 'postgresExporter' | 'pgbouncer', Image>>;
}

export interface PostgresClients {
  /** Connections that the server takes, for ConnectionBudget. */
  readonly connections: number;
  /** One of `databases`, at the leader, wherever it is. */
  database(name: string): Database;
  /** The same through PgBouncer. No session outlives a transaction there: no LISTEN, no SET, no advisory locks, so no migrations. */
  pooled(name: string): Database;
}

/**
 * PostgreSQL. Several members are run by Patroni in the Spilo image, which elects through the API server: a write is
 * acknowledged when a second member has it on disk, so a failover loses none, and a member left alone takes no writes.
 * A single member is a plain server. A Job makes the users and databases; it may run at any time.
 *
 * A user's new password is set by the Job. Of the superuser and `standby` it is set in the database first, then sealed: members
 * that restart with one that the leader does not know follow nobody, and nothing is written.
 *
 * From one member to several is a move: dump, then restore into a new store. Refuses names that PostgreSQL would fold or
 * cut, no database, a version that the Spilo image lacks, and fewer connections than its own upkeep needs.
 * @see https://patroni.readthedocs.io/en/latest/replication_modes.html
 */
export const postgres =
  <const V extends Version>(props: PostgresProps<V>): Engine<PostgresClients> =>
  (store) => {
    const { version, databases, connections, tlsOnly = false, pooler: pool, images } = props;
    const replicated = store.members > 1;
    const image = images[`postgres${version}`];
    const parameters = parametersOf(store, connections);
    const admin = new Credential(store, 'admin', {
      name: `${store.name}-admin`,
      keys: { superuser: { length: 32 }, monitor: { length: 32 }, ...(replicated && { standby: { length: 32 } }) },
    });
    const passwords = new Map([...new Set(databases)].map((database) => [database, passwordOf(database)]));
    refuse(store, [
      ...databaseProblems(databases),
      ...(replicated ? spiloProblems(version, images.spilo) : []),
      ...(tlsOnly && !replicated
        ? ['tlsOnly: a single member has no certificate to encrypt with; leave it out, or use 3 members']
        : []),
    ]);

    const server = replicated
      ? patroni(store, { version, admin, parameters, tlsOnly, image: images.spilo })
      : plain({ version, admin, parameters, image });
    return {
      ...server,
      sidecars: [
        {
          name: 'exporter',
          image: images.postgresExporter,
          size: 'tiny',
          env: {
            DATA_SOURCE_URI: '127.0.0.1:5432/postgres?sslmode=disable',
            DATA_SOURCE_USER: 'monitor',
            DATA_SOURCE_PASS: admin.key('monitor'),
          },
          container: { ports: [{ name: 'metrics', containerPort: 9187 }] },
        },
      ],
      metrics: { port: 'metrics' },
      alerts: postgresAlerts(store),
      clients: () => {
        const settings = replicated ? patroniSettings(parameters) : undefined;
        const bootstrap = new Bootstrap(store, 'bootstrap', { admin, passwords, image, settings });
        const pooler =
          pool &&
          new Pooler(store, 'pooler', {
            ...pool,
            passwords,
            bootstrap,
            connections: parameters.max_connections,
            image: images.pgbouncer,
          });
        return {
          connections: parameters.max_connections,
          database: (name) => new Database({ name, password: known(name), ...direct(bootstrap) }),
          pooled: (name) => {
            if (!pooler) refuse(store, [`pooled: ${name} has no pooler in front; give the engine pooler: {}`]);
            return new Database({ name, password: known(name), ...(pooler?.address ?? direct(bootstrap)) });
          },
        };
      },
      dump: () => dumpOf(store, { admin, image }),
    };

    function direct(construct: Bootstrap) {
      return { host: store.host(), port: 5432, endpoints: [store.endpoint('postgresql')], construct };
    }

    function known(name: string): Credential {
      const password = passwords.get(name);
      if (password) return password;
      throw new Error(
        `${store.name}: database ${name} is none of ${databases.join(', ')}; add it to the engine's databases`,
      );
    }

    function passwordOf(database: string) {
      const id = `${store.name}-${database.replaceAll('_', '-')}`;
      return new Credential(store, id, { namespaces: store.readers, keys: { password: { length: 32 } } });
    }
  };

function databaseProblems(databases: readonly string[]): string[] {
  return [
    ...(databases.length ? [] : ['databases: none, nobody could use the store; name one']),
    ...databases
      .filter((name) => !/^[a-z_][a-z0-9_]{0,47}$/.test(name))
      .map(
        (name) => `databases: "${name}" is no plain name, PostgreSQL folds or cuts it; use up to 48 of a-z, 0-9 and _`,
      ),
    ...databases
      .filter((name) => ['postgres', 'standby', 'monitor', 'template0', 'template1'].includes(name))
      .map((name) => `databases: ${name} is the server's own; choose another name`),
    ...databases
      .filter((name, index) => databases.indexOf(name) < index)
      .map((name) => `databases: ${name} is there twice; remove one`),
  ];
}

/** The number in its name is the newest of the five versions it has. */
function spiloProblems(version: Version, image: Image): string[] {
  const [, newest] = /spilo-(\d+)[:@]/.exec(referenceOf(image)) ?? [];
  return newest && Number(version) > Number(newest)
    ? [`version: ${version} is not in ${referenceOf(image)}; use ${newest}, or a newer Spilo`]
    : [];
}
