import { environmentOf, isPrivate } from '../../imports/environment.ts';
import { KubeClusterRoleBinding } from '../../imports/k8s.ts';
import { refuse, warn } from '../../imports/relations.ts';
import { Credential } from '../credential.ts';
import type { Files } from '../dependency.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import { labelsOf } from '../labels.ts';
import type { Design, Engine } from './engine.ts';
import { vaultAlerts } from './vault/alerts.ts';
import { VaultClient } from './vault/client.ts';
import { Configure, configureScript, handOverScript, roles } from './vault/configure.ts';
import { dumpOf } from './vault/dump.ts';
import { type Grants, policyFiles, policyProblems } from './vault/policies.ts';
import { configuration, type Seal } from './vault/server.ts';

export interface VaultProps {
  /** Which paths a ServiceAccount may use, by `<namespace>/<name>`: `{ 'app/security': { 'secret/data/jwt/*': ['create', 'read'] } }`. */
  readonly policies: Readonly<Record<string, Grants>>;
  /** How members are unsealed. @default - by hand, each after every restart */
  readonly seal?: Seal;
  /** `dev` keeps everything in memory, unsealed, and logs its root token. @default raft */
  readonly mode?: 'raft' | 'dev';
  /** The official image; also runs the Job and the dump. */
  readonly images: { readonly vault: Image };
}

export interface VaultClients {
  /** Whether a restart empties it: mode `dev`. */
  readonly forgets: boolean;
  /** What a ServiceAccount of `policies` needs to log in: for the workload of that namespace and name. */
  client(account: string): VaultClient;
}

/**
 * Vault on Raft. Members find each other sealed or not; clients reach those that are unsealed, and a standby passes on
 * to the leader. A restart is a person's decision (OnDelete): `kubectl delete pod` of the standbys one by one, the
 * leader last; `vault status` in a member tells which it is. One that has not stopped after 10 s is killed: what was
 * acknowledged is on disk. Pods carry no labels of who leads: Vault sets them while it holds the lock of its state,
 * and without the API server could neither fail over nor stop. What clients may do is set by a Job, which logs in as
 * its own ServiceAccount: Kubernetes auth, KV version 2 at `secret/`, a policy and a role per ServiceAccount, audit on
 * stdout. Roles that are no longer declared are deleted.
 *
 * By hand, once, with VAULT_ADDR=http://127.0.0.1:8200 in `kubectl exec -ti vault-0 -- sh`:
 * 1. `vault operator init`: keep what it prints outside of the cluster;
 * 2. `vault operator unseal` in each member, until it says `Sealed false`; not where `seal` does it;
 * 3. `sh /vault/scripts/hand-over.sh`: asks for the root token, lets the Job in, and revokes the root token.
 * Until then the Job waits, and what uses it. A new root token, should one be needed: `vault operator generate-root`.
 *
 * The listener has no TLS: NetworkPolicies say who reaches it, a mesh or the network between nodes has to encrypt it.
 * Members among themselves always do. A member in mode `dev` configures itself at every start.
 * Refuses mode `dev` with several members or in an environment with a public domain; policies of an ill-formed account,
 * and paths that version 2 of KV does not have. Warns where no mesh encrypts.
 * @see https://developer.hashicorp.com/vault/docs/platform/k8s/helm/run
 */
