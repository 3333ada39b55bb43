import { describe, expect, test } from '@jest/globals';
import { External } from '../../../constructs/external.ts';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { type VaultClients, type VaultProps, vault } from '../../../constructs/stores/vault.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, render } from '../render.ts';

const images = { vault: 'hashicorp/vault:1.21.4' };
const policies: VaultProps['policies'] = {
  'shop/security': { 'secret/data/jwt/*': ['create', 'read', 'update'], 'secret/data/jwt/keys/+/public': ['read'] },
  'shop/assets': { 'secret/data/jwt/public': ['read'] },
};

const store = (
  props: Partial<VaultProps> & { members?: number } = {},
  use: (made: HaStatefulStore<VaultClients>, chart: Parameters<Parameters<typeof render>[0]>[0]) => void = () =>
    undefined,
  overrides: Parameters<typeof render>[1] = {},
) => {
  const { members = 3, ...changes } = props;
  return render(
    (chart) => {
      const targets = [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })];
      const made = new HaStatefulStore(chart, 'vault', {
        engine: vault({ policies, images, ...changes }),
        members,
        size: 'medium',
        storage: '2Gi',
        backup: changes.mode === 'dev' ? { none: 'a toy' } : { rpoMinutes: 60, targets, uploader: 'rclone:1.75.1' },
      });
      use(made, chart);
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }], ...overrides },
  );
};

const { find, problems, objects, relations } = store();
const { spec } = find('StatefulSet', 'vault');
const [server] = spec.template.spec.containers;
const config: string = find('ConfigMap', 'vault-files').data['vault_config_vault.hcl'];

describe('members', () => {
  test('are restarted by a person, run without root or entrypoint, and are told their own addresses', () => {
    expect(problems).toEqual([]);
    expect(spec).toMatchObject({ podManagementPolicy: 'Parallel', updateStrategy: { type: 'OnDelete' } });
    expect(server.command).toEqual(['vault', 'server', '-config=/vault/config/vault.hcl']);
    expect(spec.template.spec.securityContext).toMatchObject({ runAsUser: 100, runAsGroup: 1000, fsGroup: 1000 });
    expect(server.env).toMatchObject([
      { name: 'VAULT_RAFT_NODE_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'VAULT_API_ADDR', value: 'http://$(VAULT_RAFT_NODE_ID).vault-headless.shop.svc:8200' },
      { name: 'VAULT_CLUSTER_ADDR', value: 'https://$(VAULT_RAFT_NODE_ID).vault-headless.shop.svc:8201' },
    ]);
  });

  test('join whoever of them leads, sealed or not', () => {
    for (const n of [0, 1, 2])
      expect(config).toContain(`leader_api_addr = "http://vault-${n}.vault-headless.shop.svc:8200"`);
    expect(find('Service', 'vault-headless').spec.publishNotReadyAddresses).toBe(true);
  });

  test('stay alive while they are sealed, and get no clients', () => {
    expect(server.livenessProbe.httpGet.path).toContain('sealedcode=204&uninitcode=204');
    expect(server.readinessProbe.httpGet.path).toBe('/v1/sys/health?standbyok=true');
  });

  test('do not restart for another policy', () => {
    const files = (from: typeof find) => from('StatefulSet', 'vault').spec.template.metadata.annotations;
    const other = store({ policies: { 'shop/security': { 'secret/data/x': ['read'] } } });
    expect(files(other.find)).toEqual(files(find));
    expect(other.find('Job', 'vault-configure').spec.template.metadata.annotations).not.toEqual(
      find('Job', 'vault-configure').spec.template.metadata.annotations,
    );
  });

  test('may review tokens, and nothing else at the API server, without which they elect and stop', () => {
    expect(find('ClusterRoleBinding', 'shop-vault-token-review')).toMatchObject({
      roleRef: { name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name: 'vault', namespace: 'shop' }],
    });
    const { automountServiceAccountToken, terminationGracePeriodSeconds } = spec.template.spec;
    expect({ automountServiceAccountToken, terminationGracePeriodSeconds }).toEqual({
      automountServiceAccountToken: true,
      terminationGracePeriodSeconds: 10,
    });
    expect(objects.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'vault')).toEqual([]);
    expect(config).not.toContain('service_registration');
  });

  test('speak plain HTTP, which is said where no mesh encrypts it', () => {
    const warnings = (of: typeof relations) => of.flatMap((relation) => relation.warnings ?? []).join();
    expect(warnings(relations)).toContain('plain HTTP');
    expect(warnings(store({}, undefined, { mesh: 'linkerd' }).relations)).toBe('');
  });
});

