import { apart, asAccount, FOLDER, generate, identify, KEY, logIn, PUBLIC } from './paths.ts';

/** Only Vault's plain "no value" counts as absent: not an error, and not a key that somebody deleted. */
export const checkScript = (account: string) => `${asAccount(account)}
if vault kv get -mount=secret -field=public ${KEY} > ${FOLDER}/found 2> ${FOLDER}/why; then
  echo 'jwt-init: a key is there'
elif grep -qx 'No value found at secret/data/${KEY}' ${FOLDER}/why; then
  echo 'jwt-init: no key yet'
  touch ${FOLDER}/absent
else
  echo 'jwt-init: cannot tell whether there is a key:' >&2
  cat ${FOLDER}/why >&2
  exit 1
fi
`;

export const generateScript = `${apart}
[ -e ${FOLDER}/absent ] || exit 0
${generate(`${FOLDER}/new`)}echo 'jwt-init: made a pair'
`;

/**
 * Whatever Vault answered, what it has counts: an answer may be lost on the way, and of several runs at once one wins.
 * Waits for an election to be over.
 */
export const storeScript = (account: string) => `${asAccount(account)}
if [ -e ${FOLDER}/absent ]; then
  if vault kv put -mount=secret -cas=0 ${KEY} \\
    private=@${FOLDER}/new/private.pem public=@${FOLDER}/new/public.pem kid=@${FOLDER}/new/kid > ${FOLDER}/said 2>&1; then
    echo 'jwt-init: stored the pair'
  else
    echo "jwt-init: not known to be stored: $(tail -n 1 ${FOLDER}/said)"
  fi
fi
mkdir -p ${FOLDER}/stored
tries=30
for field in private public; do
  until vault kv get -mount=secret -field=$field ${KEY} > ${FOLDER}/stored/$field.pem 2> ${FOLDER}/why; do
    tries=$((tries - 1))
    if [ $tries -le 0 ] || grep -q 'No value found' ${FOLDER}/why; then
      echo 'jwt-init: cannot read the key back:' >&2
      cat ${FOLDER}/why >&2
      exit 1
    fi
    sleep 2
  done
done
`;

export const verifyScript = `${apart}
cd ${FOLDER}/stored
fail() {
  echo "jwt-init: the key that Vault has $1; look at its versions before anything is signed with it" >&2
  exit 1
}
openssl pkey -in private.pem -check -noout > ../said 2>&1 || fail 'is no sound private key'
openssl pkey -in private.pem -pubout -out derived.pem
openssl pkey -pubin -in public.pem -out given.pem 2> ../said || fail 'has no public part that can be read'
cmp -s derived.pem given.pem || fail 'has a public part of another private one'
openssl pkey -pubin -in given.pem -noout -text > described
grep -q '(4096 bit)' described || fail 'has not 4096 bits'
mv given.pem public.pem
${identify(`${FOLDER}/stored`)}echo "jwt-init: the key in Vault is whole, its id is $(cat kid)"
`;

/** Adds to the public keys and takes none away: while a rotation lasts there are two. */
export const publishScript = (account: string) => `${asAccount(account)}
kid=$(cat ${FOLDER}/stored/kid)
published() { vault kv get -mount=secret -field="$kid" ${PUBLIC} > ${FOLDER}/published 2> ${FOLDER}/why; }
if ! published; then
  if grep -qx 'No value found at secret/data/${PUBLIC}' ${FOLDER}/why; then
    vault kv put -mount=secret -cas=0 ${PUBLIC} "$kid=@${FOLDER}/stored/public.pem" > ${FOLDER}/said 2>&1 || true
  elif grep -q 'not present in secret' ${FOLDER}/why; then
    vault kv patch -mount=secret ${PUBLIC} "$kid=@${FOLDER}/stored/public.pem" > ${FOLDER}/said 2>&1 || true
  else
    cat ${FOLDER}/why >&2
    exit 1
  fi
  if ! published; then
    cat ${FOLDER}/said ${FOLDER}/why >&2
    exit 1
  fi
fi
if ! cmp -s ${FOLDER}/published ${FOLDER}/stored/public.pem; then
  echo "jwt-init: $kid is published with another key" >&2
  exit 1
fi
echo "jwt-init: $kid is published"
`;

/** Looks, and never makes one: in a pod that starts before the key is there. Says why, when that changes. */
export const waitScript = (account: string, address: string) => `#!/bin/sh
set -eu
export VAULT_ADDR=${address}
said=
until VAULT_TOKEN=$(${logIn(account)} 2> /tmp/why) && export VAULT_TOKEN &&
  vault kv get -mount=secret ${PUBLIC} > /dev/null 2> /tmp/why; do
  why=$(tail -n 1 /tmp/why)
  if [ "$why" != "$said" ]; then echo "jwt-wait: no key yet: $why"; fi
  said=$why
  sleep 3
done
echo 'jwt-wait: the key is there'
`;
