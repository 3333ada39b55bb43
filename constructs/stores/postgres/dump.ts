import type { Dump } from '../../backup.ts';
import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';

/**
 * Every database of the server, also those that nobody declared, and every user: `<file>-<database>.dump` and
 * `<file>-roles.sql`. Each dump is read again to its end, since its list of contents stands at the front. A restore makes
 * the users that are missing, and replaces the databases that it has; others it leaves alone.
 * @see https://www.postgresql.org/docs/current/app-pgdump.html
 */
export function dumpOf(store: HaStatefulStore, { admin, image }: { admin: Credential; image: Image }): Dump {
  return {
    image,
    script: dump,
    restore,
    uses: [
      {
        env: { PGHOST: store.host(), PGUSER: 'postgres', PGPASSWORD: admin.key('superuser') },
        endpoints: [store.endpoint('postgresql')],
      },
    ],
  };
}

const dump = `psql --no-psqlrc --quiet --no-align --tuples-only --dbname=postgres --output=databases --command="
  SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"
while IFS= read -r database; do
  file="$FILE-\${database//[^a-zA-Z0-9_-]/_}.dump"
  pg_dump --format=custom --dbname="dbname='\${database//\\'/\\\\\\'}'" --file="$file.part"
  pg_restore --file=/dev/null "$file.part"
  mv --no-clobber "$file.part" "$file"
  [[ ! -e $file.part ]]
  echo "backup: $file, $(stat --format=%s "$file") bytes"
done < databases
pg_dumpall --roles-only --file="$FILE-roles.sql.part"
tail --lines=5 "$FILE-roles.sql.part" | grep --quiet 'cluster dump complete'
mv "$FILE-roles.sql.part" "$FILE-roles.sql"
`;

// Users that are there keep the password of their Secret, which may be newer than the backup. The database postgres is
// dumped too, but it is where Patroni is connected: what a person put there a person has to bring back.
const restore = `sql=(psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=template1)
"\${sql[@]}" --no-align --tuples-only --command='SELECT quote_ident(rolname) FROM pg_roles' > there
awk 'NR == FNR { there[$0]; next }
  { for (role in there) if (index($0, "CREATE ROLE " role ";") == 1 || index($0, "ALTER ROLE " role " ") == 1) next; print }
' there "$FILE-roles.sql" | "\${sql[@]}"

for file in "$FILE"-*.dump; do
  database=$(pg_restore --list "$file" | sed -n 's/^; *dbname: //p')
  [[ $database != postgres ]] || continue
  "\${sql[@]}" --set=database="$database" <<< 'DROP DATABASE IF EXISTS :"database" WITH (FORCE);'
  pg_restore --exit-on-error --create --dbname=template1 "$file"
  echo "restore: $database"
done
`;
