import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { secretStorePolicies, VaultSecretStore } from '../../constructs/vault-secret-store.ts';
import { VaultSecretsInit } from '../../constructs/vault-secrets-init.ts';
import { environment, render } from './render.ts';

const images = { vault: 'vault:1.21.4' };
const { find, problems, relations } = render(
  (chart) => {
    const store = new HaStatefulStore(chart, 'vault', {
      engine: vault({ policies: secretStorePolicies('shop', 'test'), images }),
      members: 3,
      storage: '1Gi',
      size: 'small',
      backup: { none: 'a test' },
    });
    const secrets = new VaultSecretStore(chart, 'secret-store', {
      name: 'secrets',
      vault: store,
      namespaces: ['shop'],
    });
    const credentials = [
      new Credential(chart, 'database', { keys: { password: { length: 32 }, user: { length: 20 } } }),
      new Credential(chart, 'stripe', { keys: { KEY: 'given', SALT: { length: 16 } } }),
    ];
    new VaultSecretsInit(chart, 'init', { store: secrets, credentials, images });
  },
  {
    nodes: [{ ...environment.nodes[0]!, count: 3 }],
    secrets: { kind: 'external', store: { kind: 'ClusterSecretStore', name: 'secrets' } },
  },
);

test('the store logs in as an account of its own, which may only read below the name of the environment', () => {
  expect(problems).toEqual([]);
  const { conditions, provider } = find('ClusterSecretStore', 'secrets').spec;
  expect(conditions).toEqual([{ namespaces: ['shop'] }]);
  expect(provider.vault.auth.kubernetes).toEqual({
    mountPath: 'kubernetes',
    role: 'shop.external-secrets',
    serviceAccountRef: { name: 'external-secrets', namespace: 'shop', audiences: ['vault'] },
  });
  const policies = find('ConfigMap', 'vault-configure-files').data;
  expect(policies['vault_policies_shop.external-secrets.hcl']).toBe(
    'path "secret/data/test/*" {\n  capabilities = ["read"]\n}\n',
  );
});

test("External Secrets' controller is let through to Vault", () => {
  const { ingress } = find('NetworkPolicy', 'vault').spec;
  expect(JSON.stringify(ingress)).toContain('"kubernetes.io/metadata.name":"external-secrets"');
  expect(relations.flatMap(({ flows = [] }) => flows)).toContainEqual(
    expect.objectContaining({ from: expect.objectContaining({ namespace: 'external-secrets' }), port: 8200 }),
  );
});

test('a Job makes up what nobody has to know, and has no right to replace it', () => {
  const files = find('ConfigMap', 'vault-secrets-init-files').data;
  expect(files['scripts_secrets']).toBe('test/shop/database password 32 user 20\n');
  expect(find('ConfigMap', 'vault-configure-files').data['vault_policies_shop.vault-secrets-init.hcl']).toBe(
    'path "secret/data/test/*" {\n  capabilities = ["create", "read"]\n}\n',
  );
  expect(find('Job', 'vault-secrets-init').metadata.annotations).toEqual({
    'kustomize.toolkit.fluxcd.io/force': 'Enabled',
  });
});

test('the Job waits for as long as Vault is sealed or not handed over, instead of giving up before a person has come', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-init-'));
  const files = find('ConfigMap', 'vault-secrets-init-files').data;
  const script = files['scripts_make.sh'].replaceAll(/\/(tmp|keys|scripts)\b/g, folder);
  writeFileSync(join(folder, 'secrets'), files['scripts_secrets']);
  // Refuses twelve log-ins, more than the Job has tries, and knows of a secret once it was put.
  const vault = `#!/bin/sh
case $1 in
  write)
    echo >> ${folder}/asked
    case $(wc -l < ${folder}/asked) in
      ?|10) echo 'Vault is sealed' >&2; exit 2 ;;
      11|12) echo 'invalid role name' >&2; exit 2 ;;
    esac
    echo token ;;
  kv) [ "$2" = put ] && touch ${folder}/put && exit
    [ -e ${folder}/put ] || { echo 'No value found at secret/data/test/shop/database' >&2; exit 2; } ;;
esac
`;
  for (const [name, text] of Object.entries({ vault, sleep: '#!/bin/sh\n' })) {
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  }
  const { status, stdout } = spawnSync('sh', ['-c', script], {
    encoding: 'utf8',
    env: { PATH: `${folder}:${process.env['PATH']}` },
  });
  expect({ status, said: stdout.trim().split('\n') }).toEqual({
    status: 0,
    said: [
      'secrets-init: cannot log in yet: Vault is sealed',
      'secrets-init: cannot log in yet: invalid role name',
      'secrets-init: made test/shop/database',
      'secrets-init: everything that can be made up is there',
    ],
  });
  rmSync(folder, { recursive: true });
});

test('who reads from the store waits for what is made up', () => {
  expect(relations.flatMap(({ uses = [] }) => uses)).toContain('shop/init');
});
