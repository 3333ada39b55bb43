import { Construct } from 'constructs';
import { ClusterSecretStore } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { KubeServiceAccount } from '../imports/k8s.ts';
import { declare, type PodSet } from '../imports/relations.ts';
import type { HaStatefulStore } from './ha-stateful-store.ts';
import { labelsOf } from './labels.ts';
import { AUDIENCE } from './stores/vault/client.ts';
import type { Grants } from './stores/vault/policies.ts';
import type { VaultClients } from './stores/vault.ts';

export interface VaultSecretStoreProps {
  /** As `secrets.store` of the environment calls it. */
  readonly name: string;
  /** Its `policies` include that of `secretStorePolicies`. */
  readonly vault: HaStatefulStore<VaultClients>;
  /** That may read from it. */
  readonly namespaces: readonly string[];
}

/** Pods of External Secrets' controller, as its chart labels them. */
const controller: PodSet = { namespace: 'external-secrets', labels: { 'app.kubernetes.io/name': 'external-secrets' } };

const ACCOUNT = 'external-secrets';

/** What the store's account may do, for the engine: read everything below the environment's name. */
export const secretStorePolicies = (namespace: string, environment: string): Readonly<Record<string, Grants>> => ({
  [`${namespace}/${ACCOUNT}`]: { [`secret/data/${environment}/*`]: ['read'] },
});

/**
 * ClusterSecretStore which Credentials read where `secrets` is `external`: KV version 2 of a Vault in this
 * cluster, at `secret/<environment>/<namespace>/<name>`. External Secrets logs in as a ServiceAccount that nothing else has,
 * with a token made for that.
 * @see https://external-secrets.io/latest/provider/hashicorp-vault/
 */
export class VaultSecretStore extends Construct {
  constructor(scope: Construct, id: string, { name, vault, namespaces }: VaultSecretStoreProps) {
    super(scope, id);
    const { namespace } = vault;
    const { address, role, construct } = vault
      .client(`${namespace}/${ACCOUNT}`)
      .reads(`secret/data/${environmentOf(this).name}/${namespaces[0]}/any`);

    const { to, port, admit } = vault.endpoint('http');

    admit?.(controller);
    declare(this, { layer: 'stores', uses: [construct], flows: [{ from: controller, to, port }] });
    new KubeServiceAccount(this, 'service-account', {
      metadata: { name: ACCOUNT, namespace, labels: labelsOf(this, ACCOUNT) },
      automountServiceAccountToken: false,
    });
    new ClusterSecretStore(this, 'store', {
      metadata: { name },
      spec: {
        conditions: [{ namespaces: [...namespaces] }],
        provider: {
          vault: {
            server: address,
            path: 'secret',
            version: 'v2',
            auth: {
              kubernetes: {
                mountPath: 'kubernetes',
                role,
                serviceAccountRef: { name: ACCOUNT, namespace, audiences: [AUDIENCE] },
              },
            },
          },
        },
      },
    });
  }
}
