// etcd, kube-apiserver, kube-controller-manager and kube-scheduler on loopback, with their defaults wherever a cluster
// has them too: admission, RBAC and strict field validation are those of a real API server.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';

export interface ControlPlane {
  readonly server: string;
  /** Admin access: the test runner's and the controllers'. */
  readonly kubeconfig: string;
  /** The API server's self-made serving certificate with its issuer. */
  readonly caFile: string;
}

/** Writes the key pair that signs ServiceAccount tokens. */
async function serviceAccountKeys(dir: string): Promise<{ publicKey: string; privateKey: string }> {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const files = { publicKey: join(dir, 'service-account.pub'), privateKey: join(dir, 'service-account.key') };
  await writeFile(files.publicKey, pair.publicKey);
  await writeFile(files.privateKey, pair.privateKey, { mode: 0o600 });
  return files;
}

export async function startApiServer(
  dir: string,
  slot: Slot,
  processes: Processes,
  domain: string,
): Promise<ControlPlane> {
  const kube = built('kube');
  const etcd = `http://127.0.0.1:${slot.port()}`;
  const peer = `http://127.0.0.1:${slot.port()}`;
  const port = slot.port();
  const keys = await serviceAccountKeys(dir);
  const token = randomBytes(16).toString('hex');
  await writeFile(join(dir, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });

  processes.start('etcd', join(built('etcd'), 'etcd'), [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
  ]);
  processes.start('kube-apiserver', join(kube, 'kube-apiserver'), [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(dir, 'certs')}`,
    // Endpoints may not name loopback; nothing here reaches the API server through its Service.
    '--advertise-address=192.0.2.1',
    '--endpoint-reconciler-type=none',
    `--service-cluster-ip-range=${slot.serviceCidr}`,
    `--service-account-issuer=https://kubernetes.default.svc.${domain}`,
    `--service-account-key-file=${keys.publicKey}`,
    `--service-account-signing-key-file=${keys.privateKey}`,
    `--token-auth-file=${join(dir, 'tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
  ]);

  const server = `https://127.0.0.1:${port}`;
  const caFile = join(dir, 'certs', 'apiserver.crt');
  const kubeconfig = join(dir, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bed', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'bed', user: { token } }],
    contexts: [{ name: 'bed', context: { cluster: 'bed', user: 'bed' } }],
    'current-context': 'bed',
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return { server, kubeconfig, caFile };
}

export function startControllers(dir: string, plane: ControlPlane, processes: Processes): void {
  const kube = built('kube');
  const client = [`--kubeconfig=${plane.kubeconfig}`, '--leader-elect=false', '--secure-port=0'];
  const rate = ['--kube-api-qps=200', '--kube-api-burst=400'];
  processes.start('kube-controller-manager', join(kube, 'kube-controller-manager'), [
    ...client,
    ...rate,
    `--service-account-private-key-file=${join(dir, 'service-account.key')}`,
    `--root-ca-file=${plane.caFile}`,
    // Binds claims of a StorageClass with provisioner kubernetes.io/host-path to empty directories.
    '--enable-hostpath-provisioner',
  ]);
  processes.start('kube-scheduler', join(kube, 'kube-scheduler'), [...client, ...rate]);
}
