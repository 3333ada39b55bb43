import { Construct } from 'constructs';
import { Credential } from './credential.ts';
import { External } from './external.ts';
import type { Image } from './images.ts';
import { byHand, ScheduledJob } from './scheduled-job.ts';
import type { Size } from './sizes.ts';
import type { Database } from './stores/postgres/database.ts';

export interface DatabaseImportProps {
  /** Host of the database that is moved in; its whole URL is given as a Secret, `<id>-source`, key `SOURCE_URL`. */
  readonly from: { readonly host: string; readonly port?: number };
  readonly to: Database;
  /** Has bash, psql, pg_dump and pg_restore, of a major version that both servers are at most. */
  readonly client: Image;
  /** @default large */
  readonly size?: Size;
}

/**
 * Job that copies a PostgreSQL database from elsewhere into one of a store, whole or not at all: the source is read as
 * of one moment, the copy is one transaction, and every table's rows are counted on both sides. It may run again, and then
 * replaces what it copied. It does not start while anybody is connected to the target: that is how it tells a
 * database that is moved in from one that is in use.
 * @see https://www.postgresql.org/docs/current/app-pgrestore.html
 */
export class DatabaseImport extends Construct {
  constructor(scope: Construct, id: string, { from, to, client, size = 'large' }: DatabaseImportProps) {
    super(scope, id);
    const { host, port = 5432 } = from;
    const source = new Credential(this, `${id}-source`, { keys: { SOURCE_URL: 'given' } });
    const server = new External(this, 'server', { host, ports: [port] });
    new ScheduledJob(this, id, {
      ...byHand,
      image: client,
      size,
      run: { command: ['bash', '/scripts/import.sh'], writable: [FOLDER] },
      env: { FOLDER },
      files: { '/scripts/import.sh': script },
      uses: [source, server, to],
    });
  }
}

const FOLDER = '/copy';

const script = `#!/bin/bash
set -euo pipefail
cd "$FOLDER"
sql=(psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1)
counts="SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || tablename, schemaname, tablename)
  FROM pg_tables WHERE schemaname !~ '^pg_|^information_schema$' \\gexec"

# The server's own autovacuum has no user, which everybody may see.
others=$("\${sql[@]}" --command='
  SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()')
if [[ $others != 0 ]]; then
  echo "import: $others others are connected to $PGDATABASE, which is in use; stop them first" >&2
  exit 1
fi

# One transaction at the source is open all the time: the dump and the counts see what it sees.
coproc SOURCE { "\${sql[@]}" --dbname="$SOURCE_URL"; }
exec 3<&"\${SOURCE[0]}" 4>&"\${SOURCE[1]}"
ask() {
  printf '%s\\n\\\\echo end of answer\\n' "$1" >&4
  while IFS= read -r line <&3; do
    [[ $line != 'end of answer' ]] || return 0
    printf '%s\\n' "$line"
  done
  echo 'import: the source does not answer' >&2
  return 1
}
ask 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;'
snapshot=$(ask 'SELECT pg_export_snapshot();')
ask "$counts" | LC_ALL=C sort > source.counts
pg_dump --format=custom --no-owner --no-privileges --snapshot="$snapshot" --file=source.dump --dbname="$SOURCE_URL"

pg_restore --exit-on-error --single-transaction --clean --if-exists --no-owner --no-privileges \\
  --dbname="$PGDATABASE" source.dump
"\${sql[@]}" <<< "$counts" | LC_ALL=C sort > target.counts
if ! diff source.counts target.counts >&2; then
  echo 'import: rows differ, source on the left' >&2
  exit 1
fi
echo "import: $(wc -l < target.counts) tables, $(awk -F'|' '{ rows += $2 } END { print rows + 0 }' target.counts) rows on both sides"
`;
