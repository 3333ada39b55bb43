import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { waitFor } from '../cluster/client.ts';
import { built } from '../cluster/targets.ts';
import { render } from '../constructs/render.ts';
import { Box } from './box.ts';
import { Host } from './container.ts';
import { hostsFile } from './pods.ts';

const { objects, problems } = render((chart) => {
  new HaStatefulStore(chart, 'vault', {
    engine: vault({
      mode: 'dev',
      policies: { 'shop/security': { 'secret/data/jwt/*': ['create', 'read'] } },
      images: { vault: 'vault:1.21.4' },
    }),
    members: 1,
    storage: '1Gi',
    size: 'small',
    backup: { none: 'nothing in it is kept' },
  });
});

// In the image it is a part of Vault.
const plugin = 'vault-plugin-auth-kubernetes';
const token = 'rootRootRootRoot';
const address = `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 250}.9`;

let folder: string;
let box: Box;

beforeAll(() => {
  expect(problems).toEqual([]);
  folder = mkdtempSync(join(tmpdir(), 'vault-dev-'));
  const programs = mkdtempSync(join(folder, 'programs-'));
  for (const path of [folder, programs]) chmodSync(path, 0o755);
  for (const name of ['vault', plugin]) cpSync(join(built('vault'), name), join(programs, name));
  symlinkSync('/usr/bin/bash', join(programs, 'sh'));

  const files = ['-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=cluster', ...files], {
    stdio: 'ignore',
  });

  const host = new Host(folder, objects, { token });
  const spec = host.pod('StatefulSet');
  const configMaps = objects
    .filter(({ kind }) => kind === 'ConfigMap')
    .map(({ metadata, data }) => [metadata.name, data]);
  box = new Box({
    folder,
    hosts: hostsFile(join(folder, 'hosts'), {}),
    spec,
    container: spec.containers[0]!,
    files: {
      '/plugins.hcl': 'plugin_directory = "/programs"\n',
      '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt': readFileSync(join(folder, 'ca.crt')),
      '/var/run/secrets/kubernetes.io/serviceaccount/token': 'of the pod',
    },
    env: { HOME: '/tmp', VAULT_DEV_LISTEN_ADDRESS: `${address}:8200` },
    host,
    configMaps: Object.fromEntries(configMaps),
    programs,
  });
  box.write('/vault/scripts/configure.sh', box.read('/vault/scripts/configure.sh').replace('127.0.0.1', address));
});
afterAll(async () => {
  if (box.isRunning) await box.kill();
  rmSync(folder, { recursive: true });
});

async function register() {
  const sum = createHash('sha256')
    .update(readFileSync(join(built('vault'), plugin)))
    .digest('hex');
  const env = ['env', `VAULT_ADDR=http://${address}:8200`, `VAULT_TOKEN=${token}`];
  const command = ['vault', 'plugin', 'register', `-sha256=${sum}`, `-command=${plugin}`, 'auth', 'kubernetes'];
  await waitFor('the plugin', async () => (await box.run([...env, ...command])).code === 0);
}

const request = async (path: string) => {
  const response = await fetch(`http://${address}:8200/v1/${path}`, { headers: { 'X-Vault-Token': token } });
  return { status: response.status, body: await response.json() };
};

test.each(['first', 'second'])('a member in memory is ready and configured after its %s start', async () => {
  const { lifecycle, readinessProbe } = new Host(folder, objects, {}).pod('StatefulSet').containers[0]!;
  box.start(['-config=/plugins.hcl']);
  await register();
  expect(await box.run(lifecycle!.postStart!.exec!.command!)).toEqual({
    code: 0,
    output: expect.stringContaining('configure: done'),
  });
  const ready = await waitFor(
    'readiness',
    async () => await fetch(`http://${address}:8200${readinessProbe!.httpGet!.path}`),
  );
  expect(ready.status).toBe(200);
  const role = await request('auth/kubernetes/role/shop.security');
  expect(role.body.data).toMatchObject({
    audience: 'vault',
    bound_service_account_names: ['security'],
    bound_service_account_namespaces: ['shop'],
    token_policies: ['shop.security'],
  });
  expect((await request('sys/policies/acl/shop.security')).body.data.policy).toContain('secret/data/jwt/*');
  expect((await request('secret/config')).status).toBe(200);
  await box.kill();
});
