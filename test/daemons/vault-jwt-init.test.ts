import { createHash, createPublicKey, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { jwtPolicies, VaultJwtInit } from '../../constructs/vault-jwt-init.ts';
import { secretStorePolicies, VaultSecretStore } from '../../constructs/vault-secret-store.ts';
import { VaultSecretsInit } from '../../constructs/vault-secrets-init.ts';
import { Workload } from '../../constructs/workload.ts';
import { waitFor } from '../cluster/client.ts';
import { environment, render } from '../constructs/render.ts';
import { type PodRun, VaultCluster } from './vault-cluster.ts';

const images = { vault: 'vault:1.21.4', openssl: 'openssl:3.5.4' };
const accounts = { namespace: 'shop', signers: ['shop/security'], verifiers: ['shop/assets'] };

const rendered = (minutes: { tokenMinutes?: number; settleMinutes?: number }) =>
  render(
    (chart) => {
      const store = new HaStatefulStore(chart, 'vault', {
        engine: vault({
          policies: { ...jwtPolicies(accounts), ...secretStorePolicies('shop', 'test') },
          images,
        }),
        members: 3,
        storage: '1Gi',
        size: 'small',
        backup: { none: 'a test' },
      });
      const keys = new VaultJwtInit(chart, 'vault-jwt-init', { vault: store, accounts, images, ...minutes });
      for (const name of ['security', 'assets']) {
        new Workload(chart, name, { image: 'api:1.0.0', size: 'tiny', uses: [keys.client(`shop/${name}`)] });
      }
      const made = new VaultSecretStore(chart, 'secret-store', { name: 'vault', vault: store, namespaces: ['shop'] });
      const credentials = [
        new Credential(chart, 'database', { keys: { user: { length: 20 }, password: { length: 64 } } }),
        new Credential(chart, 'provider', { keys: { TOKEN: 'given', SALT: { length: 16 } } }),
      ];
      new VaultSecretsInit(chart, 'vault-secrets-init', { store: made, credentials, images });
    },
    {
      nodes: [{ ...environment.nodes[0]!, count: 3 }],
      secrets: { kind: 'external', store: { kind: 'ClusterSecretStore', name: 'vault' } },
    },
  );

const { objects, problems } = rendered({});
const KEY = 'secret/data/jwt/keys/default';
const PUBLIC = 'secret/data/jwt/public/default';
const report = (line: string) => process.stdout.write(`vault-jwt-init: ${line}\n`);

let cluster: VaultCluster;
let keys: string[];
/** Of a person, who stands beside and looks; no Job has it. */
let root: string;
let gate: Gate;
/** Everything that any container printed, and every private key that Vault ever had. */
const printed: string[] = [];
const secrets = new Set<string>();

type Verdict = 'pass' | 'cut' | 503;

/** Between the Job and Vault's Service: passes on, refuses, or takes a request and loses the answer. */
class Gate {
  verdict: (request: IncomingMessage) => Verdict | Promise<Verdict> = () => 'pass';
  readonly #server: Server;

  constructor(to: string) {
    this.#server = createServer(async (request, response) => {
      const verdict = await this.verdict(request);
      if (verdict === 503) return response.writeHead(503).end('{"errors":["Vault is sealed"]}');
      const { method, url, headers } = request;
      const passed = send({ host: to, port: 8200, method, path: url, headers }, (answer) => {
        if (verdict === 'cut') return answer.resume().once('end', () => request.socket.resetAndDestroy());
        response.writeHead(answer.statusCode!, answer.headers);
        return answer.pipe(response);
      });
      passed.on('error', () => request.socket.resetAndDestroy());
      request.pipe(passed);
    });
  }

  listen(): Promise<unknown> {
    return new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get address() {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

const isWrite = ({ method, url }: IncomingMessage) => method !== 'GET' && url!.includes(KEY);

async function init(run: PodRun = {}) {
  const result = await cluster.pod('Job', 'vault-jwt-init', { env: { VAULT_ADDR: gate.address }, ...run });
  printed.push(result.output);
  return result;
}

const asRoot = (method: string, path: string, body?: object) =>
  cluster.request(method, path, { token: root, ...(body && { body }), patience: 15_000 });

/** What Vault has, once it answers again. */
async function stored() {
  const answer = await waitFor('an answer of Vault', async () => {
    const got = await asRoot('GET', KEY).catch(() => undefined);
    return got && [200, 404].includes(got.status) && got;
  });
  if (answer.status === 404) return undefined;
  const { data, metadata } = answer.json().data;
  if (data?.private) secrets.add(data.private);
  return { ...data, version: metadata.version } as { private: string; public: string; kid: string; version: number };
}

/** The outcome that every run has to leave: one version, sound, of 4096 bits, and its public part published. */
async function expectOneKey() {
  const key = (await stored())!;
  expect(key.version).toBe(1);
  const signature = createSign('sha256').update('token').sign(key.private);
  expect(createVerify('sha256').update('token').verify(key.public, signature)).toBe(true);
  expect(createPublicKey(key.public).asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 });
  const { data } = (await asRoot('GET', PUBLIC)).json().data;
  expect(data).toEqual({ [key.kid]: key.public });
  return key;
}

async function forget() {
  for (const path of ['keys/default', 'keys/next', 'public/default']) {
    await waitFor(`an empty ${path}`, async () => {
      const answer = await asRoot('DELETE', `secret/metadata/jwt/${path}`).catch(() => undefined);
      return answer && answer.status < 300;
    });
  }
}

async function unseal(name: string) {
  await waitFor(`${name} to answer`, async () => (await cluster.probe(name, 'livenessProbe')) === 204);
  await waitFor(`${name} to be initialised`, async () => {
    const at = cluster.addresses[name]!;
    const answer = await cluster.request('GET', 'sys/seal-status', { at }).catch(() => undefined);
    return answer?.json().initialized;
  });
  for (const key of keys) {
    expect(await cluster.exec(name, ['vault', 'operator', 'unseal', key])).toMatchObject({ code: 0 });
  }
}

const awaitReady = () =>
  waitFor('three unsealed members', async () => (await cluster.service.endpoints()).length === 3);

const token = async (account: string) => {
  const jwt = await cluster.token(account, 'vault');
  const answer = await cluster.request('POST', 'auth/kubernetes/login', { body: { role: `shop.${account}`, jwt } });
  return answer.json().auth.client_token as string;
};

beforeAll(async () => {
  expect(problems).toEqual([]);
  cluster = await VaultCluster.start(objects);
  gate = new Gate(cluster.address);
  await gate.listen();
  for (const name of cluster.members) cluster.start(name);
  await waitFor('vault-0', async () => (await cluster.probe('vault-0', 'livenessProbe')) === 204);
  const command = ['vault', 'operator', 'init', '-key-shares=1', '-key-threshold=1', '-format=json'];
  const answer = JSON.parse((await cluster.exec('vault-0', command)).output);
  keys = answer.unseal_keys_b64;
  for (const name of cluster.members) await unseal(name);
  await awaitReady();
  const exec = (...args: string[]) => cluster.exec('vault-0', ['vault', ...args], { token: answer.root_token });
  // In the image it is a part of Vault.
  const sum = `-sha256=${cluster.pluginSum}`;
  expect(
    await exec('plugin', 'register', sum, '-command=vault-plugin-auth-kubernetes', 'auth', 'kubernetes'),
  ).toMatchObject({ code: 0 });
  root = (await exec('token', 'create', '-orphan', '-policy=root', '-field=token')).output.trim();
  const script = ['sh', '/vault/scripts/hand-over.sh'];
  const handOver = await cluster.exec('vault-0', script, { input: `${answer.root_token}\n` });
  expect(handOver).toMatchObject({ code: 0 });
  expect(await cluster.job('Job', 'vault-configure')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await gate?.close();
  await cluster?.stop();
});

afterEach(() => {
  gate.verdict = () => 'pass';
});

describe('with no key yet', () => {
  afterEach(forget);

  test('a first run makes one, whole and published', async () => {
    const began = performance.now();
    const { code, output } = await init();
    report(`first run: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('is published') });
    const { kid } = await expectOneKey();
    expect(output).toContain(`its id is ${kid}`);
  });

  test('a second run leaves it as it is', async () => {
    expect(await init()).toMatchObject({ code: 0 });
    const first = await expectOneKey();
    const { code, output } = await init();
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('a key is there') });
    expect(await expectOneKey()).toEqual(first);
  });

  test('ten at once make one version', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => init()));
    expect(results.map(({ code }) => code)).toEqual(Array(10).fill(0));
    expect(results.filter(({ output }) => output.includes('stored the pair'))).toHaveLength(1);
    await expectOneKey();
  });

  test('an answer that is lost after the write does not make a second one', async () => {
    gate.verdict = (request) => (isWrite(request) ? 'cut' : 'pass');
    const { code, output } = await init();
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('not known to be stored') });
    await expectOneKey();
  });

  test('a run that ends in the middle is followed by one that finds what is there', async () => {
    for (const last of ['generate', 'store', 'verify', 'vault-jwt-init']) {
      const stop = (name: string) => {
        if (name === last) throw new Error(`the node is lost before ${name}`);
      };
      await expect(init({ before: stop })).rejects.toThrow('the node is lost');
    }
    const first = (await stored())!;
    expect(await init()).toMatchObject({ code: 0 });
    expect(await expectOneKey()).toEqual(first);
  });

  test('the leader is killed during the write: the right key, or a failed Job and then the right key', async () => {
    const leader = await waitFor('a leader', () => cluster.leader());
    let killed: Promise<void> | undefined;
    gate.verdict = (request) => {
      if (isWrite(request)) killed ??= cluster.box(leader).kill();
      return 'pass';
    };
    const { code, output } = await init();
    await killed;
    report(`leader killed during the write: the Job ended with ${code}`);
    if (code !== 0) {
      expect(output).toMatch(/cannot|Error|connection/);
      expect(await init()).toMatchObject({ code: 0 });
    }
    await expectOneKey();
    cluster.start(leader);
    await unseal(leader);
    await awaitReady();
  });

  test('without openssl nothing is stored, and the Job fails', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-openssl-'));
    chmodSync(folder, 0o755);
    symlinkSync('/usr/bin/bash', join(folder, 'sh'));
    writeFileSync(join(folder, 'openssl'), '#!/bin/bash\necho "openssl: not found" >&2\nexit 127\n', { mode: 0o755 });
    const { code, output } = await init({ programs: { generate: folder, verify: folder } });
    rmSync(folder, { recursive: true });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('openssl: not found') });
    expect(await stored()).toBeUndefined();
  });

  test.each([
    ['503', () => 503 as const],
    ['503 once it is logged in', ({ url }: IncomingMessage) => (url!.includes('/login') ? ('pass' as const) : 503)],
  ])('%s is not absent: the Job fails and stores nothing', async (_, verdict) => {
    gate.verdict = verdict;
    const { code } = await init();
    expect(code).not.toBe(0);
    gate.verdict = () => 'pass';
    expect(await stored()).toBeUndefined();
  });

  test('403 is not absent: the Job fails and says so', async () => {
    await asRoot('PUT', 'sys/policies/acl/shop.vault-jwt-init', {
      policy: 'path "nothing" { capabilities = ["read"] }',
    });
    const { code, output } = await init();
    const there = await stored();
    expect(await cluster.job('Job', 'vault-configure')).toMatchObject({ code: 0 });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('Code: 403') });
    expect(there).toBeUndefined();
  });

  test('a key that somebody deleted is not absent: the Job fails, and the versions are there to be undeleted', async () => {
    expect(await init()).toMatchObject({ code: 0 });
    const first = (await stored())!;
    await asRoot('DELETE', KEY);
    const { code, output } = await init();
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('cannot tell whether there is a key'),
    });
    await asRoot('POST', 'secret/undelete/jwt/keys/default', { versions: [1] });
    expect(await stored()).toEqual(first);
  });

  test('a pair whose parts do not belong together fails the Job', async () => {
    expect(await init()).toMatchObject({ code: 0 });
    const first = (await stored())!;
    await forget();
    expect(await init()).toMatchObject({ code: 0 });
    const { private: other, kid } = (await stored())!;
    await asRoot('POST', KEY, { data: { private: other, public: first.public, kid } });
    const { code, output } = await init();
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('has a public part of another private one'),
    });
  });

  test('a sealed Vault fails the Job', async () => {
    for (const name of cluster.members) await cluster.box(name).kill();
    for (const name of cluster.members) cluster.start(name);
    await waitFor('vault-0, sealed', async () => (await cluster.probe('vault-0', 'readinessProbe')) === 503);
    const sealed = { VAULT_ADDR: `http://${cluster.addresses['vault-0']}:8200`, VAULT_MAX_RETRIES: '1' };
    const { code, output } = await init({ env: sealed });
    expect({ code, output }).toEqual({ code: expect.any(Number), output: expect.stringContaining('sealed') });
    expect(code).not.toBe(0);
    for (const name of cluster.members) await unseal(name);
    await awaitReady();
    expect(await stored()).toBeUndefined();
  });
});

describe('with a key', () => {
  let kid: string;

  beforeAll(async () => {
    expect(await init()).toMatchObject({ code: 0 });
    ({ kid } = await expectOneKey());
  });

  test('the signer reads the pair, and nobody else the private part', async () => {
    const read = async (account: string, path: string) =>
      (await cluster.request('GET', path, { token: await token(account) })).status;
    expect(await read('security', KEY)).toBe(200);
    expect(await read('assets', KEY)).toBe(403);
    expect(await read('assets', PUBLIC)).toBe(200);
    const write = { token: await token('security'), body: { data: { private: 'mine' } } };
    expect((await cluster.request('POST', KEY, write)).status).toBe(403);
    const again = { token: await token('vault-jwt-init'), body: { data: { private: 'another' } } };
    expect((await cluster.request('POST', KEY, again)).status).toBe(403);
    expect((await stored())!.version).toBe(1);
  });

  test('services are let start', async () => {
    for (const name of ['security', 'assets']) {
      const { code, output } = await cluster.wait(name, 'wait-for-key');
      expect({ code, output }).toEqual({ code: 0, output: 'jwt-wait: the key is there\n' });
    }
  });

  test('a service that starts before the key is there waits, says why, and goes on when it is', async () => {
    await forget();
    const before = cluster.service.count;
    const waiting = cluster.wait('assets', 'wait-for-key');
    // It logs in, and looks.
    await waitFor('its first look', async () => cluster.service.count > before + 1);
    expect(await init()).toMatchObject({ code: 0 });
    const { code, output } = await waiting;
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('no key yet: No value found') });
    ({ kid } = await expectOneKey());
  });

  test('a pair that was there before is kept as it is, and published', async () => {
    await forget();
    const pair = generateKeyPairSync('rsa', {
      modulusLength: 4096,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const data = { private: pair.privateKey, public: pair.publicKey };
    expect((await asRoot('POST', KEY, { data, options: { cas: 0 } })).status).toBe(200);
    expect(await init()).toMatchObject({ code: 0, output: expect.stringContaining('a key is there') });
    const der = createPublicKey(pair.publicKey).export({ type: 'spki', format: 'der' });
    kid = createHash('sha256').update(der).digest('hex').slice(0, 16);
    expect(await stored()).toEqual({ ...data, version: 1 });
    expect((await asRoot('GET', PUBLIC)).json().data.data).toEqual({ [kid]: pair.publicKey });
  });

  test('a rotation keeps what is issued valid: both public keys are there until the former tokens have expired', async () => {
    const rotate = async (minutes: { tokenMinutes: number; settleMinutes: number }) => {
      const { code, output } = await cluster.pod('CronJob', 'vault-jwt-rotate', { objects: rendered(minutes).objects });
      printed.push(output);
      expect({ code, output }).toMatchObject({ code: 0 });
      return output;
    };
    const published = async () => Object.keys((await asRoot('GET', PUBLIC)).json().data.data);
    const [now, later] = [
      { tokenMinutes: 0, settleMinutes: 0 },
      { tokenMinutes: 30, settleMinutes: 30 },
    ];
    const former = (await stored())!;

    expect(await rotate(later)).toContain('1 of 3');
    const next = (await published()).find((id) => id !== kid)!;
    expect(await published()).toHaveLength(2);
    expect(await stored()).toEqual(former);
    expect(await rotate(later)).toContain('too early');
    expect(await stored()).toEqual(former);

    expect(await rotate(now)).toContain('2 of 3');
    const current = (await stored())!;
    expect([current.kid, current.version]).toEqual([next, 2]);
    expect(current.private).not.toBe(former.private);
    const both = (await asRoot('GET', PUBLIC)).json().data.data;
    const issued = createSign('sha256').update('token').sign(former.private);
    expect(createVerify('sha256').update('token').verify(both[kid], issued)).toBe(true);
    expect(both[next]).toBe(current.public);
    expect(await rotate(later)).toContain('too early');
    expect(await published()).toHaveLength(2);
    // VaultJwtInit, should it run again meanwhile, takes the pair that is signed with.
    expect(await init()).toMatchObject({ code: 0, output: expect.stringContaining(`its id is ${next}`) });

    expect(await rotate(now)).toContain('3 of 3');
    expect(await published()).toEqual([next]);
    expect((await asRoot('GET', `${KEY}?version=1`)).json().data.metadata.destroyed).toBe(true);
    expect((await asRoot('GET', 'secret/data/jwt/keys/next')).status).toBe(404);
    expect((await stored())!.kid).toBe(next);
  });
});

describe('Secrets', () => {
  const path = 'secret/data/test/shop/database';
  const as = async (account: string, method: string, at: string, data?: object) =>
    cluster.request(method, at, { token: await token(account), ...(data && { body: { data } }) });

  test('what nobody has to know is made up, once; what a person was given is left to him', async () => {
    const run = async () => {
      const result = await cluster.pod('Job', 'vault-secrets-init', { env: { VAULT_ADDR: gate.address } });
      printed.push(result.output);
      return result;
    };
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('made test/shop/database') });
    const { data } = (await as('external-secrets', 'GET', path)).json().data;
    expect(data).toEqual({
      user: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
      password: expect.stringMatching(/^[A-Za-z0-9]{64}$/),
    });
    expect(await run()).toMatchObject({ code: 0, output: expect.not.stringContaining('made test') });
    expect((await as('external-secrets', 'GET', path)).json().data.data).toEqual(data);
    expect((await as('external-secrets', 'GET', 'secret/data/test/shop/provider')).status).toBe(404);
    expect(printed.join('\n')).not.toContain(data.password);
  });

  test('External Secrets reads and no more, and a person may edit, the key pair excepted', async () => {
    const given = { TOKEN: 'of the provider', SALT: 'abc' };
    expect((await as('external-secrets', 'POST', path, { user: 'x' })).status).toBe(403);
    expect((await as('vault-secrets-init', 'POST', path, { user: 'x' })).status).toBe(403);
    expect((await as('secrets-editor', 'POST', 'secret/data/test/shop/provider', given)).status).toBe(200);
    expect((await as('external-secrets', 'GET', 'secret/data/test/shop/provider')).json().data.data).toEqual(given);
    for (const account of ['external-secrets', 'secrets-editor', 'vault-secrets-init']) {
      expect((await as(account, 'GET', KEY)).status).toBe(403);
    }
  });
});

test('no key was printed, none is in the audit log, and none outside of memory', () => {
  expect(secrets.size).toBeGreaterThan(5);
  const logs = cluster.members.map((name) => readFileSync(cluster.box(name).log, 'utf8'));
  const lines = [...secrets].flatMap((key) =>
    key.split('\n').filter((line) => line.length > 40 && !line.includes('-')),
  );
  const seen = [...printed, ...logs].join('\n');
  expect(seen).toContain(KEY);
  expect(lines.filter((line) => seen.includes(line))).toEqual([]);

  const files = readdirSync(cluster.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/-memory(\/|$)|vault\/data/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes('/tmp/') || path.includes('vault-jwt'));
  expect(files.length).toBeGreaterThan(10);
  const found = files.filter((path) => readFileSync(path, 'utf8').includes('PRIVATE KEY'));
  expect(found).toEqual([]);
});
