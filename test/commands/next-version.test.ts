import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runner, type Workspace, workspace } from '../workspace.ts';

let space: Workspace;
let repo: string;
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'test'],
      [`GIT_${who}_EMAIL`, 'test@example.test'],
    ]),
  ),
};
const git = (...args: string[]) =>
  execFileSync('git', ['-C', repo, ...args], { env, encoding: 'utf8', stdio: 'pipe' }).trim();

beforeAll(() => {
  space = workspace('charts');
});
afterAll(() => space.remove());
beforeEach(() => {
  repo = mkdtempSync(join(tmpdir(), 'next-version-'));
  git('init', '--quiet', '--initial-branch=main');
});

afterEach(() => rmSync(repo, { recursive: true }));

function commit(message: string, folder = 'backend', ...tags: string[]) {
  mkdirSync(join(repo, folder), { recursive: true });
  writeFileSync(join(repo, folder, 'file'), message);
  git('add', '--all');
  git('commit', '--quiet', `--message=${message}`);
  for (const tag of tags) git('tag', tag);
  return git('rev-parse', '--short=7', 'HEAD');
}

const next = async (...args: string[]) => {
  const { status, stdout, stderr } = await space.call('next-version', '--repo', repo, ...args);
  return status === 0 ? stdout.trim() : `${status}: ${stderr.trim()}`;
};

describe('next-version', () => {
  test("prints the plan's tag of the checked-out commit, counted from the last version", async () => {
    commit('first');
    commit('feat: a', 'backend', 'v2.1.0');
    const sha = commit('fix: b');
    expect(space.run('next-version', '--repo', repo)).toMatchObject({ status: 0, stdout: `v2.1.1-${sha}-prod\n` });
    expect(await next('--environment', 'dev')).toBe(`v2.1.1-${sha}-dev`);
    expect(await next('--format', 'github')).toMatch(
      new RegExp(`^version=2.1.1\ntag=v2.1.1-${sha}-prod\nalias=v2.1.1\nsha=${sha}[0-9a-f]{33}$`),
    );
    expect(JSON.parse(await next('--format', 'json'))).toMatchObject({ version: 1, next: '2.1.1', alias: 'v2.1.1' });
  });

  test('a service of a monorepo moves by its own commits alone', async () => {
    commit('first', 'backend', 'v1.0.0');
    const backend = commit('feat: search', 'backend');
    const frontend = commit('fix: colours', 'frontend');
    expect(await next('--path', 'backend')).toBe(`v1.1.0-${backend}-prod`);
    expect(await next('--path', 'frontend')).toBe(`v1.0.1-${frontend}-prod`);
  });

  test('a merge counts as much as the most of what it brought', async () => {
    commit('first', 'backend', 'v1.0.0');
    git('switch', '--quiet', '--create', 'search');
    commit('feat: search');
    git('switch', '--quiet', 'main');
    git('merge', '--quiet', '--no-ff', '--message=Merge branch search', 'search');
    expect(await next()).toMatch(/^v1\.1\.0-/);
  });

  test('refuses part of a history, where no commit can be counted', async () => {
    commit('first');
    commit('second');
    const whole = repo;
    repo = mkdtempSync(join(tmpdir(), 'next-version-'));
    execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${whole}`, repo], { env, stdio: 'pipe' });
    expect(await next()).toContain('fetch-depth: 0');
    rmSync(whole, { recursive: true });
  });

  test.each([
    ['a folder that is no repository', () => ['--repo', tmpdir()], 'git rev-parse failed'],
    ['a path that nothing touches', () => ['--path', 'nowhere'], 'nowhere: no commit touches it'],
    ['a place that no tag can end with', () => ['--environment', 'prod-2'], 'letters a-z alone'],
  ])('refuses %s', async (_, args, message) => {
    commit('first');
    expect(await next(...args())).toContain(message);
  });
});

test('says that git is missing where it is', () => {
  const { folder } = space;
  const { status, stderr } = spawnSync(process.execPath, [...runner(folder), 'main.ts', 'next-version'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: '' },
  });
  expect([status, stderr]).toEqual([1, 'error: .: git is not installed\n']);
});

test('registries prints what K3s reads, or says that it needs nothing', async () => {
  const { stdout } = space.run('registries', 'homelab');
  expect(stdout).toContain('mirrors:\n  registry.homelab.example.net:5000:\n    endpoint:\n    - http://');
  expect(await space.call('registries', 'vinyl')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('by HTTPS'),
  });
});
