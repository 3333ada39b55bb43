import { describe, expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { jwtPolicies, VaultJwtInit, type VaultJwtInitProps } from '../../constructs/vault-jwt-init.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, render } from './render.ts';

const images = { vault: 'vault:1.21.4', openssl: 'openssl:3.5.4' };
const accounts = { namespace: 'shop', signers: ['shop/security'], verifiers: ['shop/assets'] };
type Changes = Partial<Omit<VaultJwtInitProps, 'vault' | 'images'>> & {
  mode?: 'dev';
  use?: (keys: VaultJwtInit, service: (name: string, account?: string) => Workload) => void;
};

const rendered = ({ mode, use, ...changes }: Changes = {}) =>
  render(
    (chart) => {
      const store = new HaStatefulStore(chart, 'vault', {
        engine: vault({ policies: jwtPolicies(accounts), mode, images }),
        members: mode ? 1 : 3,
        storage: '1Gi',
        size: 'small',
        backup: { none: 'a test' },
      });
      const keys = new VaultJwtInit(chart, 'vault-jwt-init', { vault: store, accounts, images, ...changes });
      const service = (name: string, account = `shop/${name}`) =>
        new Workload(chart, name, { image: 'api:1.0.0', size: 'tiny', uses: [keys.client(account)] });
      use?.(keys, service);
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
  );

const { find, problems, objects } = rendered({
  use: (_, service) => {
    service('security');
    service('assets');
  },
});
const job = find('Job', 'vault-jwt-init');
const pod = job.spec.template.spec;
const containers = [...pod.initContainers, ...pod.containers];

test('one Job, which Flux makes anew when it changes and nobody deletes when it is done', () => {
  expect(problems).toEqual([]);
  expect(objects.filter(({ kind }) => kind === 'Job').map(({ metadata }) => metadata.name)).toEqual([
    'vault-configure',
    'vault-jwt-init',
  ]);
  expect(job.metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/force': 'Enabled' });
  expect(job.spec).not.toHaveProperty('ttlSecondsAfterFinished');
});

test('keys are made by an image that has openssl, and stored by the one that has vault', () => {
  expect(containers.map(({ name, image }: { name: string; image: string }) => [name, image])).toEqual([
    ['check', 'vault:1.21.4'],
    ['generate', 'openssl:3.5.4'],
    ['store', 'vault:1.21.4'],
    ['verify', 'openssl:3.5.4'],
    ['vault-jwt-init', 'vault:1.21.4'],
  ]);
});

test('what a key is written to is memory', () => {
  expect(pod.volumes).toContainEqual({ name: 'keys', emptyDir: { medium: 'Memory' } });
  const scripts: [string, string][] = Object.entries(find('ConfigMap', 'vault-jwt-init-files').data);
  for (const [, script] of scripts) expect(script).not.toContain('/tmp');
  for (const { volumeMounts } of containers) {
    expect(volumeMounts).toContainEqual({ name: 'keys', mountPath: '/keys' });
  }
});

test('no root token: the Job logs in as itself, may make a key and not replace it', () => {
  expect(JSON.stringify(job)).not.toContain('root');
  const policies = find('ConfigMap', 'vault-configure-files').data;
  expect(policies['vault_policies_shop.vault-jwt-init.hcl']).toContain(
    'path "secret/data/jwt/keys/default" {\n  capabilities = ["create", "read"]\n}',
  );
});

test('only the signer may read the private part', () => {
  const policies: Record<string, string> = find('ConfigMap', 'vault-configure-files').data;
  const readers = Object.entries(policies).filter(([, text]) => text.includes('"secret/data/jwt/keys/default"'));
  expect(readers.map(([name]) => name)).toEqual([
    'vault_policies_shop.security.hcl',
    'vault_policies_shop.vault-jwt-init.hcl',
    'vault_policies_shop.vault-jwt-rotate.hcl',
  ]);
});

describe('services', () => {
  test.each(['security', 'assets'])('%s waits for the key before it starts, and has no means to make one', (name) => {
    const { initContainers, containers: own } = find('Deployment', name).spec.template.spec;
    expect(initContainers).toMatchObject([{ name: 'wait-for-key', command: ['sh', '/vault/wait-for-key.sh'] }]);
    const script = find('ConfigMap', `${name}-files`).data['vault_wait-for-key.sh'];
    expect(script).toContain('jwt/public/default');
    expect(script).not.toMatch(/kv (put|patch)|openssl/);
    expect(JSON.stringify(own)).not.toContain('VAULT_TOKEN');
  });

  test('are refused another one of them, who would not be logged in', () => {
    const found = rendered({ use: (_, service) => service('assets', 'shop/security') });
    expect(found.problems).toEqual([expect.stringContaining('is not shop/security, Vault would not log it in')]);
  });

  test('without a policy are an error', () => {
    expect(() => rendered({ use: (keys) => keys.client('shop/mailer') })).toThrow(/shop\/mailer has no policy/);
  });
});

test('a Vault that forgets gets its key again', () => {
  const dev = rendered({ mode: 'dev' });
  expect(dev.find('CronJob', 'vault-jwt-init').spec).toMatchObject({
    schedule: '*/5 * * * *',
    concurrencyPolicy: 'Forbid',
  });
  expect(objects.filter(({ kind }) => kind === 'CronJob').map(({ metadata }) => metadata.name)).toEqual([
    'vault-jwt-rotate',
  ]);
});

test('a rotation is started by a person, and waits as long as what is issued lasts', () => {
  const full: Required<Omit<VaultJwtInitProps, 'vault' | 'images'>> = { accounts, tokenMinutes: 90, settleMinutes: 7 };
  const rotation = rendered(full);
  expect(rotation.problems).toEqual([]);
  expect(rotation.find('CronJob', 'vault-jwt-rotate').spec).toMatchObject({ suspend: true });
  const script = rotation.find('ConfigMap', 'vault-jwt-rotate-files').data['scripts_step.sh'];
  expect(script).toContain('wait_until "$since" 7');
  expect(script).toContain('wait_until "$(field since /keys/current.json)" 90');
});

test.each([
  [{ tokenMinutes: -1 }, 'tokenMinutes: -1 is no time to wait for; give whole minutes'],
  [{ settleMinutes: 0.5 }, 'settleMinutes: 0.5 is no time to wait for; give whole minutes'],
  [{ accounts: { ...accounts, signers: [] } }, 'accounts.signers: none, nobody could sign a token; name who may'],
])('refuses %j', (changes, message) => {
  expect(rendered(changes).problems).toContain(message);
});
