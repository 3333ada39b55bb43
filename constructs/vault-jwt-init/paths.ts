import { TOKEN_FILE } from '../stores/vault/client.ts';
import { type Grants, roleOf } from '../stores/vault/policies.ts';

/** In KV version 2 at `secret/`, as `vault kv` calls them. */
export const KEY = 'jwt/keys/default';
/** The pair that is to follow, while a rotation lasts. */
export const NEXT = 'jwt/keys/next';
/** Every public key that tokens may be checked with, by key id. */
export const PUBLIC = 'jwt/public/default';

/** A folder in memory, which the containers of a pod share. */
export const FOLDER = '/keys';

/** May make a key and replace none: without `update` Vault refuses a second version, check-and-set or not. */
export const initGrants: Grants = {
  [`secret/data/${KEY}`]: ['create', 'read'],
  [`secret/data/${PUBLIC}`]: ['create', 'read', 'patch'],
};

export const rotateGrants: Grants = {
  [`secret/data/${KEY}`]: ['read', 'update'],
  [`secret/data/${NEXT}`]: ['create', 'read', 'update', 'patch'],
  [`secret/metadata/${NEXT}`]: ['delete'],
  [`secret/destroy/${KEY}`]: ['update'],
  [`secret/data/${PUBLIC}`]: ['read', 'patch'],
};

export const signerGrants: Grants = {
  [`secret/data/${KEY}`]: ['read'],
  [`secret/data/${PUBLIC}`]: ['read'],
};

export const verifierGrants: Grants = { [`secret/data/${PUBLIC}`]: ['read'] };

/** Prints a token, for an hour. */
export const logIn = (account: string) =>
  `vault write -field=token auth/kubernetes/login role=${roleOf(account)} jwt=@${TOKEN_FILE}`;

/** The head of every script that talks to Vault. */
export const asAccount = (account: string) => `#!/bin/sh
set -eu
umask 077
VAULT_TOKEN=$(${logIn(account)})
export VAULT_TOKEN
`;

/** The head of every script that computes. */
export const apart = `#!/bin/sh
set -eu
umask 077
`;

/** Shell that leaves a new pair and its id in a folder; openssl speaks only where it fails. */
export const generate = (folder: string) => `mkdir -p ${folder}
if ! openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out ${folder}/private.pem 2> ${FOLDER}/said; then
  cat ${FOLDER}/said >&2
  exit 1
fi
openssl pkey -in ${folder}/private.pem -pubout -out ${folder}/public.pem
${identify(folder)}`;

/** Shell that leaves the id of a folder's public key: the beginning of its fingerprint. */
export const identify = (
  folder: string,
) => `openssl pkey -pubin -in ${folder}/public.pem -outform DER -out ${folder}/public.der
openssl dgst -sha256 -r -out ${folder}/fingerprint ${folder}/public.der
printf %s "$(cut -c1-16 ${folder}/fingerprint)" > ${folder}/kid
`;
