import type { Files } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { StoreJob } from '../store-job.ts';
import { AUDIENCE, TOKEN_FILE } from './client.ts';
import { BACKUP, CONFIGURE, configurePolicy, type Grants, RESTORE, roleOf } from './policies.ts';

/**
 * Job that brings Vault to what is declared, as often as that changes: audit device, KV, policies, roles. It logs in as
 * its ServiceAccount and waits until it may: until Vault is initialised, unsealed and handed over.
 */
export class Configure extends StoreJob {
  constructor(store: HaStatefulStore, id: string, { image, files }: { image: Image; files: Files }) {
    const name = configurer(store);
    super(store, id, {
      name,
      image,
      size: 'tiny',
      run: { command: ['sh', '/vault/scripts/configure.sh'] },
      env: { VAULT_ADDR: `http://${store.host()}:8200` },
      files: {
        ...files,
        '/vault/scripts/configure.sh': configureScript(CONFIGURE),
        [TOKEN_FILE]: { audience: AUDIENCE },
      },
      calls: [{ endpoints: [store.endpoint('http')] }],
    });
  }
}

const configurer = (store: HaStatefulStore) => `${store.name}-configure`;

/** One role a line: its name, its ServiceAccount's name and namespace. */
export function roles(store: HaStatefulStore, policies: Readonly<Record<string, Grants>>): string {
  const { name, namespace } = store;
  const own = [
    [CONFIGURE, configurer(store), namespace],
    [BACKUP, `${name}-backup`, namespace],
    [RESTORE, `${name}-backup-restore`, namespace],
  ];
  const clients = Object.keys(policies).map((account) => [roleOf(account), ...account.split('/').reverse()]);
  return [...own, ...clients].map((role) => `${role.join(' ')}\n`).join('');
}

/** @see https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#create-update-role */
const letIn = `let_in() { # role account namespace
  vault write "auth/kubernetes/role/$1" bound_service_account_names="$2" bound_service_account_namespaces="$3" \\
    audience=${AUDIENCE} token_policies="$1" token_ttl=1h token_max_ttl=24h
}
`;

/** Members review tokens by their own ServiceAccount, which is renewed under them. */
const enableKubernetes = `if ! vault auth list | grep -q '^kubernetes/ '; then vault auth enable kubernetes; fi
vault write auth/kubernetes/config kubernetes_host=https://kubernetes.default.svc
`;

/**
 * Shell that logs in with the kubelet's token as soon as that is possible, however long a person takes to unseal; says why
 * not, each reason once.
 */
export const untilLoggedIn = (role: string, speaker: string) => `said=
until VAULT_TOKEN=$(vault write -field=token auth/kubernetes/login role=${role} jwt=@${TOKEN_FILE} 2> /tmp/why); do
  why=$(tail -n 1 /tmp/why)
  if [ "$why" != "$said" ]; then echo "${speaker}: cannot log in yet: $why"; fi
  said=$why
  sleep 3
done
export VAULT_TOKEN
`;

const asRoot = `export VAULT_ADDR=http://127.0.0.1:8200 VAULT_TOKEN="$VAULT_DEV_ROOT_TOKEN_ID"
until vault status > /dev/null; do sleep 1; done
${enableKubernetes}`;

/** What can be told absent though it is there is asked for again, and refused by Vault: nothing is replaced. */
export const configureScript = (as: typeof CONFIGURE | 'root') => `#!/bin/sh
set -eu
${letIn}
${as === 'root' ? asRoot : untilLoggedIn(CONFIGURE, 'configure')}
if ! vault audit list | grep -q '^stdout/ '; then vault audit enable -path=stdout file file_path=stdout; fi
if ! vault secrets list | grep -q '^secret/ '; then vault secrets enable -path=secret -version=2 kv; fi
vault read -field=options sys/mounts/secret | grep -q 'version:2'

for file in /vault/policies/*.hcl; do
  vault policy write "$(basename "$file" .hcl)" "$file"
done
while read -r role account namespace; do
  let_in "$role" "$account" "$namespace"
done < /vault/roles

vault list -format=json auth/kubernetes/role | sed -n 's/^ *"\\(.*\\)",*$/\\1/p' > /tmp/there
while read -r role; do
  if ! grep -q "^$role " /vault/roles; then vault delete "auth/kubernetes/role/$role"; fi
done < /tmp/there
echo 'configure: done'
`;

/** Run by a person, once, in a member. */
export const handOverScript = (store: HaStatefulStore) => `#!/bin/sh
set -eu
export VAULT_ADDR=http://127.0.0.1:8200
if [ -t 0 ]; then stty -echo; fi
printf 'root token: '
read -r VAULT_TOKEN
if [ -t 0 ]; then stty echo; fi
echo
export VAULT_TOKEN
${letIn}
${enableKubernetes}vault policy write ${CONFIGURE} - << 'POLICY'
${configurePolicy}POLICY
let_in ${CONFIGURE} ${configurer(store)} ${store.namespace}
vault token revoke -self
echo 'hand-over: the Job does the rest, the root token is revoked'
`;
