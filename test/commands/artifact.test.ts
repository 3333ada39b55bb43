import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type PushOptions, push } from '../../commands/oci/push.ts';
import type { OciSource } from '../../imports/source.ts';
import { jsonOf } from '../../synth/report.ts';
import { documentedShapes } from '../json-shapes.ts';
import { PASSWORD, type StandIn, standIn, USER } from './registry.ts';

let registry: StandIn;
let repo: string;
let docker: string;
const who = ['-c', 'user.name=owner', '-c', 'user.email=owner@example.test', '-c', 'commit.gpgsign=false'];
const git = (...words: string[]) =>
  execFileSync('git', ['-C', repo, ...who, ...words], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_COMMITTER_DATE: '2026-11-21T20:00:00+01:00' },
  }).trim();

function write(path: string, text: string) {
  mkdirSync(dirname(join(repo, path)), { recursive: true });
  writeFileSync(join(repo, path), text);
}

function commit(text: string, path = 'clusters/homelab/apps.yaml') {
  write(path, text);
  git('add', '--all');
  git('commit', '--quiet', `--message=${text}`);
}
const head = () => git('rev-parse', 'HEAD');

const facts = (more: Partial<OciSource> = {}) => ({
  name: 'homelab',
  repository: { kind: 'oci', url: 'ssh://git@git.test/fleet', branch: 'main', ...more } as const,
  registries: { own: { prefix: `${registry.host}/team`, insecure: true } },
});
const pushed = (options: PushOptions = {}, environment = facts()) => push(environment, repo, options);
const refusal = (options: PushOptions = {}, environment: Parameters<typeof push>[0] = facts()) =>
  push(environment, repo, options).then(
    () => 'not refused',
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );
const login = (config: object) => writeFileSync(join(docker, 'config.json'), JSON.stringify(config));

/** Everything but letters and digits counts in a password. */
const auth = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

beforeAll(() => {
  docker = mkdtempSync(join(tmpdir(), 'docker-'));
  process.env['DOCKER_CONFIG'] = docker;
});
afterAll(() => rmSync(docker, { recursive: true }));
beforeEach(async () => {
  registry = await standIn();
  login({});
});
afterEach(() => registry.close());

function repository() {
  repo = mkdtempSync(join(tmpdir(), 'artifact-'));
  git('init', '--quiet', '--initial-branch=main');
}
const noRepository = () => rmSync(repo, { recursive: true });

const manifest = () => JSON.parse(registry.manifests.get('team/fleet:homelab')!.toString());
/** What `tar` finds in the layer. */
const listed = () => {
  const layer = registry.blobs.get(manifest().layers[0].digest)!;
  const input = gunzipSync(layer);
  return execFileSync('tar', ['--list', '--verbose', '--full-time', '--utc', '--file=-'], { input, encoding: 'utf8' });
};

describe('what is pushed', () => {
  beforeEach(repository);
  afterEach(noRepository);

  test("has flux push artifact's form", async () => {
    commit('apps');
    const id = head();
    const all = await pushed();
    expect(documentedShapes().problems('## artifact', JSON.parse(jsonOf({ ...all })))).toEqual([]);
    const { current, artifact } = all;
    expect(current).toBe(true);
    expect(manifest()).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.cncf.flux.config.v1+json' },
      layers: [{ mediaType: 'application/vnd.cncf.flux.content.v1.tar+gzip' }],
      annotations: {
        'org.opencontainers.image.created': '2026-11-21T19:00:00Z',
        'org.opencontainers.image.revision': `main@sha1:${id}`,
        'org.opencontainers.image.source': 'ssh://git@git.test/fleet',
      },
    });
    expect(artifact).toMatchObject({ url: `oci://${registry.host}/team/fleet`, tag: 'homelab', files: 1 });
  });

  test('is what is committed of the environment, and nothing else: no other environment, no link, no file of the work tree', async () => {
    const long = `clusters/homelab/${'long/'.repeat(30)}ä.yaml`;
    write('clusters/studio/apps.yaml', 'other');
    write('clusters/homelab/run.sh', 'run');
    chmodSync(join(repo, 'clusters/homelab/run.sh'), 0o755);
    write(long, 'deep');
    symlinkSync('/etc/passwd', join(repo, 'clusters/homelab/link.yaml'));
    commit('apps');
    write('charts/notes.ts', 'not committed, and not of the tree');
    await pushed();
    const names = listed().trimEnd().split('\n');
    expect(names).toHaveLength(3);
    expect(names.join('\n')).toMatch(/^-rw-r--r-- 0\/0 +4 1970-01-01 00:00:00 clusters\/homelab\/apps\.yaml$/m);
    expect(names.join('\n')).toMatch(/^-rwxr-xr-x 0\/0 .* clusters\/homelab\/run\.sh$/m);
    expect(names.join('\n')).toContain('long/');
  });

  test('is the same of the same commit, wherever it is checked out', async () => {
    commit('apps');
    const first = await pushed();
    const other = mkdtempSync(join(tmpdir(), 'artifact-'));
    execFileSync('git', ['clone', '--quiet', repo, other], { stdio: 'pipe' });
    registry.manifests.clear();
    registry.blobs.clear();
    const second = await push(facts(), other, {});
    rmSync(other, { recursive: true });
    expect(second.artifact).toEqual(first.artifact);
  });
});