test('no Secret holds a token of Vault', () => {
  expect(relations.flatMap(({ sealed }) => sealed ?? [])).toEqual([]);
  expect(JSON.stringify(objects)).not.toMatch(/secretKeyRef|ROOT_TOKEN/);
});

test('the Job, the backup and the restore log in as their own ServiceAccounts, which no other role is bound to', () => {
  expect(find('ConfigMap', 'vault-configure-files').data['vault_roles'].trim().split('\n')).toEqual([
    'configure vault-configure shop',
    'backup vault-backup shop',
    'restore vault-backup-restore shop',
    'shop.security security shop',
    'shop.assets assets shop',
  ]);
  for (const name of ['configure', 'backup', 'backup-restore'])
    expect(find('ServiceAccount', `vault-${name}`)).toBeDefined();
  const { volumes, automountServiceAccountToken } = find('Job', 'vault-configure').spec.template.spec;
  expect(automountServiceAccountToken).toBe(false);
  expect(volumes).toContainEqual({
    name: 'token-vault',
    projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 'token' } }] },
  });
});

describe('a key service', () => {
  const uses = (chart: Parameters<Parameters<typeof render>[0]>[0]) => [
    new External(chart, 'kms', { host: 'kms.test', env: { AWS_ROLE: 'unseal' } }),
  ];

  test.each([
    [
      { kind: 'awskms', region: 'eu-west-1', kmsKeyId: 'key-1' },
      'seal "awskms" {\n  region = "eu-west-1"\n  kms_key_id = "key-1"\n}',
    ],
    [
      { kind: 'gcpckms', project: 'p', region: 'global', keyRing: 'ring', cryptoKey: 'key' },
      'seal "gcpckms" {\n  project = "p"\n  region = "global"\n  key_ring = "ring"\n  crypto_key = "key"\n}',
    ],
    [
      { kind: 'transit', address: 'https://other.test:8200', keyName: 'unseal' },
      'seal "transit" {\n  address = "https://other.test:8200"\n  key_name = "unseal"\n  mount_path = "transit/"\n}',
    ],
  ] as const)('unseals: %j', (seal, stanza) => {
    const { find, problems } = render((chart) => {
      new HaStatefulStore(chart, 'vault', {
        engine: vault({ policies, images, seal: { ...seal, uses: uses(chart) } }),
        members: 1,
        size: 'medium',
        storage: '2Gi',
        backup: { none: 'a test' },
      });
    });
    expect(problems).toEqual([]);
    expect(find('ConfigMap', 'vault-files').data['vault_config_vault.hcl']).toContain(stanza);
    expect(find('ConfigMap', 'vault').data['AWS_ROLE']).toBe('unseal');
    expect(find('NetworkPolicy', 'vault').spec.egress).toContainEqual(
      expect.objectContaining({ ports: [{ protocol: 'TCP', port: 443 }] }),
    );
  });
});

