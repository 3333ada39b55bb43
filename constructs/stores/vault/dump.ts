import type { Dump } from '../../backup.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { AUDIENCE, TOKEN_FILE } from './client.ts';
import { BACKUP, RESTORE } from './policies.ts';

/**
 * A snapshot of everything Vault has, encrypted as on its disk, and back into the Vault that it is of; policies are then
 * as they were, until `kubectl delete job <store>-configure` has Flux make that again. Into another one, say
 * after the loss of all members, a person brings it: new members, initialised and unsealed, then with their root token
 * `vault operator raft snapshot restore -force <file>`, and unsealed again, with the keys of the old ones.
 * @see https://developer.hashicorp.com/vault/docs/commands/operator/raft#snapshot
 */
export function dumpOf(store: HaStatefulStore, image: Image): Dump {
  return {
    image,
    shell: 'sh',
    script: dump,
    restore,
    uses: [
      {
        env: { VAULT_ADDR: `http://${store.host()}:8200` },
        files: { [TOKEN_FILE]: { audience: AUDIENCE } },
        endpoints: [store.endpoint('http')],
      },
    ],
  };
}

// A standby passes on every request but those for snapshots, which it answers with where the leader is. While there is
// none it names none, or the last one.
const logIn = (role: string) => `log_in() {
  leader=$(vault status -format=json | sed -n 's/.*"leader_address": "\\([^"]*\\)".*/\\1/p')
  if [ -z "$leader" ]; then echo "no leader is known at $VAULT_ADDR" >&2; return 1; fi
  token=$(VAULT_ADDR=$leader vault write -field=token auth/kubernetes/login role=${role} jwt=@${TOKEN_FILE})
}
tries=1
until log_in; do
  if [ "$tries" -eq 10 ]; then exit 1; fi
  tries=$((tries + 1))
  sleep 3
done
export VAULT_ADDR="$leader" VAULT_TOKEN="$token"
`;

// Both commands hold the parts of the snapshot against the checksums in it.
const dump = `${logIn(BACKUP)}vault operator raft snapshot save "$FILE.part"
vault operator raft snapshot inspect "$FILE.part" > /dev/null
mv "$FILE.part" "$FILE.snap"
echo "backup: $FILE.snap, $(stat -c %s "$FILE.snap") bytes"
`;

const restore = `${logIn(RESTORE)}vault operator raft snapshot restore "$FILE.snap"
`;
