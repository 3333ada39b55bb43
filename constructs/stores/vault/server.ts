import type { Dependency } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/**
 * What encrypts the key that Vault encrypts with. `shamir`: a person, by shares of a key. The others ask a key service at
 * every start; `uses` brings the way to it and its credential: `[new External(...), credential]`, with
 * AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with GOOGLE_APPLICATION_CREDENTIALS and its file, or with VAULT_TOKEN.
 * @see https://developer.hashicorp.com/vault/docs/configuration/seal
 */
export type Seal =
  | { readonly kind: 'shamir' }
  | {
      readonly kind: 'awskms';
      readonly region: string;
      readonly kmsKeyId: string;
      readonly uses: readonly Dependency[];
    }
  | {
      readonly kind: 'gcpckms';
      readonly project: string;
      readonly region: string;
      readonly keyRing: string;
      readonly cryptoKey: string;
      readonly uses: readonly Dependency[];
    }
  | {
      readonly kind: 'transit';
      /** Of another Vault: `https://vault.example.org:8200`. */
      readonly address: string;
      readonly keyName: string;
      /** @default transit */
      readonly mountPath?: string;
      readonly uses: readonly Dependency[];
    };

/** @see https://developer.hashicorp.com/vault/docs/configuration */
export function configuration(store: HaStatefulStore, seal: Seal): string {
  return [
    '# Raft maps its file into memory, which must not be locked there.',
    'disable_mlock = true',
    '',
    block('listener "tcp"', {
      address: '[::]:8200',
      cluster_address: '[::]:8201',
      tls_disable: true,
      // Names and counts, no secrets; Prometheus has no token.
      telemetry: { unauthenticated_metrics_access: true },
    }),
    block('storage "raft"', {
      path: '/vault/data',
      // Of the time after which a leader is missed; the default, 5, is for machines that barely run Vault.
      performance_multiplier: 2,
      retry_join: store.hosts.map((host) => ({ leader_api_addr: `http://${host}:8200` })),
    }),
    block('telemetry', { prometheus_retention_time: '2m', disable_hostname: true }),
    ...sealBlock(seal),
  ].join('\n');
}

type Settings = { readonly [name: string]: string | number | boolean | Settings | readonly Settings[] };

function block(head: string, settings: Settings): string {
  const lines = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'object'
      ? [value].flat().map((inner) => block(name, inner).trimEnd())
      : [`${name} = ${JSON.stringify(value)}`],
  );
  const body = lines.join('\n').replaceAll(/^/gm, '  ');
  return lines.length ? `${head} {\n${body}\n}\n` : `${head} {}\n`;
}

function sealBlock(seal: Seal): string[] {
  switch (seal.kind) {
    case 'shamir':
      return [];
    case 'awskms':
      return [block('seal "awskms"', { region: seal.region, kms_key_id: seal.kmsKeyId })];
    case 'gcpckms': {
      const { project, region, keyRing, cryptoKey } = seal;
      return [block('seal "gcpckms"', { project, region, key_ring: keyRing, crypto_key: cryptoKey })];
    }
    case 'transit': {
      const { address, keyName, mountPath = 'transit' } = seal;
      return [block('seal "transit"', { address, key_name: keyName, mount_path: `${mountPath}/` })];
    }
  }
}