describe('a second run', () => {
  beforeEach(repository);
  afterEach(noRepository);

  test('pushes nothing', async () => {
    commit('apps');
    await pushed();
    registry.asked.length = 0;
    expect(await pushed()).toMatchObject({ pushed: false, current: true, blobs: { pushed: [], kept: [] } });
    expect(registry.asked).toEqual(['GET /v2/team/fleet/manifests/homelab']);
  });

  test('of a commit that left the tree as it is pushes the manifest alone', async () => {
    commit('apps');
    await pushed();
    commit('charts', 'charts/notes.ts');
    const { blobs } = await pushed();
    expect([blobs.pushed.length, blobs.kept.length]).toEqual([1, 2]);
  });

  test('finishes one that broke off: the tag comes last, so Flux sees all of it or nothing', async () => {
    commit('one');
    await pushed();
    const before = manifest();
    commit('two');
    registry.fault = (asked) => (asked === 'PUT /v2/team/fleet/manifests/homelab' ? 500 : undefined);
    expect(await refusal()).toContain('cannot write team/fleet (500 Internal Server Error, DENIED not today)');
    expect(manifest()).toEqual(before);
    registry.fault = undefined;
    const { blobs } = await pushed();
    expect([blobs.pushed.length, blobs.kept.length]).toEqual([1, 2]);
    expect(registry.asked.at(-1)).toBe('PUT /v2/team/fleet/manifests/homelab');
  });

  test('with --check only says what is there', async () => {
    commit('one');
    expect(await pushed({ check: true })).toMatchObject({ current: false, pushed: false });
    expect(registry.blobs.size).toBe(0);
    await pushed();
    expect(await pushed({ check: true })).toMatchObject({ current: true, pushed: false });
  });
});

describe('logs in', () => {
  beforeAll(() => {
    repository();
    commit('apps');
  });
  afterAll(noRepository);

  test.each(['basic', 'bearer'] as const)('by the %s challenge, with what docker login wrote', async (lock) => {
    registry.lock = lock;
    login({ auths: { [`http://${registry.host}/v1/`]: { auth } } });
    expect(await pushed()).toMatchObject({ pushed: true });
  });

  test('by a credential helper, and by a token that it keeps', async () => {
    const helper = (name: string, answer: object) => {
      writeFileSync(
        join(docker, `docker-credential-${name}`),
        `#!/bin/sh\ncat <<'END'\n${JSON.stringify(answer)}\nEND\n`,
      );
      chmodSync(join(docker, `docker-credential-${name}`), 0o755);
    };
    const path = process.env['PATH'];
    process.env['PATH'] = `${docker}:${path}`;
    helper('plain', { Username: USER, Secret: PASSWORD });
    helper('token', { Username: '<token>', Secret: PASSWORD });
    registry.lock = 'basic';
    login({ credsStore: 'token', credHelpers: { [registry.host]: 'plain' } });
    await pushed();
    registry.lock = 'bearer';
    login({ credsStore: 'token' });
    const token = await pushed();
    process.env['PATH'] = path;
    expect(token).toMatchObject({ current: true });
  });

  test('does not ask for a login where none is wanted', async () => {
    login({ credsStore: 'that-is-not-here' });
    expect(await pushed()).toMatchObject({ pushed: true });
  });

  test.each<[string, 'basic' | 'bearer', () => object, string]>([
    ['no login', 'basic', () => ({}), 'wants a login, and there is none (401); docker login'],
    ['no login', 'bearer', () => ({}), 'wants a login, and there is none (401); docker login'],
    [
      'a wrong one',
      'basic',
      () => ({ auths: { [registry.host]: { username: USER, password: 'x' } } }),
      'does not take the login that is there (401)',
    ],
    [
      'a wrong one',
      'bearer',
      () => ({ auths: { [registry.host]: { username: USER, password: 'x' } } }),
      'does not take the login that is there (401)',
    ],
    [
      'half of one',
      'basic',
      () => ({ auths: { [registry.host]: { auth: 'b3duZXI=' } } }),
      'is no base64 of user:password',
    ],
    [
      'a helper that is not installed',
      'basic',
      () => ({ credsStore: 'that-is-not-here' }),
      'docker-credential-that-is-not-here: not found',
    ],
  ])('refused: %s at %s', async (_, lock, config, message) => {
    registry.lock = lock;
    login(config());
    expect(await refusal()).toContain(message);
    expect(registry.manifests.size).toBe(0);
  });

  test('refused: a right that is missing', async () => {
    registry.fault = (asked) => (asked.startsWith('POST') ? 403 : undefined);
    expect(await refusal()).toBe(
      `Refusal: ${registry.host}: the login may not push to team/fleet (403, DENIED not today); ask its owner for that right`,
    );
  });
});

