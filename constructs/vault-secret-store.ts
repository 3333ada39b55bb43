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
  /** Its `policies` include those of `secretStorePolicies`. */
  readonly vault: HaStatefulStore<VaultClients>;
  /** That may read from it. */
  readonly namespaces: readonly string[];
}

/** Pods of External Secrets' controller, as its chart labels them. */
const controller: PodSet = { namespace: 'external-secrets', labels: { 'app.kubernetes.io/name': 'external-secrets' } };

const READER = 'external-secrets';
const EDITOR = 'secrets-editor';
/** Of the Job that makes up what nobody has to know. */
export const MAKER = 'vault-secrets-init';

/** What may be done below the environment's name, for the engine: External Secrets reads, a person edits, a Job adds. */
export function secretStorePolicies(namespace: string, environment: string): Readonly<Record<string, Grants>> {
  const below = (engine: string) => `secret/${engine}/${environment}/*`;
  return {
    [`${namespace}/${READER}`]: { [below('data')]: ['read'] },
    [`${namespace}/${MAKER}`]: { [below('data')]: ['create', 'read'] },
    [`${namespace}/${EDITOR}`]: {
      [below('data')]: ['create', 'read', 'update', 'patch'],
      [below('metadata')]: ['read', 'list'],
    },
  };
}

/**
 * ClusterSecretStore which Credentials read where `secrets` is `external`: KV version 2 of a Vault in this cluster, at
 * `secret/<environment>/<namespace>/<name>`. External Secrets logs in as a ServiceAccount that nothing else has, with a
 * token made for that. A person who may make tokens in the namespace edits: `kubectl create token secrets-editor
 * --audience=vault`, and with it `vault write auth/kubernetes/login role=<namespace>.secrets-editor jwt=...`.
 * @see https://external-secrets.io/latest/provider/hashicorp-vault/
 */
export class VaultSecretStore extends Construct {
  readonly vault: HaStatefulStore<VaultClients>;

  constructor(scope: Construct, id: string, { name, vault, namespaces }: VaultSecretStoreProps) {
    super(scope, id);
    const { namespace } = vault;
    const { address, role, construct } = vault
      .client(`${namespace}/${READER}`)
      .reads(`secret/data/${environmentOf(this).name}/${namespaces[0]}/any`);
    const { to, port, admit } = vault.endpoint('http');
    this.vault = vault;

    admit?.(controller);
    declare(this, { layer: 'stores', uses: [construct], flows: [{ from: controller, to, port }] });
    for (const account of [READER, EDITOR]) {
      new KubeServiceAccount(this, account, {
        metadata: { name: account, namespace, labels: labelsOf(this, account) },
        automountServiceAccountToken: false,
      });
    }
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
                serviceAccountRef: { name: READER, namespace, audiences: [AUDIENCE] },
              },
            },
          },
        },
      },
    });
  }
}
