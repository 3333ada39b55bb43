// What a killed test run would leave behind: network namespaces, bridges and what runs in them outlive who made them.
import { execFileSync, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

const removal = `
for path in "/run/netns/$1" "/run/netns/$1"-*; do
  [ -e "$path" ] || continue
  ip netns pids "\${path##*/}" | xargs --no-run-if-empty kill -KILL
  ip netns delete "\${path##*/}"
done
[ ! -e "/sys/class/net/$1" ] || ip link delete "$1"`;

/**
 * Once this process is gone, removes the namespaces whose name is `name` or begins with it and a dash, what runs in them, and
 * the device of that name. Gives what does so at once.
 */
export function removeAfterDeath(name: string): () => void {
  // The pipe ends with this process, whatever that dies of. In a session of its own, since a whole group may be killed.
  const heir = spawn('sh', ['-c', `cat${removal}`, 'sh', name], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  heir.unref();
  (heir.stdin as Socket).unref();
  return () => {
    heir.kill();
    execFileSync('sh', ['-c', removal, 'sh', name]);
  };
}
