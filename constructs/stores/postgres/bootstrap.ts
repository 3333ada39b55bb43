import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { StoreJob } from '../store-job.ts';

export interface BootstrapProps {
  readonly admin: Credential;
  /** By database. */
  readonly passwords: ReadonlyMap<string, Credential>;
  /** Has bash and psql. */
  readonly image: Image;
  /** What Patroni's members shall agree on. @default - no Patroni */
  readonly settings?: object;
}

/**
 * Job that makes each database and its user, and the exporter's; sets their passwords to what the Secrets hold; and
 * gives Patroni the settings it only reads at its very first start. All of it may be done again: Flux runs a new Job
 * when any of it changes. It waits for a leader as long as that takes.
 */
export class Bootstrap extends StoreJob {
  constructor(store: HaStatefulStore, id: string, { admin, passwords, image, settings }: BootstrapProps) {
    const name = `${store.name}-bootstrap`;
    const databases = [...passwords.keys()];
    super(store, id, {
      name,
      image,
      size: 'small',
      run: { command: ['bash', '/scripts/bootstrap.sh'] },
      env: {
        PGHOST: store.host(),
        PGUSER: 'postgres',
        PGDATABASE: 'postgres',
        PGPASSWORD: admin.key('superuser'),
        MONITOR_PASSWORD: admin.key('monitor'),
        ...Object.fromEntries(
          [...passwords].map(([database, password]) => [variableOf(database), password.key('password')]),
        ),
        ...(settings && { MEMBERS: store.hosts.join(' '), SETTINGS: JSON.stringify(settings) }),
      },
      files: { '/scripts/bootstrap.sh': script, '/scripts/bootstrap.sql': statements(databases) },
      calls: [{ endpoints: [store.endpoint('postgresql'), ...(settings ? [store.endpoint('patroni')] : [])] }],
    });
  }
}

const variableOf = (database: string) => `PASSWORD_OF_${database}`;

// The image has no curl.
const script = `#!/bin/bash
set -euo pipefail
until pg_isready --quiet; do sleep 2; done

agree() {
  exec 3<> "/dev/tcp/$1/8008" || return
  printf 'PATCH /config HTTP/1.0\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "\${#SETTINGS}" "$SETTINGS" >&3
  local status
  read -r _ status _ <&3
  exec 3<&-
  [[ $status == 200 ]]
}
if [[ \${SETTINGS:-} ]]; then
  for member in $MEMBERS; do
    if agree "$member"; then agreed=$member; break; fi
  done
  echo "bootstrap: settings are with \${agreed:?no member took them}"
fi

cd "$(dirname "$0")"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file=bootstrap.sql
echo 'bootstrap: users and databases are there'
`;

const statements = (databases: readonly string[]) =>
  [
    `-- Statements that fail or take long are logged, and these hold passwords.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET client_min_messages = 'warning';

\\getenv password MONITOR_PASSWORD
${user('monitor')}GRANT pg_monitor TO monitor;
`,
    ...databases.map(
      (name) => `\\getenv password ${variableOf(name)}
${user(name)}SELECT 'CREATE DATABASE ${name} OWNER ${name}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${name}') \\gexec
REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC;
`,
    ),
  ].join('\n');

const user = (
  name: string,
) => `SELECT 'CREATE ROLE ${name}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec
ALTER ROLE ${name} LOGIN PASSWORD :'password';
`;
