import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { External } from '../../constructs/external.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import type { Grants } from '../../constructs/stores/vault/policies.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { Workload } from '../../constructs/workload.ts';
import { waitFor } from '../cluster/client.ts';
import { environment, render } from '../constructs/render.ts';
import { Counting } from './counting.ts';
import { LONGEST_PAUSE, roundsOf } from './rounds.ts';
import { VaultCluster } from './vault-cluster.ts';

const security: Grants = {
  'secret/data/jwt/*': ['create', 'read', 'update'],
  'secret/metadata/jwt/*': ['list'],
  'secret/data/once/*': ['create', 'read'],
};
const assets: Grants = { 'secret/data/jwt/public': ['read'] };

const rendered = (policies: Readonly<Record<string, Grants>>) =>
  render(
    (chart) => {
      const store = new HaStatefulStore(chart, 'vault', {
        engine: vault({ policies, images: { vault: 'vault:1.21.4' } }),
        members: 3,
        storage: '1Gi',
        size: 'small',
        backup: {
          rpoMinutes: 60,
          targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
          uploader: 'rclone:1.75.1',
        },
      });
      for (const account of Object.keys(policies)) {
        const uses = [store.client(account)];
        new Workload(chart, account.split('/')[1]!, { image: 'api:1.0.0', size: 'tiny', uses });
      }
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
  );

const { objects, problems } = rendered({ 'shop/security': security, 'shop/assets': assets });

let cluster: VaultCluster;
let keys: string[];
let root: string;
/** Of the ServiceAccount `security`. */
let token: string;

beforeAll(async () => {
  expect(problems).toEqual([]);
  cluster = await VaultCluster.start(objects);
});
afterAll(() => cluster?.stop());

const login = async (account: string, role: string, audience = 'vault') => {
  const jwt = await cluster.token(account, audience);
  return await cluster.request('POST', 'auth/kubernetes/login', { body: { role, jwt } });
};

async function unseal(name: string) {
  await waitFor(`${name} to be initialised`, async () => {
    const answer = await cluster
      .request('GET', 'sys/seal-status', { at: cluster.addresses[name]! })
      .catch(() => undefined);
    return answer?.json().initialized;
  });
  for (const key of keys) {
    const result = await cluster.exec(name, ['vault', 'operator', 'unseal', key]);
    expect(result).toEqual({ code: 0, output: expect.stringContaining('Seal Type') });
  }
}

const awaitReady = (count = 3) =>
  waitFor(`${count} unsealed members`, async () => (await cluster.service.endpoints()).length === count);

/** Of the client's namespace, at the Service, as the client would. */
async function put(path: string, data: object, cas?: number) {
  const body = { data, ...(cas !== undefined && { options: { cas } }) };
  return await cluster.request('POST', `secret/data/${path}`, { token, body });
}

const get = (path: string) => cluster.request('GET', `secret/data/${path}`, { token });

test('sealed members are alive, and no clients are sent to them', async () => {
  for (const name of cluster.members) cluster.start(name);
  for (const name of cluster.members) {
    await waitFor(`${name} to answer`, async () => (await cluster.probe(name, 'livenessProbe')) === 204);
    expect(await cluster.probe(name, 'readinessProbe')).toBe(501);
  }
  expect(await cluster.service.endpoints()).toEqual([]);
});

test('initialised and unsealed by hand, three members are voters and take clients', async () => {
  const init = ['vault', 'operator', 'init', '-key-shares=3', '-key-threshold=2', '-format=json'];
  const { output } = await cluster.exec('vault-0', init);
  const answer = JSON.parse(output);
  keys = answer.unseal_keys_b64.slice(0, 2);
  root = answer.root_token;
  for (const name of cluster.members) await unseal(name);
  await awaitReady();
  const list = () => cluster.exec('vault-0', ['vault', 'operator', 'raft', 'list-peers'], { token: root });
  await waitFor('three voters', async () => (await list()).output.match(/ true$/gm)?.length === 3);
});

test('the Job waits for the hand-over, which leaves no root token', async () => {
  // The image has this plugin built in.
  const plugin = `-sha256=${cluster.pluginSum}`;
  const command = [
    'vault',
    'plugin',
    'register',
    plugin,
    '-command=vault-plugin-auth-kubernetes',
    'auth',
    'kubernetes',
  ];
  expect(await cluster.exec('vault-0', command, { token: root })).toMatchObject({ code: 0 });

  const before = cluster.service.count;
  const job = cluster.job('Job', 'vault-configure');
  const handOver = ['sh', '/vault/scripts/hand-over.sh'];
  // It tries again only where it was refused.
  await waitFor('the second login', async () => cluster.service.count > before + 1);
  expect(await cluster.exec('vault-0', handOver, { input: `${root}\n` })).toEqual({
    code: 0,
    output: expect.stringContaining('the root token is revoked'),
  });
  const self = await cluster.request('GET', 'auth/token/lookup-self', { token: root });
  expect(self.status).toBe(403);
  const { code, output } = await job;
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('configure: done') });
  expect(output).toContain('cannot log in yet');
});

