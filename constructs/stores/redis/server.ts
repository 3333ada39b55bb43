import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Design } from '../engine.ts';
import { checkPassword, knowItself, lookUp, majorityOf, REDIS_PORT, SENTINEL_PORT } from './member.ts';

/** Seconds after which a member that cannot reach the majority of sentinels goes on as what it was. */
const PATIENCE = 30;

/** By programs: a port of a server that hangs is open all the same. None of them needs another member. */
export const probes: Design<object>['probes'] = {
  // Waits for sentinels, then reads its log.
  startupProbe: {
    exec: { command: ['redis-cli', 'ping'] },
    periodSeconds: 5,
    timeoutSeconds: 5,
    failureThreshold: 120,
  },
  livenessProbe: {
    exec: { command: ['redis-cli', 'ping'] },
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 6,
  },
  readinessProbe: { exec: { command: ['sh', '/scripts/ready.sh'] }, periodSeconds: 5, timeoutSeconds: 5 },
};

/** A replica is ready when it has what its leader has: else a rolling restart would stop the last copy next. */
export const ready = `#!/bin/sh
set -eu
case $(redis-cli info replication) in
  *role:master* | *master_link_status:up*) ;;
  *) exit 1 ;;
esac
`;

export const startAlone = `#!/bin/sh
set -eu
umask 077
${checkPassword}
{
  cat /config/redis.conf
  echo "requirepass $REDISCLI_AUTH"
} > /data/redis.conf
exec redis-server /data/redis.conf
`;

/**
 * Says who leads before the server answers anybody, then starts it without the right to take writes or to be promoted;
 * it gets both when that is safe. The file of the last run says what the member was; Sentinel keeps it up to date.
 */
export const start = (store: HaStatefulStore) => `#!/bin/sh
set -eu
umask 077
conf=/data/redis.conf
${checkPassword}
${lookUp(store)}
${knowItself}
translate "$conf"

# What each sentinel knows, the newest knowledge first: its age, who leads, in which state, how many replicas there are.
views() {
  for address in $members; do
    timeout 2 redis-cli -h "$address" -p ${SENTINEL_PORT} sentinel master ${store.name} 2> /dev/null | {
      epoch=
      while read -r field && read -r value; do
        case $field in
          config-epoch) epoch=$value ;;
          ip) leader=$value ;;
          flags) flags=$value ;;
          num-slaves) replicas=$value ;;
        esac
      done
      if [ "$epoch" ]; then echo "$epoch $leader $flags $replicas"; fi
    }
  done | sort -rn
}

tries=0
while true; do
  known=$(views)
  if [ "$(echo "$known" | grep -c .)" -ge ${majorityOf(store)} ]; then
    leader=$(echo "$known" | sed -n '1s/^[^ ]* \\([^ ]*\\) .*/\\1/p')
    # On an emptied volume it must not lead replicas that have data. While it is silent, they elect one of them.
    if [ "$leader" != "$self" ] || [ -e "$conf" ] || ! echo "$known" | grep -qv ' 0$'; then break; fi
  elif [ -e "$conf" ] && [ $tries -ge ${PATIENCE} ]; then
    leader=$(sed -n 's/^replicaof \\([^ ]*\\) .*/\\1/p' "$conf")
    leader=\${leader:-$self}
    break
  fi
  tries=$((tries + 1))
  sleep 1
done

{
  cat /config/redis.conf
  echo "# members$members"
  echo "replica-announce-ip $self"
  echo "requirepass $REDISCLI_AUTH"
  echo "masterauth $REDISCLI_AUTH"
  if [ "$leader" != "$self" ]; then echo "replicaof $leader ${REDIS_PORT}"; fi
} > "$conf.new"
mv "$conf.new" "$conf"
echo "leader: $leader"

# A leader takes writes once the majority has seen it lead for three seconds: no other one is being promoted then. A
# replica may be promoted once it has caught up: from its log it does not know how much it lacks.
admit() {
  seconds=0
  until [ $seconds -ge 3 ]; do
    sleep 1
    case $(timeout 2 redis-cli info replication 2> /dev/null || true) in
      *master_link_status:up*) break ;;
      *role:master*)
        known=$(views)
        seconds=$((seconds + 1))
        if [ "$(echo "$known" | grep -c " $self master ")" -lt ${majorityOf(store)} ] ||
          echo "$known" | grep -q failover_in_progress; then seconds=0; fi
        ;;
      *) seconds=0 ;;
    esac
  done
  until [ "$(timeout 2 redis-cli config set min-replicas-to-write 1 replica-priority 100)" = OK ]; do sleep 1; done
}

admit &
exec redis-server "$conf"
`;
