import type { SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import type { Sidecar } from '../../pod.ts';
import { checkPassword, knowItself, lookUp, majorityOf, REDIS_PORT, SENTINEL_PORT } from './member.ts';

/**
 * The sentinel beside a member. It writes what it learns into its own configuration, on the volume.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 */
export function sentinel(
  store: HaStatefulStore,
  { image, password }: { image: Image; password: SecretKey },
): Sidecar & { readonly data: true } {
  const ping = { exec: { command: ['redis-cli', '-p', `${SENTINEL_PORT}`, 'ping'] }, timeoutSeconds: 5 };
  return {
    name: 'sentinel',
    image,
    data: true,
    size: 'tiny',
    run: { command: ['sh', '/scripts/start.sh'] },
    env: { POD_NAME: { field: 'metadata.name' }, REDISCLI_AUTH: password },
    files: { '/config/sentinel.conf': configuration(store), '/scripts/start.sh': start(store) },
    container: {
      ports: [{ name: 'sentinel', containerPort: SENTINEL_PORT }],
      livenessProbe: { ...ping, periodSeconds: 10, failureThreshold: 6 },
      readinessProbe: { ...ping, periodSeconds: 5 },
    },
  };
}

/**
 * `down-after-milliseconds`: what a sentinel knows of replicas while their leader is down is at most 5 s old, so with 5 s
 * or more it is all from after the leader's end, and the replica with the most data is really the one that is chosen.
 * `failover-timeout`: half of what passes before a failed attempt is made again.
 */
const configuration = ({ name }: HaStatefulStore) => `port ${SENTINEL_PORT}
# There is a password.
protected-mode no
dir /tmp
sentinel down-after-milliseconds ${name} 5000
sentinel failover-timeout ${name} 5000
sentinel parallel-syncs ${name} 1
sentinel deny-scripts-reconfig yes
`;

/**
 * Members are asked for their role every second, not every ten. A sentinel that is cut off when it has just seen a former
 * leader return would come back with that knowledge, and make a replica of the same member though it leads again by now:
 * what that one took meanwhile would be lost. It also tells a leader that is none within 7 s instead of 25 s.
 * @see https://redis.io/docs/latest/commands/sentinel-debug/
 */
const askOften = `until [ "$(redis-cli -p ${SENTINEL_PORT} sentinel debug info-period 1000 2> /dev/null)" = OK ]; do sleep 1; done`;

const start = (store: HaStatefulStore) => {
  const { name } = store;
  return `#!/bin/sh
set -eu
umask 077
conf=/data/sentinel.conf
${checkPassword}
${lookUp(store)}
${knowItself}

# Kept of the last run is what it learnt; the rest may have changed.
touch "$conf"
translate "$conf"
leader=$(sed -n 's/^sentinel monitor ${name} \\([^ ]*\\) .*/\\1/p' "$conf")
{
  echo "# members$members"
  echo "sentinel monitor ${name} \${leader:-$(echo $members | cut -d' ' -f1)} ${REDIS_PORT} ${majorityOf(store)}"
  cat /config/sentinel.conf
  echo "sentinel announce-ip $self"
  # Its own also after its volume is lost: others would go on counting the former one for a majority.
  echo "sentinel myid $(printf %s "$POD_NAME" | sha1sum | cut -c1-40)"
  echo "sentinel auth-pass ${name} $REDISCLI_AUTH"
  echo "requirepass $REDISCLI_AUTH"
  grep -E '^sentinel (current-epoch|config-epoch|leader-epoch|known-replica|known-sentinel) ' "$conf" || true
} > "$conf.new"
mv "$conf.new" "$conf"
${askOften} &
exec redis-sentinel "$conf"
`;
};
