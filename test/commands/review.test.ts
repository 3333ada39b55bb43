import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ReviewOptions, review } from '../../commands/review.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-review-'));
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...words: string[]): string {
  const identity = [
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@localhost',
    '-c',
    'commit.gpgsign=false',
    '-c',
    'core.autocrlf=false',
  ];
  return execFileSync('git', [...identity, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  }).trim();
}

function write(path: string, content: string | Buffer) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

function commit(message = 'change'): string {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', message);
  return git('rev-parse', 'HEAD');
}

/** What the command prints, or the message it refuses with. */
async function run(options: Partial<ReviewOptions> = {}, ...paths: string[]): Promise<string> {
  const log = jest.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await review(paths, { repo: folder, format: 'text', ...options });
    return stripVTControlCharacters(log.mock.calls.flat().join('\n'));
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  } finally {
    log.mockRestore();
  }
}

const FLUX = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/home/apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
`;
const config = (value: string, name = 'config') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\ndata: {MODE: ${value}}\n`;

/** A cluster with one object on main, and a branch off it. */
function branched() {
  write('clusters/home/apps.yaml', FLUX);
  write('clusters/home/apps/config.yaml', config('a'));
  const base = commit('first');
  git('checkout', '--quiet', '-b', 'change');
  return base;
}

describe('review', () => {
  test('compares the work tree with where the branch left main, by name of the cluster', async () => {
    const base = branched();
    write('clusters/home/apps/config.yaml', config('b'));
    const page = await run();
    expect(page).toContain('home: changes behaviour');
    expect(page).toContain('ConfigMap shop/config: data.MODE a -> b (clusters/home/apps/config.yaml:1)');
    commit();
    git('checkout', '--quiet', 'main');
    write('clusters/home/apps/other.yaml', config('x', 'other'));
    commit('main moves on');
    git('checkout', '--quiet', 'change');
    // What main did since is no part of the change.
    const { base: from, environments } = JSON.parse(await run({ format: 'json' }));
    expect(from).toEqual({ ref: 'main', commit: base });
    expect(environments).toHaveLength(1);
    expect(environments[0].counts).toEqual({ added: 0, changed: 1, renamed: 0, removed: 0 });
    expect(environments[0].notes).toEqual([
      expect.stringMatching(/^main has 1 newer commit on these paths, since \w{10}; rebase to see what merging does$/),
    ]);
  });

  test('knows which Flux Kustomization applies an object, and what it does when that is gone', async () => {
    branched();
    rmSync(join(folder, 'clusters/home/apps/config.yaml'));
    write('clusters/home/apps/new.yaml', config('a', 'new'));
    expect(await run()).toContain('ConfigMap shop/config: deleted: Kustomization apps prunes it');
  });

  test("reads a stranger's tree: overlays, patches and folders outside of the cluster's own", async () => {
    write('base/kustomization.yaml', 'resources: [config.yaml]\n');
    write('base/config.yaml', config('a'));
    write('overlays/prod/kustomization.yaml', 'namespace: prod\nresources: [../../base]\n');
    write('cluster/apps.yaml', FLUX.replace('./clusters/home/apps', './overlays/prod'));
    commit();
    git('checkout', '--quiet', '-b', 'change');
    write('base/config.yaml', config('b'));
    const page = await run({}, 'cluster');
    expect(page).toContain('cluster: changes behaviour');
    expect(page).toContain('ConfigMap prod/config: data.MODE a -> b');
  });

  test('compares two commits without looking at the work tree, links included', async () => {
    write('apps/config.yaml', config('a'));
    commit();
    git('checkout', '--quiet', '-b', 'change');
    write('shared.yaml', config('b'));
    rmSync(join(folder, 'apps/config.yaml'));
    execFileSync('ln', ['-s', '../shared.yaml', join(folder, 'apps/config.yaml')]);
    commit();
    write('apps/config.yaml', config('not this'));
    expect(await run({ head: 'change' }, 'apps')).toContain('data.MODE a -> b');
  });

  test('says so where nothing changes', async () => {
    branched();
    expect(await run()).toBe('nothing changes');
    expect(JSON.parse(await run({ format: 'json' })).environments).toEqual([]);
  });

  test('places pods on the nodes it is given', async () => {
    branched();
    const pod = (memory: string) =>
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\nspec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api:1.0.0, resources: {requests: {memory: ${memory}}}}]}}}\n`;
    write('clusters/home/apps/api.yaml', pod('64Gi'));
    write('nodes.yaml', '- {name: pi, arch: arm64, cpu: "4", memory: 8Gi}\n');
    expect(await run({ nodes: join(folder, 'nodes.yaml') })).toContain(
      'one pod requests 0 CPU and 65536Mi, more than any of pi',
    );
  });

  test.each([
    ['git@github.com:shop/fleet.git', 'https://github.com/shop/fleet/blob/'],
    ['https://gitlab.com/shop/fleet.git', 'https://gitlab.com/shop/fleet/-/blob/'],
    ['ssh://git@git.example.org:2222/shop/fleet', 'https://git.example.org/shop/fleet/src/commit/'],
  ])('links to lines at %s', async (remote, address) => {
    branched();
    git('remote', 'add', 'origin', remote);
    write('clusters/home/apps/config.yaml', config('b'));
    const head = commit();
    expect(await run({ format: 'markdown', base: 'main' })).toContain(
      `](${address}${head}/clusters/home/apps/config.yaml#L1)`,
    );
  });
});

