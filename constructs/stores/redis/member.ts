import { KubeService } from '../../../imports/k8s.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import { labelsOf } from '../../labels.ts';

export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26379;
/** Of the proxy beside each of several members, which leads to the leader. */
export const PRIMARY_PORT = 6380;

/** Of sentinels: one is beside every member. */
export const majorityOf = ({ members }: HaStatefulStore) => Math.floor(members / 2) + 1;

const namesOf = ({ name, members }: HaStatefulStore) => [...Array(members).keys()].map((n) => `${name}-${n}`);

/** Of the members' own Services. */
export const hostsOf = (store: HaStatefulStore) => namesOf(store).map((name) => `${name}.${store.namespace}.svc`);

/**
 * A Service per member, ready or not, so that it has an address that stays when its pod does not. Sentinel cannot do with
 * names: while one cannot be looked up, that of a pod that is gone or any while DNS is, it does not fail over.
 * @see https://github.com/redis/redis/issues/11241
 */
export function serveMembers(store: HaStatefulStore) {
  const { namespace, pods } = store;
  const label = 'statefulset.kubernetes.io/pod-name';
  for (const name of namesOf(store)) {
    new KubeService(store, `service-${name}`, {
      metadata: { name, namespace, labels: labelsOf(store, store.name) },
      spec: {
        publishNotReadyAddresses: true,
        selector: { ...pods.labels, [label]: name },
        ports: [
          { name: 'redis', port: REDIS_PORT, targetPort: 'redis' },
          { name: 'sentinel', port: SENTINEL_PORT, targetPort: 'sentinel' },
        ],
      },
    });
  }
}

/** In a script: the members' addresses, in `$members`. */
export const lookUp = (store: HaStatefulStore) => `members=
for host in ${hostsOf(store).join(' ')}; do
  until found=$(getent hosts "$host"); do sleep 1; done
  members="$members \${found%% *}"
done`;

/** In a script, after `lookUp`: its own address, and `translate`, without which former knowledge dies with a Service. */
export const knowItself = `self=$(echo "$members" | cut -d' ' -f$((\${POD_NAME##*-} + 2)))

# Has a configuration of a former run speak of the addresses of today.
translate() {
  [ -e "$1" ] || return 0
  conf=$1
  set -- $(sed -n 's/^# members //p' "$conf")
  script=
  for address in $members; do
    [ $# -gt 0 ] || break
    script="$script; s/ $1 / <$address> /"
    shift
  done
  sed -i "$script; s/ <\\([^>]*\\)> / \\1 /g" "$conf"
}`;

/** In a script. Letters and digits mean the same in redis.conf, in HAProxy's configuration and in every URL. */
export const checkPassword = `case $REDISCLI_AUTH in
  '' | *[!A-Za-z0-9]*)
    echo 'the password may have letters and digits only; seal another one' >&2
    exit 1
    ;;
esac`;
