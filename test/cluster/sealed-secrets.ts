// The sealed-secrets controller, as a process with the identity of a Pod: it knows in-cluster configuration only.
import { join } from 'node:path';
import { type Client, waitFor } from './client.ts';
import { asPod } from './in-pod.ts';
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

/** Starts the controller and answers the address that its certificate is served at. */
export async function startSealedSecrets(
  dir: string,
  client: Client,
  slot: Slot,
  processes: Processes,
): Promise<string> {
  await client.apply(rbac);
  const address = `127.0.0.1:${slot.port()}`;
  processes.start(
    name,
    join(built('sealed-secrets'), name),
    // The default of 4096 bits takes seconds to find and proves nothing more.
    ['--key-size=2048', `--listen-addr=${address}`, `--listen-metrics-addr=127.0.0.1:${slot.port()}`],
    await asPod(client, dir, namespace, name),
  );
  const certificate = `http://${address}/v1/cert.pem`;
  await waitFor(name, async () => {
    processes.assertRunning(name);
    const answer = await fetch(certificate).catch(() => undefined);
    return answer?.ok;
  });
  return certificate;
}
