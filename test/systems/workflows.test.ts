import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { TAGS as versions } from '../../charts/homelab/tags.ts';
import { TAGS as stamps } from '../../charts/vinylvault/vinylvault.ts';
import type { Plain } from './environment.ts';

// The workflows that services call, and the promotion. GitHub does not run here: what is shell, is run.

const names = [
  'service-changes',
  'service-python',
  'service-image',
  'service-smoke',
  'service-deploy',
  'promote-stage',
];
const read = (name: string) => readFileSync(`.github/workflows/${name}.yml`, 'utf8');
const workflow = (name: string): Plain => load(read(name));
const stepsOf = (name: string): Plain[] => Object.values<Plain>(workflow(name).jobs).flatMap(({ steps }) => steps);
const scriptOf = (name: string, match: (step: Plain) => boolean): string => stepsOf(name).find(match).run;

describe.each(names)('%s', (name) => {
  const text = read(name);

  test('takes actions by commit, and images by digest', () => {
    for (const [, action] of text.matchAll(/uses: (\S+)/g)) expect(action).toMatch(/@[0-9a-f]{40}$/);
    for (const [, image] of text.matchAll(/(ghcr\.io\/aquasecurity\S+)/g))
      expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  test('says what its token may do, and keeps expressions out of scripts, where they would be code', () => {
    expect(workflow(name).permissions).toBeDefined();
    for (const { run } of stepsOf(name)) expect(run ?? '').not.toContain('${{');
  });

  test('asks for inputs and outputs that there are', () => {
    const { on, jobs } = workflow(name);
    const { inputs, secrets = {} } = on.workflow_call ?? on.workflow_dispatch;
    for (const [, input] of text.matchAll(/inputs\.([\w-]+)/g)) expect(Object.keys(inputs)).toContain(input);
    for (const [, secret] of text.matchAll(/secrets\.([\w-]+)/g)) expect(Object.keys(secrets)).toContain(secret);
    const ids = stepsOf(name).map(({ id }) => id);
    for (const [, step] of text.matchAll(/steps\.([\w-]+)\./g)) expect(ids).toContain(step);
    for (const [, job] of text.matchAll(/jobs\.([\w-]+)\.outputs/g)) expect(Object.keys(jobs)).toContain(job);
  });

  test('has scripts that bash can read, and no kubectl that changes what Flux keeps', () => {
    for (const { run } of stepsOf(name)) {
      if (run) expect(spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' }).stderr).toBe('');
      expect(run ?? '').not.toMatch(/kubectl[^\n]* (apply|set|patch|delete|edit|scale|create)\b|kustomize build/);
    }
  });
});

describe('tags', () => {
  const script = scriptOf('service-image', ({ id }) => id === 'tags');
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tags-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (env: Record<string, string>) => {
    const output = join(folder, 'output');
    writeFileSync(output, '');
    const { status, stderr } = spawnSync('bash', ['--norc', '-e', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
        GITHUB_OUTPUT: output,
        RUNNER_TEMP: join(folder, 'temp'),
        CONTEXT: '.',
        ...env,
      },
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return readFileSync(output, 'utf8').trim();
  };

  test("of Vinyl Vault have the form that staging's policies order", () => {
    const env = {
      FORM: 'stamp',
      GITHUB_REF_NAME: 'develop',
      GITHUB_SHA: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
      ENVIRONMENT: '',
    };
    const [, tag] = /^tag=(.*)$/.exec(run(env))!;
    expect(tag).toMatch(new RegExp(stamps.stamped.replace('(?P<', '(?<')));
    expect(run({ ...env, GITHUB_REF_NAME: 'feature/New_Search' })).toMatch(/^tag=feature--ew--earch-0a1b2c3-\d{10}$/);
  });

  test('of the homelab are those of next-version, in the form that its policies order', () => {
    // npm, as the script calls it, and what the command prints.
    for (const name of ['bin', 'temp', '.fleet']) mkdirSync(join(folder, name));
    const npm = '#!/bin/bash\n[ "$1" = ci ] || printf "version=2.1.1\\ntag=v2.1.1-0a1b2c3-prod\\nalias=v2.1.1\\n"\n';
    writeFileSync(join(folder, 'bin/npm'), npm, { mode: 0o755 });
    const printed = run({ FORM: 'version', ENVIRONMENT: 'prod', GITHUB_REF_NAME: 'main', GITHUB_SHA: '' });
    const [, tag] = /^tag=(.*)$/m.exec(printed)!;
    expect(tag).toMatch(new RegExp(versions.within.replace('(?P<', '(?<')));
  });
});

describe('image', () => {
  // In place of docker: says what the folder has that it is to build, and keeps its builder from one run to the next.
  const docker = `#!/bin/bash
set -e
case "$1 $2" in
  'buildx rm') rm "$STATE/builder" ;;
  'buildx create') if [ -e "$STATE/builder" ]; then echo 'existing instance for "images" but no append mode' >&2; exit 1; fi
    cat "\${@: -1}" > "$STATE/builder" ;;
  'buildx build') (cd "\${@: -1}" && find . -type f | sort | paste -s) >> "$STATE/built" ;;
  'save --output') echo image > "$3" ;;
  'run --rm') cd "\${4%%:*}"; [ -e image.tar ]; [[ "$*" != *sarif* ]] || echo findings > findings.sarif ;;
esac
`;
  const gh = '#!/bin/bash\nfile=${@: -1}\nbase64 --decode < "${file#sarif=@}" | gunzip > "$STATE/reported"\n';
  const npm = '#!/bin/bash\n[ "$1" != ci ] || touch "${@: -1}/installed"\n';

  test('is built of the repository and nothing else, when it is scanned and when it is pushed; also a second time', () => {
    const folder = mkdtempSync(join(tmpdir(), 'image-'));
    const at = (...path: string[]) => join(folder, ...path);
    mkdirSync(at('bin'));
    for (const [name, text] of Object.entries({ docker, gh, npm }))
      writeFileSync(at('bin', name), text, { mode: 0o755 });
    for (const run of ['first', 'second']) {
      // A runner's folders are fresh in every job; what docker has on a machine is not.
      for (const name of ['temp', 'work/.fleet']) mkdirSync(at(run, name), { recursive: true });
      writeFileSync(at(run, 'work/Dockerfile'), 'FROM scratch\nCOPY . .\n');
      writeFileSync(at(run, 'work/.fleet/package.json'), '{}');
      const env = {
        PATH: `${at('bin')}:${process.env['PATH']}`,
        STATE: folder,
        RUNNER_TEMP: at(run, 'temp'),
        GITHUB_OUTPUT: at(run, 'temp/output'),
        FORM: 'version',
        CONTEXT: '.',
        IMAGE: 'registry.test:5000/app',
        INSECURE: 'true',
        TAG: 'v1.0.0',
        ALIAS: '',
        PLATFORMS: 'linux/arm64',
        ENVIRONMENT: 'prod',
        REGISTRY_USER: '',
        TRIVY: 'trivy',
        GITHUB_REPOSITORY: 'owner/app',
        GITHUB_SHA: '0a1b2c3',
        GITHUB_REF: 'refs/heads/main',
        FINDINGS: at(run, 'temp/scan/findings.sarif'),
      };
      for (const { run: script } of stepsOf('service-image')) {
        if (!script) continue;
        const { status, stderr } = spawnSync('bash', ['--norc', '-e', '-c', script], {
          cwd: at(run, 'work'),
          encoding: 'utf8',
          env,
        });
        expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: '' });
      }
      expect(readFileSync(env.GITHUB_OUTPUT, 'utf8')).toContain(`findings=${env.FINDINGS}\n`);
    }
    expect(readFileSync(at('built'), 'utf8').trim().split('\n')).toEqual(Array(4).fill('./Dockerfile'));
    expect(readFileSync(at('builder'), 'utf8')).toContain('[registry."registry.test:5000"]\nhttp = true\n');
    expect(readFileSync(at('reported'), 'utf8')).toBe('findings\n');
    rmSync(folder, { recursive: true });
  });
});

const withJq = spawnSync('jq', ['--version']).status === 0 ? describe : describe.skip;

withJq('what changed', () => {
  const script = scriptOf('service-changes', ({ id }) => id === 'changes');
  const services = '["services/backend","services/back","web"]';
  let repo: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repo, '-c', 'user.name=a', '-c', 'user.email=a@b.test', ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  const commit = (...files: string[]) => {
    for (const file of files) {
      mkdirSync(join(repo, file, '..'), { recursive: true });
      writeFileSync(join(repo, file), file);
    }
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message=change');
    return git('rev-parse', 'HEAD');
  };
  beforeAll(() => {
    repo = mkdtempSync(join(tmpdir(), 'changes-'));
    git('init', '--quiet');
  });
  afterAll(() => rmSync(repo, { recursive: true }));

  const changed = (BEFORE: string, SHARED = '[]') => {
    const output = join(repo, '.git/output');
    writeFileSync(output, '');
    const env = { ...process.env, SERVICES: services, SHARED, BEFORE, GITHUB_OUTPUT: output };
    const { status, stderr } = spawnSync('bash', ['--norc', '-e', '-c', script], { cwd: repo, encoding: 'utf8', env });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return JSON.parse(readFileSync(output, 'utf8').replace('services=', ''));
  };

  test('is the services whose folder was touched, all of them at first or when what they share was', () => {
    const first = commit('services/backend/a', 'web/a', 'libs/a');
    expect(changed('0'.repeat(40))).toEqual(['services/backend', 'web']);
    const second = commit('web/b');
    expect(changed(first)).toEqual(['web']);
    commit('README.md');
    expect(changed(second)).toEqual([]);
    const third = git('rev-parse', 'HEAD');
    commit('libs/b');
    expect(changed(third, '["libs"]')).toEqual(JSON.parse(services));
  });
});

describe('deploy', () => {
  const script = scriptOf('service-deploy', ({ id }) => id === 'commit');
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('commits the tags after what another service committed in between', () => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', FOLDER: folder, CLUSTER: 'homelab', BRANCH: 'main' };
    const bash = (text: string, cwd = folder) =>
      execFileSync('bash', ['-c', `set -euo pipefail\n${text}`], {
        cwd,
        env: { ...env, PATH: `${folder}/bin:${process.env['PATH']}`, TAGS: '["web=v2.0.0", "api=v3.0.0"]' },
        encoding: 'utf8',
        stdio: 'pipe',
      });
    bash(`git init --quiet --bare --initial-branch=main fleet.git
for clone in mine other; do git clone --quiet fleet.git $clone; git -C $clone config user.name a; git -C $clone config user.email a@b; done
mkdir -p bin mine/clusters && echo none > mine/clusters/tags
cd mine && git add . && git commit --quiet --message first && git push --quiet origin HEAD:main`);
    // In place of npm: writes what it is given, the first time while another service pushes.
    writeFileSync(
      join(folder, 'bin/npm'),
      `#!/bin/sh
set -e
echo "$*" > clusters/tags
[ -e "$FOLDER/raced" ] && exit 0
touch "$FOLDER/raced"
cd "$FOLDER/other" && git pull --quiet origin main && echo other > clusters/other && git add . && git commit --quiet -m other && git push --quiet origin HEAD:main
`,
      { mode: 0o755 },
    );
    bash(script, join(folder, 'mine'));
    expect(bash('git log --format=%s main', join(folder, 'fleet.git')).trim().split('\n')).toEqual([
      'Run web=v2.0.0 api=v3.0.0 in homelab',
      'other',
      'first',
    ]);
    expect(bash('git show main:clusters/tags', join(folder, 'fleet.git'))).toBe(
      'run --silent tag -- homelab web=v2.0.0 api=v3.0.0\n',
    );
    // Again: nothing to do.
    bash(script, join(folder, 'mine'));
  });
});

test('the smoke test waits for longer than Flux takes to look for a tag, to fetch its commit and to roll it out', () => {
  const [repository] = loadAll(readFileSync('clusters/vinyl/vinylvault-staging/images.yaml', 'utf8'))
    .map((object): Plain => object as Plain)
    .filter(({ kind }) => kind === 'ImageRepository');
  const looks = Number(/^(\d+)m$/.exec(repository!.spec.interval)![1]);
  expect(workflow('service-smoke').on.workflow_call.inputs.minutes.default).toBeGreaterThanOrEqual(looks + 5);
});

test('a promotion is a pull request of a branch that is checked, and nothing where nothing differs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'promote-'));
  const script = scriptOf('promote-stage', ({ name }) => name === 'open the pull request');
  const bash = (text: string) =>
    execFileSync('bash', ['-c', `set -euo pipefail\n${text}`], {
      cwd: folder,
      env: {
        PATH: `${folder}/bin:${process.env['PATH']}`,
        GIT_CONFIG_GLOBAL: '/dev/null',
        HOME: folder,
        CLUSTER: 'vinyl',
        FROM: 'staging',
        TO: 'production',
        GITHUB_RUN_ID: '7',
      },
      encoding: 'utf8',
      stdio: 'pipe',
    });
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/gh'), `#!/bin/sh\necho "$*" >> ${folder}/asked\n`, { mode: 0o755 });
  bash(`git init --quiet --bare --initial-branch=main fleet.git
git clone --quiet fleet.git mine
cd mine && mkdir clusters && echo old > clusters/tags && git add . && git -c user.name=a -c user.email=a@b commit --quiet --message first
git push --quiet origin HEAD:main`);
  const run = () => bash(`cd mine\n${script}`);
  run();
  bash('[ ! -e asked ]; echo new > mine/clusters/tags');
  run();
  const branch = 'promote-vinyl-production-7';
  expect(bash('cat asked').trim().split('\n')).toEqual([
    `pr create --head ${branch} --title Promote production of vinyl --body-file promotion`,
    `workflow run check.yml --ref ${branch}`,
  ]);
  expect(bash(`git -C fleet.git show ${branch}:clusters/tags`)).toBe('new\n');
  expect(workflow('promote-stage').permissions).toMatchObject({ actions: 'write' });
  rmSync(folder, { recursive: true });
});
