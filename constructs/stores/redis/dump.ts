import type { Dump } from '../../backup.ts';
import type { SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';

export interface DumpProps {
  readonly image: Image;
  readonly password: SecretKey;
  /** Of the store's ports, the one that leads to the leader. */
  readonly port: 'primary' | 'redis';
}

/** A snapshot of the leader, as a replica would be sent it: `<file>.rdb`. @see https://redis.io/docs/latest/develop/tools/cli/#remote-backups-of-rdb-files */
export function dumpOf(store: HaStatefulStore, { image, password, port }: DumpProps): Dump {
  const endpoint = store.endpoint(port);
  return {
    image,
    script: dump,
    uses: [
      {
        env: { REDIS_HOST: store.host(), REDIS_PORT: endpoint.port, REDISCLI_AUTH: password },
        endpoints: [endpoint],
      },
    ],
  };
}

const dump = `redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb part
redis-check-rdb part
mv part "$FILE.rdb"
echo "backup: $FILE.rdb, $(stat --format=%s "$FILE.rdb") bytes"
`;

/**
 * For a person: reads a dump from its input into a server of its own and moves every key to the leader, with databases
 * and times to live, so that both together need the memory of one. May be run again; keys that are there are replaced. The
 * password is in no argument, which whoever sees the process could read.
 */
export const restore = (port: number) => `#!/bin/bash
set -euo pipefail
umask 077
folder=/data/restore
socket=$folder/socket
rm -rf "$folder"
mkdir "$folder"
cat > "$folder/dump.rdb"
redis-check-rdb "$folder/dump.rdb" > "$folder/check" || { cat "$folder/check"; exit 1; }
redis-server --port 0 --unixsocket "$socket" --dir "$folder" --save '' - <<< "requirepass $REDISCLI_AUTH" > "$folder/log" &
server=$!
trap 'kill -KILL $server; rm -rf "$folder"' EXIT
until [[ $(redis-cli -s "$socket" ping 2>&1) == PONG ]]; do
  kill -0 $server
  sleep 0.2
done

for database in $(redis-cli -s "$socket" info keyspace | sed -n 's/^db\\([0-9]*\\):.*/\\1/p'); do
  moved=$(redis-cli -s "$socket" -n "$database" -e -x eval '
    local cursor, moved = "0", 0
    repeat
      local page = redis.call("SCAN", cursor, "COUNT", 100)
      cursor = page[1]
      if #page[2] > 0 then
        redis.call("MIGRATE", "127.0.0.1", ${port}, "", ARGV[1], 60000, "REPLACE", "AUTH", ARGV[2], "KEYS", unpack(page[2]))
        moved = moved + #page[2]
      end
    until cursor == "0"
    return moved' 0 "$database" < <(printf %s "$REDISCLI_AUTH"))
  echo "restore: database $database, $moved keys"
done
redis-cli -s "$socket" --raw function dump | head -c -1 |
  redis-cli -p ${port} -e -X payload function restore payload replace
`;
