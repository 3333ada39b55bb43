import { Construct, type IConstruct } from 'constructs';
import type { Credential } from '../credential.ts';
import type { Endpoint } from '../dependency.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import type { Size } from '../sizes.ts';
import { Workload } from '../workload.ts';
import { RESERVED } from './postgres/parameters.ts';

export interface PoolerProps {
  /** @default 2 */
  readonly pods?: number;
  /** Connections that clients may have to one pod. @default 1000 */
  readonly clients?: number;
  /** Of the server's connections, those that clients take without it: migrations, listeners. @default 0 */
  readonly direct?: number;
  /** @default small */
  readonly size?: Size;
}

/**
 * PgBouncer in front of a PostgreSQL store, at port 6432: clients share the server's connections transaction by
 * transaction, prepared statements included. It checks passwords itself (SCRAM), from a list that it writes at its start.
 * While a failover lasts, queries wait; those that were on their way to a leader whose node is lost fail after a minute.
 * One that is stopped ends the transactions that are under way.
 * @see https://www.pgbouncer.org/config.html
 * @see https://www.pgbouncer.org/usage.html#signals
 */
export class Pooler extends Construct {
  /** Where a database is behind it. */
  readonly address: {
    readonly host: string;
    readonly port: number;
    readonly endpoints: readonly Endpoint[];
    readonly construct: IConstruct;
  };

  constructor(
    store: HaStatefulStore,
    id: string,
    props: PoolerProps & {
      /** By database, which is also the user. */
      readonly passwords: ReadonlyMap<string, Credential>;
      /** What the server takes. */
      readonly connections: number;
      readonly image: Image;
      readonly bootstrap: IConstruct;
    },
  ) {
    super(store, id);
    const { pods = 2, clients = 1000, direct = 0, size = 'small', passwords, connections, image, bootstrap } = props;
    const databases = [...passwords.keys()];
    // Each pod has a pool per database; together they must fit.
    const pool = Math.max(1, Math.floor((connections - RESERVED - direct) / pods / Math.max(1, databases.length)));

    const workload = new Workload(this, `${store.name}-pooler`, {
      image,
      size,
      scale: { min: pods },
      run: { command: ['sh', '/scripts/start.sh', '/etc/pgbouncer/pgbouncer.ini'] },
      env: Object.fromEntries(databases.map((name) => [`PASSWORD_OF_${name}`, passwords.get(name)!.key('password')])),
      files: {
        '/scripts/start.sh': start(databases),
        '/etc/pgbouncer/pgbouncer.ini': configuration(store.host(), { pool, clients }),
      },
      listens: { pgbouncer: PORT },
      health: { live: 'tcp', ready: 'tcp' },
      uses: [{ endpoints: [store.endpoint('postgresql')], construct: bootstrap }],
    });
    const { host, endpoints } = workload;
    this.address = { host, port: PORT, endpoints, construct: this };
  }
}

const PORT = 6432;

// For the server's SCRAM it needs the passwords themselves. Told to stop by SIGTERM it would wait for clients to leave, who
// keep their connections, and be killed in the middle of their transactions; by SIGINT it waits for these alone.
const start = (databases: readonly string[]) => `#!/bin/sh
set -eu
umask 077
{
${databases.map((name) => `  echo "\\"${name}\\" \\"$PASSWORD_OF_${name}\\""`).join('\n')}
} > /tmp/users.txt
pgbouncer "$1" &
trap 'kill -INT $!' TERM
# The signal ends the first of them.
wait $! || wait $!
`;

const configuration = (host: string, { pool, clients }: { pool: number; clients: number }) => `[databases]
* = host=${host} port=5432

[pgbouncer]
listen_addr = *
listen_port = ${PORT}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/users.txt
pool_mode = transaction
default_pool_size = ${pool}
max_client_conn = ${clients}
max_prepared_statements = 200
; sent by JDBC and Npgsql at connect
ignore_startup_parameters = extra_float_digits
; a failover should not be waited for longer than it takes
server_login_retry = 1
; a leader whose node is gone says nothing any more; the kernel would go on asking it for a quarter of an hour
tcp_user_timeout = 60000
tcp_keepidle = 20
tcp_keepintvl = 10
tcp_keepcnt = 4
server_tls_sslmode = prefer
`;
