import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { ClusterSecretStore } from '../../imports/custom.ts';
import { environmentOf } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

export interface ExternalSecretsFacts {
  /** A Vault outside the cluster, for the environment's ClusterSecretStore; one in the cluster has a VaultSecretStore. @default - none; somebody else makes the store */
  readonly vault?: {
    /** `https://vault.example.com:8200` */
    readonly server: string;
    /** Of its KV engine, version 2. @default secret */
    readonly path?: string;
    /** Of its Kubernetes auth. @default kubernetes */
    readonly mount?: string;
    /** The role that the operator's ServiceAccount, external-secrets/external-secrets, has there. @default external-secrets */
    readonly role?: string;
  };
}

const NAME = 'external-secrets';
const IMAGE = 'ghcr.io/external-secrets/external-secrets';

/**
 * External Secrets: makes Secrets of what a store holds, or makes values up. With `vault`, also the ClusterSecretStore
 * that `secrets` of the environment names.
 * @see https://external-secrets.io/latest/provider/hashicorp-vault/
 */
export function externalSecrets(app: App, crds: ChartRelease, { vault }: ExternalSecretsFacts) {
  const chart = part(app, NAME);
  const resources = room('10m', '64Mi', '256Mi');

  const release = new ChartRelease(chart, NAME, {
    ...charts[NAME],
    values: {
      resources,
      webhook: { resources },
      certController: { resources },
      serviceMonitor: { enabled: true },
    },
    uses: [crds],
    runs: ['', '-webhook', '-cert-controller'].map((of) => pods(`${NAME}${of}`, 1, resources, [IMAGE])),
    provides: { kinds: ['external-secrets.io/*', 'generators.external-secrets.io/*'] },
  });

  if (!vault) return release;
  const { secrets } = environmentOf(chart);
  if (secrets.kind !== 'external' || secrets.store.kind !== 'ClusterSecretStore') {
    refuse(chart, [
      'externalSecrets.vault: the environment reads no secret from a ClusterSecretStore, nobody would use it; name one in secrets, or leave vault out',
    ]);
    return release;
  }
  const { server, path = 'secret', mount = 'kubernetes', role = NAME } = vault;
  new ClusterSecretStore(new Construct(chart, 'store'), secrets.store.name, {
    metadata: { name: secrets.store.name },
    spec: {
      provider: {
        vault: {
          server,
          path,
          version: 'v2',
          auth: { kubernetes: { mountPath: mount, role, serviceAccountRef: { name: NAME, namespace: NAME } } },
        },
      },
    },
  });
  return release;
}
