// A process with the identity of a Pod: programs that know in-cluster configuration only find it where the kubelet mounts it,
// and may what the rendered rights of their ServiceAccount say.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './client.ts';
import type { StartOptions } from './processes.ts';

/** Mounts a Pod's ServiceAccount folder where client-go looks for it, visible to this one process. */
const inPod = `
run=$(readlink -f /var/run)
mount -t tmpfs tmpfs "$run"
mkdir -p "$run/secrets/kubernetes.io/serviceaccount"
cp "$1"/* "$run/secrets/kubernetes.io/serviceaccount"
shift
exec "$@"`;

/** How to start such a process; the ServiceAccount has to be there. `dir` takes its token. */
export async function asPod(
  client: Client,
  dir: string,
  namespace: string,
  account: string,
): Promise<Required<StartOptions>> {
  const { cluster } = JSON.parse(await readFile(client.kubeconfig, 'utf8')).clusters[0];
  const identity = join(dir, `${namespace}-${account}`);
  await mkdir(identity);
  await writeFile(join(identity, 'ca.crt'), await readFile(cluster['certificate-authority']));
  await writeFile(join(identity, 'namespace'), namespace);
  await writeFile(
    join(identity, 'token'),
    await client.kubectl(['create', 'token', account, `--namespace=${namespace}`]),
  );
  const { hostname, port } = new URL(cluster.server);
  return {
    env: { POD_NAMESPACE: namespace, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    wrapper: [
      'unshare',
      ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
      ...['--mount', '--', 'sh', '-euc', inPod, 'sh', identity],
    ],
  };
}
