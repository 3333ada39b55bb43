import type { Construct } from 'constructs';
import { Backup, type BackupProps } from './backup.ts';
import type { Dependency } from './dependency.ts';
import type { Image } from './images.ts';

export interface BackupJobProps extends Omit<BackupProps, 'dump' | 'targets'> {
  /** Where from: brings `DATABASE_URL`, for the server itself or a session pooler. */
  readonly database: readonly Dependency[];
  /** Where to, outside of what is backed up: brings `TARGET` and its credential, for rclone. */
  readonly target: Dependency;
  /** Tables without which a dump is not a backup. */
  readonly tables: readonly string[];
  /** Has bash, pg_dump and pg_restore, of the server's major version or later. */
  readonly client: Image;
}

/**
 * Backup of one PostgreSQL database, proven to hold the named tables. Restore:
 * `pg_restore --clean --if-exists --no-owner --dbname "$DATABASE_URL" <file>`.
 * @see https://www.postgresql.org/docs/current/app-pgdump.html
 */
export class BackupJob extends Backup {
  constructor(scope: Construct, id: string, props: BackupJobProps) {
    const { database, target, tables, client, ...rest } = props;
    const dump = { image: client, script, env: { TABLES: tables.join(' ') }, uses: database };
    super(scope, id, { ...rest, dump, targets: [target] });
  }
}

// The list of contents stands at the front of a dump: only reading it to the end shows that nothing was cut off.
const script = `pg_dump --format=custom --no-owner --file="$FILE.part" --dbname="$DATABASE_URL"
contents=$(pg_restore --list "$FILE.part")
for table in $TABLES; do
  if ! grep -q " TABLE DATA [^ ]* $table " <<< "$contents"; then
    echo "backup: table $table is not in the dump" >&2
    exit 1
  fi
done
pg_restore --file=/dev/null "$FILE.part"
mv "$FILE.part" "$FILE.dump"
echo "backup: $FILE.dump, $(stat --format=%s "$FILE.dump") bytes"
`;
