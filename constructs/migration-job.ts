import { Construct, type IConstruct } from 'constructs';
import { declare, identityOf, refuse } from '../imports/relations.ts';
import type { Dependency } from './dependency.ts';
import type { Image } from './images.ts';
import { runOnChange } from './jobs.ts';
import { Pod } from './pod.ts';

/** An index on a table in use. */
export interface ConcurrentIndex {
  readonly name: string;
  /** What stands after ON: `notifications USING gin (metadata)`. */
  readonly on: string;
}

export interface MigrationJobProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** Where to: brings `DATABASE_URL`, for the server itself or a session pooler; a transaction pooler has no session to lock with. */
  readonly database: readonly Dependency[];
  /** The release, and where in it the schema stands; the path may hold `*`. */
  readonly release: Image;
  readonly schema: string;
  /** Built without blocking writers, after the schema. @default - none */
  readonly indexes?: readonly ConcurrentIndex[];
  /** Has bash and psql. */
  readonly client: Image;
  /** Minutes after which it is given up. @default 30 */
  readonly deadlineMinutes?: number;
}

/**
 * Job that applies a release's schema to PostgreSQL before its pods are rolled: what `uses` it waits for its success. A schema
 * is applied once, in one transaction, known by its checksum; two Jobs at once take turns; a DDL statement that has to wait
 * for a lock gives up after ten seconds, for everybody else queues behind it. Indexes are built CONCURRENTLY, outside of a
 * transaction, and one that an interrupted run left invalid is built anew.
 *
 * It runs again when a new release or another index changes it. Refuses alike or ill-named indexes.
 */
export class MigrationJob extends Construct implements Dependency {
  readonly construct: IConstruct = this;

  constructor(scope: Construct, constructId: string, props: MigrationJobProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { database, release, schema, indexes = [], client, deadlineMinutes = 30 } = props;

    const pod = new Pod(this, 'pod', {
      name: id,
      image: client,
      size: 'small',
      run: { command: ['bash', '/scripts/migrate.sh'], writable: [folder] },
      env: { SCHEMA: `${folder}/schema.sql` },
      files: { '/scripts/migrate.sh': script, '/scripts/migrate.sql': statements(id, indexes) },
      uses: database,
    });
    // In the shell for the sake of the path's *.
    const copy = pod.container('schema', {
      image: release,
      command: ['sh', '-c', `cp ${schema} "$SCHEMA"`],
    });

    declare(this, { layer: 'stores' });
    runOnChange(this, pod.metadata, {
      backoffLimit: 3,
      activeDeadlineSeconds: deadlineMinutes * 60,
      template: pod.template({ pod: { restartPolicy: 'Never', initContainers: [copy] } }),
    });
    refuse(this, problems(indexes));
  }
}

const folder = '/migration';

const script = `#!/bin/bash
set -euo pipefail
checksum=$(sha256sum < "$SCHEMA" | cut -d' ' -f1)
cd "$(dirname "$0")"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=schema="$SCHEMA" --set=checksum="$checksum" --file=migrate.sql "$DATABASE_URL"
`;

function statements(name: string, indexes: readonly ConcurrentIndex[]): string {
  const names = indexes.map((index) => `'${index.name}'`).join(', ');
  return [
    `-- One at a time. Between two tries nothing is held: CREATE INDEX CONCURRENTLY waits for every older transaction,
-- also for one that only waits for this lock.
DO $$ BEGIN
  LOOP
    EXIT WHEN pg_try_advisory_lock(hashtext('${name}'));
    COMMIT;
    PERFORM pg_sleep(1);
  END LOOP;
END $$;

SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS public.schema_applied (
  checksum text PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);
SELECT EXISTS (SELECT FROM public.schema_applied WHERE checksum = :'checksum') AS applied \\gset
\\if :applied
  \\echo 'migration: this schema is applied'
\\else
  BEGIN;
  SET LOCAL lock_timeout = '10s';
  \\i :schema
  INSERT INTO public.schema_applied (checksum) VALUES (:'checksum');
  COMMIT;
  \\echo 'migration: schema applied'
\\endif
`,
    ...(indexes.length
      ? [
          `-- Left invalid by a run that was interrupted.
SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT indisvalid AND relname IN (${names}) \\gexec
`,
        ]
      : []),
    ...indexes.map((index) => `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${index.name} ON ${index.on};\n`),
  ].join('\n');
}

const problems = (indexes: readonly ConcurrentIndex[]) =>
  indexes.flatMap(({ name }, position) => [
    ...(/^[a-z_][a-z0-9_]{0,62}$/.test(name)
      ? []
      : [`indexes: "${name}" is no plain name, PostgreSQL folds or cuts it; use up to 63 of a-z, 0-9 and _`]),
    ...(indexes.findIndex((other) => other.name === name) < position
      ? [`indexes: ${name} is there twice, the second would never be built; rename it`]
      : []),
  ]);
