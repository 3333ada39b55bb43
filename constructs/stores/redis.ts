import { refuse } from '../../imports/relations.ts';
import { Credential } from '../credential.ts';
import type { Env } from '../dependency.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import { type Image, referenceOf } from '../images.ts';
import type { Engine } from './engine.ts';
import { redisAlerts } from './redis/alerts.ts';
import { configurationOf } from './redis/configuration.ts';
import { Database } from './redis/database.ts';
import { dumpOf, restore } from './redis/dump.ts';
import { PRIMARY_PORT, REDIS_PORT, serveMembers } from './redis/member.ts';
import { proxy } from './redis/proxy.ts';
import { sentinel } from './redis/sentinel.ts';
import { probes, ready, start, startAlone } from './redis/server.ts';

export interface RedisProps {
  /** What it holds may be lost: when full it forgets what was least used, and nothing is written to disk. @default false */
  readonly cache?: boolean;
  /** Redis 7 or later on Debian, for its bash; HAProxy stands in front of several members. */
  readonly images: Readonly<Record<'redis' | 'redisExporter' | 'haproxy', Image>>;
}

export interface RedisClients {
  /** Of database 0, which the store itself stands for in `uses`. */
  readonly env: Env;
  /** One of the 16, by number. */
  database(number: number): Database;
}

/**
 * Redis. Each of several members has a sentinel beside it, together they elect. A client that knows no sentinels connects
 * to the Service, where HAProxy leads it to the member that the majority of sentinels names; there is no API token, label
 * or Job in it, and a leader that was replaced loses its connections. A single member is a plain server.
 *
 * A write is on disk when it is answered, unless it is a cache, and safe from a failover once `WAIT 1` returns 1. Without
 * WAIT, a failover loses what no other member had yet; a leader cut off from the others refuses writes after 10 s. WAIT
 * for every other member also covers a leader that returns in the second in which another is promoted, and a second failover
 * within ten seconds of the former leader's return. A server that starts may be promoted when it has caught up, and not before: after a power cut Redis cannot tell which copy is newest,
 * so the store waits for the member that led.
 *
 * To restore a dump into an empty store:
 * `kubectl exec -i <store>-0 -c <store> -- bash /scripts/restore.sh < file.rdb`. To change the password, seal it anew and
 * delete all members' pods at once. Refuses a database that is not there, a disk too small to rewrite its log on, and an
 * image without bash.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 */
export const redis =
  ({ cache = false, images }: RedisProps): Engine<RedisClients> =>
  (store) => {
    const password = new Credential(store, 'password', {
      name: `${store.name}-password`,
      namespaces: store.readers,
      keys: { password: { length: 48 } },
    }).key('password');
    refuse(store, [...imageProblems(images.redis), ...(cache ? [] : diskProblems(store))]);

    const replicated = store.members > 1;
    const port = replicated ? 'primary' : 'redis';
    const database = (number: number) => new Database(store, { number, password, port });
    return {
      image: images.redis,
      // The image's redis. A leader that stops waits for its replicas, 10 s at most.
      run: { user: 999, command: ['sh', '/scripts/start.sh'], stopSeconds: 60 },
      env: { POD_NAME: { field: 'metadata.name' }, REDISCLI_AUTH: password },
      files: {
        '/config/redis.conf': configurationOf(store, { cache }),
        '/scripts/start.sh': replicated ? start(store) : startAlone,
        '/scripts/ready.sh': ready,
        '/scripts/restore.sh': restore(replicated ? PRIMARY_PORT : REDIS_PORT),
      },
      ports: { redis: REDIS_PORT },
      probes,
      data: { path: '/data' },
      sidecars: [
        ...(replicated
          ? [sentinel(store, { image: images.redis, password }), proxy(store, { image: images.haproxy, password })]
          : []),
        {
          name: 'exporter',
          image: images.redisExporter,
          size: 'tiny',
          env: { REDIS_ADDR: `redis://127.0.0.1:${REDIS_PORT}`, REDIS_PASSWORD: password },
          container: { ports: [{ name: 'metrics', containerPort: 9121 }] },
        },
      ],
      peers: replicated ? ['redis', 'sentinel'] : [],
      services: [{ ports: [port] }],
      metrics: { port: 'metrics' },
      alerts: redisAlerts(store, { cache }),
      clients: () => {
        if (replicated) serveMembers(store);
        return { env: database(0).env, database };
      },
      dump: cache ? undefined : () => dumpOf(store, { image: images.redis, password, port }),
    };
  };

/** The longest file beside the log is the one that replaces it; both may hold all data, the old one twice. */
function diskProblems({ disk, memory }: HaStatefulStore): string[] {
  return disk < memory * 3
    ? [
        `storage: ${gibibytes(disk)} is less than three times the memory limit of ${gibibytes(memory)}, the log could not be rewritten; give ${gibibytes(memory * 3)} or more`,
      ]
    : [];
}

function imageProblems(image: Image): string[] {
  const reference = referenceOf(image);
  return /alpine/.test(reference)
    ? [`images.redis: ${reference} has no bash, which backups run; use the same version on Debian`]
    : [];
}

const gibibytes = (bytes: number) => `${Math.ceil((bytes / 2 ** 30) * 10) / 10}Gi`;
