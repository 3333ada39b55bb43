import type { Dump } from '../../backup.ts';
import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { PORT, REPLICA_SET } from './replica-set.ts';

/**
 * Every database of the set, also those that nobody declared, and the operations that were going on, so that the dump is of
 * one moment: the end of it. A restore replaces the collections that the archive has, and leaves others alone; users stay
 * as the set has them, with the passwords of their Secrets.
 * @see https://www.mongodb.com/docs/database-tools/mongodump/
 */
export function dumpOf(store: HaStatefulStore, { admin, image }: { admin: Credential; image: Image }): Dump {
  const hosts = store.hosts.map((host) => `${host}:${PORT}`).join(',');
  return {
    image,
    script: dump,
    restore,
    uses: [
      {
        env: {
          PASSWORD: admin.key('dump'),
          SOURCE: `mongodb://dump:$(PASSWORD)@${hosts}/?replicaSet=${REPLICA_SET}&authSource=admin&readPreference=secondaryPreferred`,
        },
        endpoints: [store.endpoint('mongodb')],
      },
    ],
    restoreUses: [
      {
        env: {
          ROOT_PASSWORD: admin.key('root'),
          ROOT: `mongodb://root:$(ROOT_PASSWORD)@${hosts}/?replicaSet=${REPLICA_SET}&authSource=admin`,
          // The shell wants to keep its own files there.
          HOME: '/tmp',
        },
      },
    ],
  };
}

// The address comes by a file, since arguments can be read by whoever sees the process. In an archive the end of each
// collection is marked, and the oplog ends last; reading that far proves the checksum of the whole stream too.
const dump = `mongodump --config=<(printf 'uri: %s\\n' "$SOURCE") --oplog --gzip --archive="$FILE.part"
for end in 'system\\.users\\x00\\x08EOF\\x00\\x01' 'oplog\\x00\\x08EOF\\x00\\x01'; do
  if ! gzip --decompress --stdout "$FILE.part" | LC_ALL=C grep --text --count --perl-regexp "$end" > /dev/null; then
    echo "backup: nothing in the archive matches $end, it is cut off" >&2
    exit 1
  fi
done
mv "$FILE.part" "$FILE.archive.gz"
echo "backup: $FILE.archive.gz, $(stat --format=%s "$FILE.archive.gz") bytes"
`;

/**
 * Replaying operations asks for more than root has. It is lent for as long as the restore lasts; one that was killed leaves it
 * behind, and the next one takes it back.
 * @see https://www.mongodb.com/docs/database-tools/mongorestore/#required-access
 */
const restore = `as_root() {
  mongosh --nodb --norc --quiet --eval "const admin = new Mongo(process.env.ROOT).getDB('admin'); $1"
}
give_back() {
  as_root "if (admin.runCommand({ rolesInfo: 'replay' }).roles.length) admin.runCommand({ dropRole: 'replay' })" > /dev/null
}
give_back
trap give_back EXIT
as_root "admin.runCommand({
  createRole: 'replay', privileges: [{ resource: { anyResource: true }, actions: ['anyAction'] }], roles: []
}); admin.runCommand({ grantRolesToUser: 'root', roles: ['replay'] })" > /dev/null
mongorestore --config=<(printf 'uri: %s\\n' "$ROOT") --gzip --archive="$FILE.archive.gz" --oplogReplay --drop \\
  --nsExclude='admin.*' --nsExclude='config.*'
`;
