import type { Dump } from '../../backup.ts';
import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { PORT, REPLICA_SET } from './replica-set.ts';

/**
 * Every database of the set, also those that nobody declared, its users, and the operations that were going on, so that
 * the dump is of one moment: the end of it. A restore is a person's: replaying operations asks for a user with the action
 * `anyAction` on `anyResource`, which not even root has. It replaces the collections that the archive has, users included:
 * `mongorestore --uri "mongodb://<user>@<hosts>/?replicaSet=rs0" --gzip --archive=<file> --oplogReplay --drop`.
 * @see https://www.mongodb.com/docs/database-tools/mongodump/
 */
export function dumpOf(store: HaStatefulStore, { admin, image }: { admin: Credential; image: Image }): Dump {
  const hosts = store.hosts.map((host) => `${host}:${PORT}`).join(',');
  return {
    image,
    script: dump,
    uses: [
      {
        env: {
          PASSWORD: admin.key('dump'),
          SOURCE: `mongodb://dump:$(PASSWORD)@${hosts}/?replicaSet=${REPLICA_SET}&authSource=admin&readPreference=secondaryPreferred`,
        },
        endpoints: [store.endpoint('mongodb')],
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
