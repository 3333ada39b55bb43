import type { Dump } from '../../backup.ts';
import type { SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';

/**
 * A snapshot of every collection of every member, whose shards are not the others': `<file>-<member>-<collection>.snapshot`,
 * each held against the checksum that Qdrant made of it; and `<file>-aliases.json`, which a person brings back.
 * @see https://qdrant.tech/documentation/guides/snapshots/
 */
export function dumpOf(store: HaStatefulStore, { key, image }: { key: SecretKey; image: Image }): Dump {
  return {
    image,
    shell: 'sh',
    script: dump,
    restore,
    uses: [
      {
        env: { API_KEY: key, MEMBERS: store.hosts.map((host) => `http://${host}:6333`).join(' ') },
        endpoints: [store.endpoint('http')],
      },
    ],
  };
}

// The key comes by a file, since arguments can be read by whoever sees the process.
const api = `umask 077
printf 'header = "api-key: %s"\\n' "$API_KEY" > /tmp/curl
api() { curl --config /tmp/curl --fail --silent --show-error "$@"; }
`;

// A Job that is given up, or its node drained: the shell lets a signal wait for what it waits for, unless that runs beside it.
const dump = `${api}
made=
trap '[ -z "$made" ] || api --request DELETE "$made" > /dev/null' EXIT
trap 'exit 1' TERM
names() { tr , '\\n' | sed -n 's/.*"name":"\\([^"]*\\)".*/\\1/p'; }

member=0
for address in $MEMBERS; do
  api "$address/collections" | names > /tmp/collections
  while IFS= read -r collection; do
    snapshots=$address/collections/$collection/snapshots
    api --request POST "$snapshots" > /tmp/snapshot
    made=$snapshots/$(names < /tmp/snapshot)
    file=$FILE-$member-$collection.snapshot
    api --output "$file" "$made" &
    wait $!
    sum=$(tr , '\\n' < /tmp/snapshot | sed -n 's/.*"checksum":"\\([0-9a-f]*\\)".*/\\1/p')
    echo "$sum  $file" | sha256sum -c -
    api --request DELETE "$made" > /dev/null
    made=
  done < /tmp/collections
  member=$((member + 1))
done
api --output "$FILE-aliases.json" "$address/aliases"
`;

const restore = `${api}
member=0
for address in $MEMBERS; do
  for file in "$FILE-$member"-*.snapshot; do
    [ -e "$file" ] || continue
    collection=\${file#"$FILE-$member-"}
    upload=$address/collections/\${collection%.snapshot}/snapshots/upload
    api --form "snapshot=@$file" "$upload?priority=snapshot" > /dev/null
    echo "restore: $file"
  done
  member=$((member + 1))
done
cat "$FILE-aliases.json"
`;
