import { Construct } from 'constructs';
import { declare } from '../imports/relations.ts';
import type { Credential } from './credential.ts';
import type { Image } from './images.ts';
import { runOnChange } from './jobs.ts';
import { Pod } from './pod.ts';
import { untilLoggedIn } from './stores/vault/configure.ts';
import { roleOf } from './stores/vault/policies.ts';
import { apart, FOLDER } from './vault-jwt-init/paths.ts';
import { MAKER, type VaultSecretStore } from './vault-secret-store.ts';

export interface VaultSecretsInitProps {
  readonly store: VaultSecretStore;
  /** Those that are read from the store; the others, and what a person was given, are left alone. */
  readonly credentials: readonly Credential[];
  readonly images: { readonly vault: Image };
}

/**
 * Job that puts into Vault what credentials need and nobody has to know: random letters and digits, made once, where Vault
 * says that there is nothing. It may not replace anything. The store waits for it, and so do all who read from there; it
 * waits for whoever unseals Vault and hands it over.
 * A credential with a `given` key is a person's to put in.
 */
export class VaultSecretsInit extends Construct {
  constructor(scope: Construct, id: string, { store, credentials, images }: VaultSecretsInitProps) {
    super(scope, id);
    const { namespace } = store.vault;
    const account = `${namespace}/${MAKER}`;
    const lines = credentials.flatMap(({ path, keys }) => {
      const made = Object.entries(keys).map(([key, made]) => (made === 'given' ? [] : [`${key} ${made.length}`]));
      return path && made.every(({ length }) => length) ? [`${path} ${made.flat().join(' ')}\n`] : [];
    });
    const pod = new Pod(this, 'pod', {
      name: MAKER,
      image: images.vault,
      size: 'small',
      run: { command: ['sh', '/scripts/make.sh'], user: 100, group: 1000, inMemory: [FOLDER] },
      env: { VAULT_CLIENT_TIMEOUT: '20s', HOME: FOLDER },
      files: { '/scripts/make.sh': script(account), '/scripts/secrets': lines.sort().join('') },
      uses: [store.vault.client(account)],
    });
    runOnChange(this, pod.metadata, { backoffLimit: 6, template: pod.template({ pod: { restartPolicy: 'Never' } }) });
    declare(this, { layer: 'stores' });
    declare(store, { uses: [this] });
  }
}

const script = (account: string) => `${apart}${untilLoggedIn(roleOf(account), 'secrets-init')}
there() { vault kv get -mount=secret "$1" > /dev/null 2> ${FOLDER}/why; }
while read -r path keys; do
  if there "$path"; then continue; fi
  if ! grep -qx "No value found at secret/data/$path" ${FOLDER}/why; then
    echo "secrets-init: cannot tell whether there is $path:" >&2
    cat ${FOLDER}/why >&2
    exit 1
  fi
  set -- $keys
  values=
  while [ $# -gt 0 ]; do
    value=$(head -c 8192 /dev/urandom | LC_ALL=C tr -dc A-Za-z0-9 | head -c "$2")
    if [ "\${#value}" -ne "$2" ]; then
      echo 'secrets-init: the machine gave too few random bytes' >&2
      exit 1
    fi
    printf %s "$value" > "${FOLDER}/$1"
    values="$values $1=@${FOLDER}/$1"
    shift 2
  done
  if vault kv put -mount=secret -cas=0 "$path" $values > ${FOLDER}/said 2>&1; then
    echo "secrets-init: made $path"
  elif ! there "$path"; then
    cat ${FOLDER}/said >&2
    exit 1
  fi
done < /scripts/secrets
echo 'secrets-init: everything that can be made up is there'
`;