export const vault =
  ({ policies, seal = { kind: 'shamir' }, mode = 'raft', images }: VaultProps): Engine<VaultClients> =>
  (store) => {
    refuse(store, policyProblems(policies));
    const { name, namespace } = store;
    new KubeClusterRoleBinding(store, 'token-review', {
      metadata: { name: `${namespace}-${name}-token-review`, labels: labelsOf(store, name) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });
    const declared = { '/vault/roles': roles(store, policies), ...policyFiles(policies) };

    return {
      ...(mode === 'dev' ? dev(store, declared) : raft(store, seal)),
      image: images.vault,
      // Reviews the tokens of clients, by the ClusterRole above.
      api: [],
      data: { path: '/vault/data' },
      metrics: { port: 'http', path: '/v1/sys/metrics' },
      alerts: vaultAlerts(store),
      clients: () => {
        const construct =
          mode === 'dev' ? store : new Configure(store, 'configure', { image: images.vault, files: declared });
        return {
          forgets: mode === 'dev',
          client: (account) => {
            const grants = policies[account];
            if (grants) return new VaultClient({ store, account, grants, construct });
            throw new Error(
              `${name}: ${account} has no policy, only ${Object.keys(policies).join(', ')}; add it to the engine's policies`,
            );
          },
        };
      },
      dump: mode === 'dev' ? undefined : () => dumpOf(store, images.vault),
    };
  };

type Server = Pick<
  Design<object>,
  'run' | 'env' | 'files' | 'uses' | 'ports' | 'peers' | 'services' | 'probes' | 'update'
>;

/** User of the image; what its entrypoint would do needs root. Seconds to stop as in the official chart. */
const server = { user: 100, group: 1000, stopSeconds: 10 };

/** A member that is sealed stays alive, and gets no clients. */
const health = (query: string) => ({ path: `/v1/sys/health?standbyok=true${query}`, port: 'http' });
const alive = health('&sealedcode=204&uninitcode=204');

const probes: Server['probes'] = {
  startupProbe: { httpGet: alive, periodSeconds: 5, failureThreshold: 60 },
  // A restart seals it again: it has to be dead for a minute.
  livenessProbe: { httpGet: alive, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  readinessProbe: { httpGet: health(''), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
};

function raft(store: HaStatefulStore, seal: Seal): Server {
  const { headless, namespace } = store;
  const self = `$(VAULT_RAFT_NODE_ID).${headless}.${namespace}.svc`;
  if (environmentOf(store).mesh === 'none') {
    warn(store, [
      'listener: tokens and secrets pass between nodes as plain HTTP, no mesh encrypts them; mesh the namespace, or encrypt the pod network (K3s: --flannel-backend=wireguard-native)',
    ]);
  }
  return {
    run: { ...server, command: ['vault', 'server', '-config=/vault/config/vault.hcl'] },
    env: {
      VAULT_RAFT_NODE_ID: { field: 'metadata.name' },
      VAULT_API_ADDR: `http://${self}:8200`,
      VAULT_CLUSTER_ADDR: `https://${self}:8201`,
      GOMEMLIMIT: Math.floor(store.memory * 0.9),
    },
    files: {
      '/vault/config/vault.hcl': configuration(store, seal),
      '/vault/scripts/hand-over.sh': handOverScript(store),
    },
    uses: 'uses' in seal ? seal.uses : [],
    ports: { http: 8200, cluster: 8201 },
    peers: ['http', 'cluster'],
    services: [{ ports: ['http'] }],
    probes,
    update: 'OnDelete',
  };
}

function dev(store: HaStatefulStore, declared: Files): Server {
  const { domain } = environmentOf(store);
  refuse(store, [
    ...(store.members > 1 ? [`mode: dev has one member in memory, not ${store.members}; use 1, or mode raft`] : []),
    ...(isPrivate(domain)
      ? []
      : [`mode: dev forgets everything when it restarts, and ${domain} is a public domain; use mode raft`]),
  ]);
  const root = new Credential(store, 'root', { name: `${store.name}-root`, keys: { token: { length: 32 } } });
  return {
    run: { ...server, command: ['vault', 'server', '-dev', '-dev-no-store-token'] },
    env: { VAULT_DEV_LISTEN_ADDRESS: '0.0.0.0:8200', VAULT_DEV_ROOT_TOKEN_ID: root.key('token') },
    files: { ...declared, '/vault/scripts/configure.sh': configureScript('root') },
    ports: { http: 8200 },
    peers: [],
    services: [{ ports: ['http'] }],
    probes: { ...probes, lifecycle: { postStart: { exec: { command: ['sh', '/vault/scripts/configure.sh'] } } } },
  };
}