test('the Job may run again', async () => {
  expect(await cluster.job('Job', 'vault-configure')).toMatchObject({
    code: 0,
    output: expect.stringContaining('configure: done'),
  });
});

describe('clients', () => {
  test('log in with the token of their own ServiceAccount, by what they are given', async () => {
    const pod = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'security');
    const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'security');
    expect(config.data).toEqual({
      VAULT_ADDR: 'http://vault.shop.svc:8200',
      VAULT_ROLE: 'shop.security',
      VAULT_JWT_FILE: '/var/run/secrets/vault/token',
    });
    const { serviceAccountName, volumes } = pod.spec.template.spec;
    const [{ serviceAccountToken }] = volumes.find(({ projected }: { projected?: object }) => projected).projected
      .sources;
    const answer = await login(serviceAccountName, config.data.VAULT_ROLE, serviceAccountToken.audience);
    expect(answer.status).toBe(200);
    token = answer.json().auth.client_token;
    expect(answer.json().auth.policies).toEqual(['default', 'shop.security']);
  });

  test('are refused as another ServiceAccount, and with a token for the API server', async () => {
    const other = await login('assets', 'shop.security');
    expect([other.status, other.text]).toEqual([403, expect.stringContaining('service account name not authorized')]);
    const issuer = 'https://kubernetes.default.svc.cluster.local';
    expect((await login('security', 'shop.security', issuer)).status).toBe(403);
    const backup = await login('security', 'backup');
    expect(backup.status).toBe(403);
  });

  test('write once with check-and-set, and reach nothing that is not theirs', async () => {
    expect((await put('jwt/keys', { key: 'the-first-value' }, 0)).status).toBe(200);
    const second = await put('jwt/keys', { key: 'another' }, 0);
    expect([second.status, second.text]).toEqual([400, expect.stringContaining('check-and-set')]);
    expect((await get('jwt/keys')).json().data.data).toEqual({ key: 'the-first-value' });
    // Without `update` even a client that forgets check-and-set replaces nothing; Vault then says no more than `denied`.
    expect((await put('once/key', { key: 'x' })).status).toBe(200);
    expect((await put('once/key', { key: 'y' })).status).toBe(403);
    expect((await put('other', { key: 'x' })).status).toBe(403);
    const theirs = (await login('assets', 'shop.assets')).json().auth.client_token;
    expect((await cluster.request('GET', 'secret/data/jwt/keys', { token: theirs })).status).toBe(403);
    expect((await cluster.request('GET', 'secret/data/jwt/public', { token: theirs })).status).toBe(404);
  });

  test('leave a trace without their secrets', async () => {
    const leader = await waitFor('a leader', () => cluster.leader());
    const log = readFileSync(cluster.box(leader).log, 'utf8');
    expect(log).toContain('"path":"secret/data/jwt/keys"');
    expect(log).not.toContain('the-first-value');
  });
});

test('members tell Prometheus what the alerts ask for', async () => {
  const rule = objects.find(({ kind, metadata }) => kind === 'PrometheusRule' && metadata.name === 'vault');
  const expressions = JSON.stringify(rule.spec.groups);
  const monitor = objects.find(({ kind }) => kind === 'ServiceMonitor');
  const path = monitor.spec.endpoints[0].path.replace('/v1/', '');
  // As Prometheus asks.
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4';
  const texts = await Promise.all(
    cluster.members.map(
      async (name) => (await cluster.request('GET', path, { accept, at: cluster.addresses[name]! })).text,
    ),
  );
  const count = (series: RegExp) => texts.filter((text) => series.test(text)).length;
  expect(count(/^vault_core_unsealed{.*} 1$/m)).toBe(3);
  expect(count(/^vault_core_active{.*} 1$/m)).toBe(1);
  const asked = [...new Set(expressions.match(/vault_\w+/g))];
  expect(asked.filter((name) => count(new RegExp(`^${name}(?:{.*})? \\d`, 'm')) === 0)).toEqual([]);
});

