// Spilo's image cannot run here. What its start script makes of the rendered variables is made here, for Debian's
// Patroni and PostgreSQL: https://github.com/zalando/spilo/blob/master/postgres-appliance/scripts/configure_spilo.py
import { load } from 'js-yaml';
import { bin } from './postgres.ts';

type Tree = { [key: string]: unknown };

export interface Member {
  readonly name: string;
  readonly address: string;
  /** Of its volume. */
  readonly folder: string;
  /** Certificate and key, which Spilo makes itself. */
  readonly certificate: { readonly cert: string; readonly key: string };
}

/** Patroni's configuration file. */
export function configurationOf(env: Readonly<Record<string, string>>, { name, address, folder, certificate }: Member) {
  const kubernetes = Object.entries(env)
    .filter(([key]) => key.startsWith('KUBERNETES_') && !/USE_CONFIGMAPS|BYPASS|SERVICE|PORT$/.test(key))
    .map(([key, value]) => [key.slice('KUBERNETES_'.length).toLowerCase(), value]);
  const own: Tree = {
    scope: env['SCOPE'],
    name,
    namespace: env['POD_NAMESPACE'],
    kubernetes: {
      ...Object.fromEntries(kubernetes),
      labels: JSON.parse(env['KUBERNETES_LABELS']!),
      use_endpoints: !env['KUBERNETES_USE_CONFIGMAPS'],
      bypass_api_service: env['KUBERNETES_BYPASS_API_SERVICE'] === 'true',
    },
    restapi: { listen: `${address}:8008`, connect_address: `${address}:8008` },
    bootstrap: { initdb: ['data-checksums', { encoding: 'UTF8' }, { locale: 'C.UTF-8' }] },
    postgresql: {
      listen: `${address}:5432`,
      connect_address: `${address}:5432`,
      use_unix_socket: true,
      data_dir: `${folder}/data`,
      bin_dir: bin,
      pgpass: `${folder}/pgpass`,
      parameters: {
        ssl: 'on',
        ssl_cert_file: certificate.cert,
        ssl_key_file: certificate.key,
        wal_log_hints: 'on',
        log_statement: 'ddl',
        unix_socket_directories: '/run/postgresql',
      },
      authentication: {
        superuser: { username: env['PGUSER_SUPERUSER'], password: env['PGPASSWORD_SUPERUSER'] },
        replication: { username: env['PGUSER_STANDBY'], password: env['PGPASSWORD_STANDBY'] },
      },
    },
  };
  return over(own, load(env['SPILO_CONFIGURATION']!) as Tree);
}

/** Trees are merged; of everything else the second wins. */
function over(below: Tree, above: Tree): Tree {
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const both = isTree(below[key]) && isTree(value);
    merged[key] = both ? over(below[key] as Tree, value as Tree) : value;
  }
  return merged;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
