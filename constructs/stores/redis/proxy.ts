import type { SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import type { Sidecar } from '../../pod.ts';
import { hostsOf, lookUp, majorityOf, PRIMARY_PORT, REDIS_PORT, SENTINEL_PORT } from './member.ts';

/**
 * HAProxy beside every member: whoever connects is led to the leader. That is the member which the majority of sentinels
 * names and which says the same; where there is none, connections are closed. Those to a leader that no longer is one are
 * cut, which neither a label on a pod nor a Service does.
 * @see https://docs.haproxy.org/3.2/configuration.html#tcp-check%20expect
 */
export function proxy(store: HaStatefulStore, { image, password }: { image: Image; password: SecretKey }): Sidecar {
  return {
    name: 'proxy',
    image,
    size: 'tiny',
    run: { command: ['sh', '/scripts/start.sh'] },
    env: { REDIS_PASSWORD: password },
    files: { '/config/haproxy.cfg': configuration(store), '/scripts/start.sh': start(store) },
    container: {
      ports: [{ name: 'primary', containerPort: PRIMARY_PORT }],
      livenessProbe: { tcpSocket: { port: 'primary' }, periodSeconds: 10, timeoutSeconds: 5 },
    },
  };
}

const variableOf = (n: number) => `MEMBER_${n}`;

const start = (store: HaStatefulStore) => `#!/bin/sh
set -eu
${lookUp(store)}
set -- $members
export ${hostsOf(store)
  .map((_, n) => `${variableOf(n)}="$${n + 1}"`)
  .join(' ')}
exec haproxy -W -db -f /config/haproxy.cfg
`;

const configuration = (store: HaStatefulStore) => `global
  # By default from the number of files it may open, which some nodes do not limit; memory follows from it.
  maxconn 1000

defaults
  mode tcp
  timeout connect 2s
  timeout check 2s
  # Subscribers and blocking reads are silent for as long as they like.
  timeout client 7d
  timeout server 7d
  option tcpka
  default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions

frontend primary
  bind :${PRIMARY_PORT}
${hostsOf(store)
  .map((_, n) => `  use_backend member-${n} if { nbsrv(votes-${n}) ge ${majorityOf(store)} }\n`)
  .join('')}
${hostsOf(store)
  .map((_, n) => backends(store, n))
  .join('\n')}`;

/** The sentinels that name a member, and the member if it leads. */
const backends = (store: HaStatefulStore, n: number) => `backend votes-${n}
${ask(`SENTINEL GET-MASTER-ADDR-BY-NAME ${store.name}`, `\\r\\n\${${variableOf(n)}}\\r\\n`)}
${hostsOf(store)
  .map((_, m) => `  server sentinel-${m} "\${${variableOf(m)}}":${SENTINEL_PORT}\n`)
  .join('')}
backend member-${n}
${ask('INFO replication', 'role:master')}
  server redis-${n} "\${${variableOf(n)}}":${REDIS_PORT}
`;

const ask = (question: string, answer: string) => `  option tcp-check
  tcp-check send "AUTH \${REDIS_PASSWORD}\\r\\n"
  tcp-check expect string +OK
  tcp-check send "${question}\\r\\n"
  tcp-check expect string "${answer}"`;