describe('nothing acknowledged is lost, and one member at a time acknowledges', () => {
  /** By the writers of earlier rounds too. */
  const acknowledged: number[] = [];
  let next = 1;

  /** A client of the Service, or one that goes on beside a member. */
  function write(beside?: string): Counting {
    const addr = beside ? 'http://127.0.0.1:8200' : `http://${cluster.address}:8200`;
    const env = { VAULT_ADDR: addr, VAULT_TOKEN: token };
    const inside = beside ? cluster.network.inside(beside) : [];
    next += 1_000_000;
    return new Counting({ program: 'vault-writer.ts', args: [`${next}`], env, inside });
  }
  const awaitOther = (leader: string) =>
    waitFor('another leader', async () => {
      const other = await cluster.leader();
      return other !== undefined && other !== leader && other;
    });
  const anyLeader = () => waitFor('a leader', () => cluster.leader());

  /** What is stored, once a member that knows a leader is asked. */
  async function lost(): Promise<number[]> {
    const list = async () => {
      const said = await cluster
        .request('LIST', 'secret/metadata/jwt/n', { token, patience: 20_000 })
        .catch(() => undefined);
      return said?.status === 200 && new Set<number>(said.json().data.keys.map(Number));
    };
    const stored = await waitFor('a list of all', list);
    return acknowledged.filter((n) => !stored.has(n));
  }

  const faults = {
    async 'the leader is killed, and returns sealed'(writer) {
      const leader = await anyLeader();
      await cluster.box(leader).kill();
      await awaitOther(leader);
      await writer.awaitNext();
      cluster.start(leader);
      await waitFor('the former leader, sealed', async () => (await cluster.probe(leader, 'readinessProbe')) === 503);
      expect(await cluster.probe(leader, 'livenessProbe')).toBe(204);
      await unseal(leader);
    },
    async 'the leader is frozen, and has led nothing meanwhile'(writer) {
      const leader = await anyLeader();
      cluster.box(leader).signal('SIGSTOP');
      try {
        await awaitOther(leader);
        await writer.awaitNext();
      } finally {
        cluster.box(leader).signal('SIGCONT');
      }
    },
    async 'the leader is cut off, with a client that goes on writing to it'(writer) {
      const leader = await anyLeader();
      const beside = write(leader);
      try {
        await beside.awaitNext();
        cluster.network.unplug(leader);
        // Time for answers that were under way.
        await sleep(1000);
        const before = beside.acknowledged.length;
        await awaitOther(leader);
        await writer.awaitNext();
        expect(await cluster.leads(leader)).toBe(false);
        expect(beside.acknowledged.length).toBe(before);
      } finally {
        cluster.network.plug(leader);
        await beside.stop();
        acknowledged.push(...beside.acknowledged);
      }
    },
    async 'a standby is cut off for a while'(writer) {
      const leader = await anyLeader();
      const standby = draw.shuffled(cluster.members.filter((name) => name !== leader))[0]!;
      cluster.network.unplug(standby);
      try {
        await sleep(1000 * draw.between(3, 15));
        await writer.awaitNext();
        expect(await anyLeader()).toBe(leader);
      } finally {
        cluster.network.plug(standby);
      }
    },
    async 'a member loses its volume, and joins again by itself once it is unsealed'() {
      const leader = await anyLeader();
      const name = cluster.members.find((member) => member !== leader)!;
      await cluster.box(name).kill();
      cluster.emptyVolume(name);
      cluster.start(name);
      await waitFor(`${name} to answer`, async () => (await cluster.probe(name, 'livenessProbe')) === 204);
      await unseal(name);
    },
    async 'all members lose power, and come back in any order'() {
      for (const name of cluster.members) cluster.box(name).signal('SIGKILL');
      await waitFor('the end of all', async () => cluster.members.every((name) => !cluster.box(name).isRunning));
      const order = draw.shuffled(cluster.members);
      for (const name of order) cluster.start(name);
      for (const name of order) {
        await waitFor(`${name} to answer`, async () => (await cluster.probe(name, 'livenessProbe')) === 204);
        await unseal(name);
      }
    },
    async 'the leader is stopped while the API server does not answer'(writer) {
      const leader = await anyLeader();
      cluster.apiAnswers = false;
      try {
        await cluster.box(leader).stop();
        await awaitOther(leader);
        await writer.awaitNext();
        cluster.start(leader);
        await unseal(leader);
        await awaitReady();
      } finally {
        cluster.apiAnswers = true;
      }
    },
    async 'all are restarted for a change by a person, the leader last'(writer) {
      const before = await cluster.revisions();
      const changed = await cluster.change();
      // OnDelete: nobody else restarts, and thereby seals, a member.
      await sleep(3000);
      expect(await cluster.revisions()).toEqual(before);
      const leader = await anyLeader();
      for (const name of [...cluster.members.filter((member) => member !== leader), leader]) {
        await cluster.replace(name);
        await waitFor(`${name} to answer`, async () => (await cluster.probe(name, 'livenessProbe')) === 204);
        await writer.awaitNext();
        await unseal(name);
        await awaitReady();
      }
      expect(await cluster.revisions()).toEqual(cluster.members.map(() => changed));
    },
  } satisfies Record<string, (writer: Counting) => Promise<void>>;

  const names = Object.keys(faults) as (keyof typeof faults)[];
  const { drawn, draw, report } = roundsOf('vault', names, { usual: 1 });

  test.each(drawn)('$fault ($round)', async ({ fault }) => {
    // A token lasts an hour, many rounds take longer. A member that has just followed another leader may refuse.
    const admitted = await waitFor('a login', async () => {
      const answer = await login('security', 'shop.security').catch(() => undefined);
      return answer?.status === 200 && answer;
    });
    token = admitted.json().auth.client_token;
    const writer = write();
    try {
      await writer.awaitNext();
      const before = writer.acknowledged.length;
      await faults[fault](writer);
      await awaitReady();
      await writer.awaitNext();
      await writer.stop();
      acknowledged.push(...writer.acknowledged);
      const missing = await lost();
      const pause = writer.longestPause(before);
      report(`${fault}: no writes for ${pause.toFixed(1)} s, ${missing.length} of ${acknowledged.length} lost`);
      expect(missing).toEqual([]);
      expect(pause).toBeLessThan(LONGEST_PAUSE);
    } finally {
      await writer.stop();
    }
  });
});

