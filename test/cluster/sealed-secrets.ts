// The sealed-secrets controller, as a process with the identity of a Pod: it knows in-cluster configuration only.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, waitFor } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';

const namespace = 'kube-system';
const name = 'sealed-secrets-controller';

const rule = (apiGroups: string[], resources: string[], verbs: string[]) => ({ apiGroups, resources, verbs });

const rbac: object[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: [
      rule(['bitnami.com'], ['sealedsecrets'], ['get', 'list', 'watch']),
      rule(['bitnami.com'], ['sealedsecrets/status'], ['update']),
      rule([''], ['secrets'], ['get', 'list', 'watch', 'create', 'update', 'delete']),
      rule([''], ['events'], ['create', 'patch']),
      rule([''], ['namespaces'], ['get']),
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  },
];

/** Mounts a Pod's ServiceAccount folder where client-go looks for it, visible to this one process. */
const inPod = `
run=$(readlink -f /var/run)
mount -t tmpfs tmpfs "$run"
mkdir -p "$run/secrets/kubernetes.io/serviceaccount"
cp "$1"/* "$run/secrets/kubernetes.io/serviceaccount"
shift
exec "$@"`;

/** Starts the controller and answers the address that its certificate is served at. */
export async function startSealedSecrets(
  dir: string,
  plane: ControlPlane,
  client: Client,
  slot: Slot,
  processes: Processes,
): Promise<string> {
  await client.apply(rbac);
  const identity = join(dir, name);
  await mkdir(identity);
  await writeFile(join(identity, 'ca.crt'), await readFile(plane.caFile));
  await writeFile(join(identity, 'namespace'), namespace);
  await writeFile(join(identity, 'token'), await client.kubectl(['create', 'token', name, `--namespace=${namespace}`]));

  const address = `127.0.0.1:${slot.port()}`;
  const { hostname, port } = new URL(plane.server);
  processes.start(
    name,
    join(built('sealed-secrets'), name),
    // The default of 4096 bits takes seconds to find and proves nothing more.
    ['--key-size=2048', `--listen-addr=${address}`, `--listen-metrics-addr=127.0.0.1:${slot.port()}`],
    {
      env: { POD_NAMESPACE: namespace, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      wrapper: [
        'unshare',
        ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
        ...['--mount', '--', 'sh', '-euc', inPod, 'sh', identity],
      ],
    },
  );
  const certificate = `http://${address}/v1/cert.pem`;
  await waitFor(name, async () => {
    processes.assertRunning(name);
    const answer = await fetch(certificate).catch(() => undefined);
    return answer?.ok;
  });
  return certificate;
}