describe('bad input', () => {
  test('a folder that is no repository', async () => {
    rmSync(join(folder, '.git'), { recursive: true });
    expect(await run()).toBe(
      `refused: ${folder}: is no git repository with a work tree; review compares commits, so point --repo at one`,
    );
  });

  test("a folder of somebody else's, as a container's user meets it", async () => {
    process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = '1';
    try {
      expect(await run()).toBe(
        `refused: ${folder}: belongs to somebody else, and git does not trust it; git config --global --add safe.directory ${folder}`,
      );
    } finally {
      delete process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'];
    }
  });

  test('a base that does not exist', async () => {
    branched();
    expect(await run({ base: 'mian' })).toBe(
      'refused: mian: no such commit, branch or tag here (did you mean "main"?); fetch it first where it is only at the remote',
    );
  });

  test('no branch that is usually merged into', async () => {
    branched();
    git('branch', '--delete', '--force', 'main');
    expect(await run()).toBe(
      'refused: no branch main or master here, nor at origin; say what to compare with: --base <ref>',
    );
  });

  test('a shallow clone', async () => {
    branched();
    write('clusters/home/apps/config.yaml', config('b'));
    commit();
    git('checkout', '--quiet', 'main');
    commit('main moves on');
    const clone = mkdtempSync(join(tmpdir(), 'fleet-review-'));
    git(
      'clone',
      '--quiet',
      '--depth=1',
      '--no-single-branch',
      '--branch=change',
      `file://${folder}`,
      join(clone, 'shallow'),
    );
    try {
      expect(await run({ repo: join(clone, 'shallow'), base: 'origin/main' })).toMatch(
        /^refused: this clone is shallow, and does not reach back to where \w+ left origin\/main: git fetch --unshallow \(actions\/checkout: fetch-depth: 0\)$/,
      );
      expect(await run({ repo: join(clone, 'shallow'), base: 'v1' })).toContain(
        'this clone is shallow, and may lack it: git fetch --unshallow',
      );
    } finally {
      rmSync(clone, { recursive: true });
    }
  });

  test('histories without a common commit', async () => {
    branched();
    git('checkout', '--quiet', '--orphan', 'other');
    commit();
    expect(await run()).toMatch(
      /^refused: main and \w+ have no commit in common; compare with the branch this one started from$/,
    );
  });

  test('a repository without a commit', async () => {
    write('clusters/home/apps/config.yaml', config('b'));
    expect(await run({ base: 'main' })).toContain('refused: main: no such commit');
  });

  test('broken YAML on the side of the base is named, and the rest is reviewed', async () => {
    write('clusters/home/apps.yaml', FLUX);
    write('clusters/home/apps/config.yaml', config('a'));
    write('clusters/home/apps/broken.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "x\n');
    const base = commit();
    git('checkout', '--quiet', '-b', 'change');
    write('clusters/home/apps/broken.yaml', config('a', 'mended'));
    write('clusters/home/apps/config.yaml', config('b'));
    const page = await run();
    expect(page).toContain(`Not read\n  at ${base.slice(0, 10)} clusters/home/apps/broken.yaml:`);
    expect(page).toContain('1 changed, 1 new');
  });

  test('broken YAML on this side is named too', async () => {
    branched();
    write('clusters/home/apps/config.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "x\n');
    expect(await run()).toContain('Not read\n  clusters/home/apps/config.yaml:');
  });

  test('a huge binary that calls itself YAML is passed over, and said', async () => {
    branched();
    write('clusters/home/apps/dump.yaml', Buffer.alloc(33 * 2 ** 20, 1));
    write('clusters/home/apps/picture.yaml', Buffer.from([0x89, 0x50, 0, 0]));
    write('clusters/home/apps/config.yaml', config('b'));
    const page = await run();
    expect(page).toContain('clusters/home/apps/dump.yaml: it has 33 MiB and was not read');
    expect(page).toContain('clusters/home/apps/picture.yaml: it is not text in UTF-8 and was not read');
    expect(page).toContain('data.MODE a -> b');
  });

  test('line ends of Windows are no change', async () => {
    branched();
    write(
      'clusters/home/apps/script.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: script, namespace: shop}\ndata:\n  run.sh: |\n    a\n    b\n',
    );
    commit();
    write(
      'clusters/home/apps/script.yaml',
      'apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: script, namespace: shop}\r\ndata:\r\n  run.sh: |\r\n    a\r\n    b\r\n',
    );
    expect(await run({ base: 'HEAD' })).toBe('nothing changes');
  });

  test('a merge base far away is used, and its distance said', async () => {
    branched();
    write('clusters/home/apps/config.yaml', config('b'));
    commit();
    git('checkout', '--quiet', 'main');
    for (let i = 0; i < 15; i++) {
      write('clusters/home/apps/far.yaml', config(`v${i}`, 'far'));
      commit();
    }
    git('checkout', '--quiet', 'change');
    const page = await run();
    expect(page).toContain('1 changed');
    expect(page).toMatch(/main has 15 newer commits on these paths, since \w{10}; rebase to see what merging does/);
  });

  test('a path that neither side has', async () => {
    branched();
    expect(await run({}, 'clusters', 'cluster/prod')).toBe(
      'refused: cluster/prod: no such file or folder, neither now nor in the base',
    );
  });
});
