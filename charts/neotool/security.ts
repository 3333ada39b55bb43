import type { App } from 'cdk8s';
import { S3 } from '../../constructs/bucket.ts';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { jwtPolicies, VaultJwtInit } from '../../constructs/vault-jwt-init.ts';
import { secretStorePolicies, VaultSecretStore } from '../../constructs/vault-secret-store.ts';
import { VaultSecretsInit } from '../../constructs/vault-secrets-init.ts';
import type { Environment } from '../../imports/environment.ts';
import { declare } from '../../imports/relations.ts';
import { images } from '../versions.ts';
import { type NeotoolFacts, serviceNames } from './facts.ts';
import { area } from './namespaces.ts';
import { r2 } from './storage.ts';

const namespace = 'neotool-security';
const account = (name: string) => `neotool-app/${name}`;

/**
 * Vault, the pair that tokens are signed with, and where Secrets come from Vault, the store that they are read through. A
 * chart of its own and part of the platform: what it needs itself is sealed, and what waits for it waits for a person.
 */
export function security(app: App, environment: Environment, facts: NeotoolFacts) {
  const members = facts.vault.mode === 'dev' ? 1 : 3;
  const chart = area(app, 'security');
  declare(chart, { platform: true });
  // A canary is an account of its own, or nobody could tell whose token it was.
  const tracks = serviceNames.flatMap((name) => (facts.canary?.[name] ? [name, `${name}-canary`] : [name]));
  const isSecurity = (name: string) => name.startsWith('security');
  const accounts = {
    namespace,
    signers: tracks.filter(isSecurity).map(account),
    verifiers: tracks.filter((name) => !isSecurity(name)).map(account),
  };
  const external = environment.secrets.kind === 'external' && environment.secrets;

  const store = new HaStatefulStore(chart, 'vault', {
    engine: vault({
      policies: { ...jwtPolicies(accounts), ...(external && secretStorePolicies(namespace, environment.name)) },
      mode: facts.vault.mode,
      images,
    }),
    members,
    storage: facts.vault.mode === 'dev' ? '1Gi' : facts.vault.storage,
    size: 'medium',
    backup:
      facts.vault.mode === 'dev' || facts.objects.by === 'minio'
        ? { none: 'nothing in it outlives the environment' }
        : {
            rpoMinutes: 24 * 60,
            targets: [
              new S3(chart, 'r2', r2(facts.objects.account)).bucket(`${environment.name}-vault`).folder('vault'),
            ],
            uploader: images.rclone,
          },
  });
  if (facts.vault.mode === 'raft') {
    const reason = "K3s' own flannel encrypts between the nodes: --flannel-backend=wireguard-native, docs/neotool.md";
    declare(store, { allow: { rule: 'advice', reason } });
  }
  const secrets =
    external &&
    new VaultSecretStore(chart, 'secret-store', {
      name: external.store.name,
      vault: store,
      namespaces: ['neotool-app', 'neotool-data'],
    });
  return {
    keys: new VaultJwtInit(chart, 'vault-jwt-init', { vault: store, accounts, images }),
    /** Last of all: makes up what the credentials of every chart need. */
    makeSecrets() {
      if (!secrets) return;
      const credentials = app.node.findAll().filter((construct) => construct instanceof Credential);
      new VaultSecretsInit(chart, 'vault-secrets-init', { store: secrets, credentials, images });
    },
  };
}