describe('a client', () => {
  const security = { image: 'api:1.0.0', size: 'tiny' } as const;

  test('is given the address, its role and a token for Vault alone, and is let in', () => {
    const { find, problems } = store({}, (made, chart) => {
      const uses = [made.client('shop/security').reads('secret/data/jwt/keys/a', 'secret/data/jwt/keys/a/public')];
      new Workload(chart, 'security', { ...security, uses });
    });
    expect(problems).toEqual([]);
    expect(find('ConfigMap', 'security').data).toEqual({
      VAULT_ADDR: 'http://vault.shop.svc:8200',
      VAULT_ROLE: 'shop.security',
      VAULT_JWT_FILE: '/var/run/secrets/vault/token',
    });
    const pod = find('Deployment', 'security').spec.template.spec;
    expect(pod.containers[0].volumeMounts).toContainEqual({
      name: 'token-vault',
      mountPath: '/var/run/secrets/vault',
      readOnly: true,
    });
    expect(JSON.stringify(find('NetworkPolicy', 'vault').spec.ingress)).toContain('"security"');
  });

  test('may have other names for it', () => {
    const { find } = store({}, (made, chart) => {
      const uses = [made.client('shop/assets').as({ address: 'VAULT_ADDRESS' })];
      new Workload(chart, 'assets', { ...security, uses });
    });
    expect(find('ConfigMap', 'assets').data).toMatchObject({ VAULT_ADDRESS: 'http://vault.shop.svc:8200' });
  });

  test.each([
    ['reads', 'secret/data/jwt/keys', 'read of secret/data/jwt/keys is not granted'],
    ['creates', 'secret/data/jwt/public', 'create of secret/data/jwt/public is not granted'],
    ['writes', 'secret/data/jwt/public', 'update of secret/data/jwt/public is not granted'],
  ] as const)('that %s %s is refused: %s', (verb, path, problem) => {
    const { problems } = store({}, (made) => made.client('shop/assets')[verb](path));
    expect(problems.join()).toContain(problem);
  });

  test('goes by the most specific path alone, as Vault does', () => {
    const { problems } = store({}, (made) => made.client('shop/security').creates('secret/data/jwt/keys/a/public'));
    expect(problems).toEqual([expect.stringContaining('is not granted')]);
  });

  test('of another ServiceAccount is refused', () => {
    const { problems } = store({}, (made, chart) => {
      new Workload(chart, 'assets', { ...security, uses: [made.client('shop/security')] });
    });
    expect(problems).toEqual([expect.stringMatching(/assets.* is not shop\/security, Vault would not log it in/)]);
  });

  test('without a policy is an error', () => {
    expect(() => store({}, (made) => made.client('shop/web'))).toThrow('shop/web has no policy, only shop/security');
  });
});

describe('mode dev', () => {
  const { find, problems, relations } = store({ mode: 'dev', members: 1 });
  const [server] = find('StatefulSet', 'vault').spec.template.spec.containers;

  test('listens where the Service leads to, not on loopback', () => {
    expect(problems).toEqual([]);
    expect(server.command).toEqual(['vault', 'server', '-dev', '-dev-no-store-token']);
    expect(find('ConfigMap', 'vault').data['VAULT_DEV_LISTEN_ADDRESS']).toBe('0.0.0.0:8200');
    expect(find('Service', 'vault').spec.ports).toEqual([{ name: 'http', port: 8200, targetPort: 'http' }]);
  });

  test('has a root token that nobody writes down, and configures itself at every start', () => {
    expect(relations.flatMap(({ sealed }) => sealed?.name ?? [])).toEqual(['vault-root']);
    expect(server.lifecycle.postStart.exec.command).toEqual(['sh', '/vault/scripts/configure.sh']);
    expect(find('Job', 'vault-configure')).toBeUndefined();
  });

  test('is refused with several members, and where the domain is public', () => {
    expect(store({ mode: 'dev' }).problems).toEqual([expect.stringContaining('dev has one member in memory, not 3')]);
    const { problems } = store({ mode: 'dev', members: 1 }, undefined, { domain: 'neotool.com.br' });
    expect(problems).toEqual([expect.stringContaining('neotool.com.br is a public domain')]);
  });
});

test.each([
  [{}, 'policies: none'],
  [{ security: { 'secret/data/x': ['read'] } }, '"security" is no ServiceAccount'],
  [{ 'shop/security': { 'secret/jwt': ['read'] } }, 'under secret/data/jwt; write that'],
  [{ 'shop/security': { '/secret/data/jwt': ['read'] } }, '"/secret/data/jwt" is no path'],
  [{ 'shop/security': { 'secret/data/*/jwt': ['read'] } }, '* only at the end'],
] as const)('%j is refused', (policies, problem) => {
  expect(store({ policies }).problems.join()).toContain(problem);
});

test('two members are refused', () => {
  expect(store({ members: 2 }).problems.join()).toContain('2 cannot form a quorum');
});
