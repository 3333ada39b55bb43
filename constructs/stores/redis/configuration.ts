import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/**
 * What every member is configured with; its role and password are added when it starts. Three quarters of the memory
 * limit are data: the rest is for a child process that rewrites the log while pages change, for the backlog from which a
 * replica that was away catches up, and for what a slow replica has yet to read.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
 */
export function configurationOf({ members, memory }: HaStatefulStore, { cache }: { cache: boolean }): string {
  const lines = [
    'bind * -::*',
    '# There is a password.',
    'protected-mode no',
    'dir /data',
    '',
    `maxmemory ${Math.floor(memory * 0.75)}`,
    `maxmemory-policy ${cache ? 'allkeys-lru' : 'noeviction'}`,
    'save ""',
    ...(cache
      ? ['appendonly no']
      : ['appendonly yes', '# On disk when answered: a power cut takes all members at once.', 'appendfsync always']),
    '',
    'tcp-keepalive 60',
    ...(members > 1 ? ['', ...replication(members, memory)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const replication = (members: number, memory: number) => [
  `repl-backlog-size ${Math.max(2 ** 20, Math.floor(memory / 16))}`,
  `client-output-buffer-limit replica ${Math.floor(memory / 8)} ${Math.floor(memory / 16)} 60`,
  'repl-diskless-sync-delay 1',
  'min-replicas-max-lag 10',
  '# More than there are: a member that starts takes no writes until start.sh lets it.',
  `min-replicas-to-write ${members}`,
  '# Not to be promoted, likewise.',
  'replica-priority 0',
];
