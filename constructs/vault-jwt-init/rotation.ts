import { apart, asAccount, FOLDER, generate, identify, KEY, NEXT, PUBLIC } from './paths.ts';

/** What Vault has of a path, as JSON; fails where that cannot be told, and tells absent by an empty file. */
const read = `read_path() { # path file
  if vault kv get -mount=secret -format=json "$1" > "$2" 2> ${FOLDER}/why; then return; fi
  : > "$2"
  if grep -qx "No value found at secret/data/$1" ${FOLDER}/why; then return; fi
  cat ${FOLDER}/why >&2
  exit 1
}
field() { # name file
  sed -n "s/^ *\\"$1\\": \\"\\{0,1\\}\\([^\\",]*\\)\\"\\{0,1\\},\\{0,1\\}$/\\1/p" "$2" | head -n 1
}
`;

/** Whether a pair has to be made: only where none is on its way. */
export const beginScript = (account: string) => `${asAccount(account)}
${read}read_path ${KEY} ${FOLDER}/current.json
if [ ! -s ${FOLDER}/current.json ]; then
  echo 'jwt-rotate: there is no key to follow, VaultJwtInit makes the first' >&2
  exit 1
fi
mkdir -p ${FOLDER}/current
vault kv get -mount=secret -field=public ${KEY} > ${FOLDER}/current/public.pem
read_path ${NEXT} ${FOLDER}/next.json
[ -s ${FOLDER}/next.json ] || touch ${FOLDER}/absent
`;

/** One that somebody else made may have no id written beside it. */
export const nextScript = `${apart}
${identify(`${FOLDER}/current`)}[ -e ${FOLDER}/absent ] || exit 0
${generate(`${FOLDER}/new`)}`;

/**
 * One step, the next one that time allows; each may be cut off and run again.
 * 1. The next pair is made, and its public part published beside the present one.
 * 2. Once every service knows that, tokens are signed with it.
 * 3. Once no token of the former key is valid any more, that is taken back and destroyed.
 */
export const stepScript = (
  account: string,
  { settleMinutes, tokenMinutes }: { settleMinutes: number; tokenMinutes: number },
) => `${asAccount(account)}
${read}now=$(date +%s)
wait_until() { # since minutes
  left=$(($1 + $2 * 60 - now))
  if [ $left -gt 0 ]; then
    echo "jwt-rotate: too early, run it again in $((left / 60 + 1)) minutes"
    exit 0
  fi
}

if [ -e ${FOLDER}/absent ]; then
  vault kv put -mount=secret -cas=0 ${NEXT} \\
    private=@${FOLDER}/new/private.pem public=@${FOLDER}/new/public.pem kid=@${FOLDER}/new/kid > /dev/null
fi
read_path ${KEY} ${FOLDER}/current.json
read_path ${NEXT} ${FOLDER}/next.json
kid=$(field kid ${FOLDER}/next.json)
for part in private public; do vault kv get -mount=secret -field=$part ${NEXT} > ${FOLDER}/$part.pem; done

since=$(field since ${FOLDER}/next.json)
if [ -z "$since" ]; then
  vault kv patch -mount=secret ${PUBLIC} "$kid=@${FOLDER}/public.pem" > /dev/null
  vault kv patch -mount=secret ${NEXT} since="$now" > /dev/null
  echo "jwt-rotate: 1 of 3, $kid is published; run again in ${settleMinutes} minutes, when every service has read it"
  exit 0
fi

former=$(field kid ${FOLDER}/current.json)
[ -n "$former" ] || former=$(cat ${FOLDER}/current/kid)
version=$(field version ${FOLDER}/current.json)
if [ "$former" != "$kid" ]; then
  wait_until "$since" ${settleMinutes}
  vault kv put -mount=secret -cas="$version" ${KEY} private=@${FOLDER}/private.pem public=@${FOLDER}/public.pem \\
    kid="$kid" former="$former" since="$now" > /dev/null
  echo "jwt-rotate: 2 of 3, tokens are to be signed with $kid; run again in ${tokenMinutes} minutes, when those of $former have expired"
  exit 0
fi

wait_until "$(field since ${FOLDER}/current.json)" ${tokenMinutes}
former=$(field former ${FOLDER}/current.json)
vault kv patch -mount=secret -remove-data="$former" ${PUBLIC} > /dev/null
old=1
versions=
while [ $old -lt "$version" ]; do
  versions="$versions\${versions:+,}$old"
  old=$((old + 1))
done
vault kv destroy -mount=secret -versions="$versions" ${KEY} > /dev/null
vault kv metadata delete -mount=secret ${NEXT} > /dev/null
echo "jwt-rotate: 3 of 3, $former is gone"
`;