test('the backup Job takes a snapshot, and a restore brings back what it had', async () => {
  expect((await put('jwt/kept', { value: 'kept' })).status).toBe(200);
  // Wherever the Service leads to: a standby does not pass such requests on.
  const leader = await waitFor('a leader', () => cluster.leader());
  const standby = cluster.members.find((name) => name !== leader)!;
  const env = { VAULT_ADDR: `http://${cluster.addresses[standby]}:8200` };
  const { code, output, root: box } = await cluster.job('CronJob', 'vault-backup', { env });
  expect({ code, output }).toEqual({
    code: 0,
    output: expect.stringMatching(/backup: vault-backup-\S+\.snap, \d+ bytes/),
  });
  expect((await put('jwt/later', { value: 'later' })).status).toBe(200);

  const folder = join(box, 'backup');
  const files = Object.fromEntries(
    readdirSync(folder).map((name) => [`/backup/${name}`, readFileSync(join(folder, name))]),
  );
  expect(await cluster.job('CronJob', 'vault-backup-restore', { files, env })).toMatchObject({
    code: 0,
    output: expect.stringContaining('is back'),
  });
  const kept = await waitFor('the restored secret', async () => {
    const answer = await get('jwt/kept').catch(() => undefined);
    return answer?.status === 200 && answer;
  });
  expect(kept.json().data.data).toEqual({ value: 'kept' });
  expect((await get('jwt/later')).status).toBe(404);
});

test('the backup Job outlasts the election of another leader', async () => {
  const leader = await waitFor('a leader', () => cluster.leader());
  const standby = cluster.members.find((name) => name !== leader)!;
  await cluster.box(leader).kill();
  const env = { VAULT_ADDR: `http://${cluster.addresses[standby]}:8200` };
  const { code, output } = await cluster.job('CronJob', 'vault-backup', { env });
  expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/backup: vault-backup-\S+\.snap/) });
  cluster.start(leader);
  await unseal(leader);
  await awaitReady();
});

test('an account that is no longer declared cannot log in any more', async () => {
  const without = rendered({ 'shop/security': security });
  const { code, output } = await cluster.job('Job', 'vault-configure', { objects: without.objects });
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('configure: done') });
  expect((await login('assets', 'shop.assets')).status).toBe(400);
  expect((await login('security', 'shop.security')).status).toBe(200);
});