describe('refuses', () => {
  beforeEach(repository);
  afterEach(noRepository);

  test('a folder without git, without a commit, without the environment', async () => {
    const plain = mkdtempSync(join(tmpdir(), 'artifact-'));
    await expect(push(facts(), plain, {})).rejects.toThrow('is no git repository');
    rmSync(plain, { recursive: true });
    expect(await refusal()).toContain('has no commit yet');
    commit('readme', 'README.md');
    expect(await refusal()).toContain('clusters/homelab: nothing of it is committed; npm run synth -- homelab');
  });

  test('what is not committed below the environment: one would look at that, and push something else', async () => {
    commit('apps');
    write('clusters/homelab/apps.yaml', 'edited');
    write('clusters/homelab/new.yaml', 'new');
    expect(await refusal()).toContain('clusters/homelab/apps.yaml, clusters/homelab/new.yaml: not committed');
  });

  test('a commit that is not in the branch; of one that no remote has it says so', async () => {
    commit('apps');
    git('remote', 'add', 'origin', 'https://git.test/fleet');
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    expect((await pushed()).notes).toEqual([]);
    commit('more');
    expect((await pushed()).notes).toEqual([expect.stringContaining('is at no remote yet')]);
    git('switch', '--quiet', '--create', 'side');
    commit('side');
    expect(await refusal()).toMatch(/is not in main, which homelab follows; merge it, then git switch main/);
  });

  test('to undo what somebody else pushed, unless it is told to', async () => {
    commit('one');
    commit('two');
    const newer = head();
    await pushed();
    git('checkout', '--quiet', 'HEAD~1');
    expect(await refusal()).toContain(`has ${newer.slice(0, 7)}, which comes after`);
    git('switch', '--quiet', 'main');
    git('reset', '--quiet', '--hard', 'HEAD~1');
    commit('another two');
    expect(await refusal()).toContain(`has main@sha1:${newer}, which`);
    expect(await pushed({ force: true })).toMatchObject({ pushed: true });
  });

  test('a tag that is something else', async () => {
    commit('apps');
    registry.manifests.set(
      'team/fleet:homelab',
      Buffer.from('{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}'),
    );
    expect(await refusal()).toContain('is no artifact of Flux but something else');
  });

  test('a registry that is not there, and one that speaks no TLS', async () => {
    commit('apps');
    const at = (prefix: string, insecure: boolean) => facts({ registry: { prefix, insecure } });
    expect(await refusal({}, at(registry.host, false))).toContain('does not speak TLS');
    await registry.close();
    expect(await refusal({}, at(registry.host, true))).toContain(
      `${registry.host}: not reachable: nothing listens there`,
    );
  });

  test('an environment whose source is git', async () => {
    const repository = { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' } as const;
    expect(await refusal({}, { ...facts(), repository })).toContain(
      'homelab: its Flux reads git, so git push is all it needs',
    );
  });
});
