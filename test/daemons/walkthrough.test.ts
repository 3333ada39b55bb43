// docs/walkthrough.md in a copy of the repository, with a remote to push to. ACCEPT=1 writes what is printed into the page.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { RenderedObject } from '../../imports/environment.ts';
import { type Workspace, workspace } from '../workspace.ts';
import { Host, program, type Result, run } from './container.ts';
import { bin, Postgres } from './postgres.ts';
import { agrees, type Block, blocksOf, commandsOf, follow, patched } from './walkthrough.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = join(root, 'docs/walkthrough.md');
const page = readFileSync(path, 'utf8');
const blocks = blocksOf(page);

let scratch: string;
let space: Workspace;
let server: Postgres;
const jobs = new Map<string, Result>();

/** As `flux bootstrap` leaves the remote: a commit with the controllers, what they follow, and a list of both. */
const bootstrap = `
[ "$1 $2" = "bootstrap git" ]
shift 2
for argument; do
  case $argument in
    --path=*) folder=\${argument#--path=} ;;
    --url=* | --branch=* | --components-extra=*) ;;
    *) echo "unknown flag: $argument" >&2; exit 1 ;;
  esac
done
git clone --quiet "$(git remote get-url origin)" "$SCRATCH/bootstrap"
cd "$SCRATCH/bootstrap"
mkdir -p "$folder/flux-system"
cd "$folder/flux-system"
printf 'apiVersion: v1\\nkind: Namespace\\nmetadata:\\n  name: flux-system\\n' > gotk-components.yaml
printf 'apiVersion: source.toolkit.fluxcd.io/v1\\nkind: GitRepository\\nmetadata:\\n  name: flux-system\\n  namespace: flux-system\\nspec:\\n  interval: 1m\\n  url: ssh://git@github.com/you/fleet\\n' > gotk-sync.yaml
printf 'apiVersion: kustomize.config.k8s.io/v1beta1\\nkind: Kustomization\\nresources:\\n- gotk-components.yaml\\n- gotk-sync.yaml\\n' > kustomization.yaml
git add .
git commit --quiet --message 'Add Flux sync manifests'
git push --quiet`;

const kubeseal = `
[ "$*" = "--controller-namespace sealed-secrets --fetch-cert" ]
openssl req -x509 -newkey rsa:2048 -nodes -subj /O=sealed -keyout "$SCRATCH/sealing.key" 2> /dev/null`;

function environmentOf(folder: string) {
  const person = ['AUTHOR', 'COMMITTER'].flatMap((role) => [
    [`GIT_${role}_NAME`, 'you'],
    [`GIT_${role}_EMAIL`, 'you@example.org'],
  ]);
  const programs = join(folder, 'programs');
  program(programs, 'flux', `set -e\n${bootstrap}`);
  program(programs, 'kubeseal', `set -e\n${kubeseal}`);
  return {
    ...process.env,
    ...Object.fromEntries(person),
    SCRATCH: folder,
    NO_COLOR: '1',
    npm_config_loglevel: 'silent',
    PATH: `${programs}:${process.env['PATH']}`,
  };
}

/** Of the cluster at home, as it is committed. */
function rendered(): RenderedObject[] {
  const folder = join(space.folder, 'clusters/home/shop-stores');
  return readdirSync(folder).flatMap((file) => loadAll(readFileSync(join(folder, file), 'utf8')) as RenderedObject[]);
}

const object = (kind: string, name: string) => {
  const found = rendered().find((each) => each.kind === kind && each.metadata.name === name);
  if (!found) throw new Error(`${kind} ${name}: is not rendered`);
  return found;
};

/** A CronJob's pod, its containers one after the other, with the NAS where it is mounted. */
function start(cronJob: string): Promise<Result> {
  object('CronJob', cronJob);
  const pod = mkdtempSync(join(scratch, 'pod-'));
  symlinkSync(join(scratch, 'nas'), join(pod, 'shared'));
  const host = new Host(pod, rendered(), { superuser: 'x', monitor: 'x', password: 'x' }, [bin]);
  return host.run('CronJob', { PGHOST: server.folder }, cronJob);
}

/** An empty volume on a node that is there. */
function replace() {
  server.stop();
  server = new Postgres();
}

const said = (output: string): Result => ({ code: 0, output: `${output}\n` });
const kubectl: readonly [RegExp, (...words: string[]) => Result | Promise<Result>][] = [
  [
    /^-n shop create job (\S+) --from=cronjob\/(\S+)$/,
    async (job, cronJob) => {
      jobs.set(job!, await start(cronJob!));
      return said(`job.batch/${job} created`);
    },
  ],
  [
    /^-n shop wait --for=condition=complete job\/(\S+) --timeout=\d+m$/,
    (job) => {
      const { code, output } = jobs.get(job!)!;
      return code ? { code, output } : said(`job.batch/${job} condition met`);
    },
  ],
  [/^-n shop wait --for=condition=ready pod\/(database-0) --timeout=\d+m$/, (pod) => said(`pod/${pod} condition met`)],
  [
    /^-n shop exec database-0 -- psql (.*)$/,
    (args) =>
      run({
        program: 'sh',
        args: ['-c', `${join(bin, 'psql')} -h ${server.folder} ${args}`],
        env: { PATH: process.env['PATH']! },
      }),
  ],
  [
    /^delete node (node-1)$/,
    (node) => {
      expect(server.query('orders', 'SELECT count(*) FROM placed')).toEqual(['500']);
      return said(`node "${node}" deleted`);
    },
  ],
  [
    /^-n shop delete pvc (\S+)-(database)-0 --wait=false$/,
    (claim, store) => {
      const [template] = object('StatefulSet', store!)['spec'].volumeClaimTemplates;
      expect(claim).toBe(template.metadata.name);
      return said(`persistentvolumeclaim "${claim}-${store}-0" deleted`);
    },
  ],
  [
    /^-n shop delete pod (database-0) --force$/,
    (pod) => {
      replace();
      return said(`pod "${pod}" force deleted`);
    },
  ],
];

async function asCluster(command: string): Promise<Result> {
  for (const [pattern, answer] of kubectl) {
    const match = pattern.exec(command.replace(/^kubectl /, ''));
    if (match) return answer(...match.slice(1));
  }
  throw new Error(`${command}: nobody stands in for it`);
}

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'walkthrough-'));
  mkdirSync(join(scratch, 'nas'));
  space = workspace('charts', 'clusters');
  cpSync(join(root, '.gitignore'), join(space.folder, '.gitignore'));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: space.folder, env: environmentOf(scratch) });
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(space.folder, '.git/info/exclude'), 'node_modules\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'A clone');
  execFileSync('git', ['clone', '--quiet', '--bare', space.folder, join(scratch, 'remote')]);
  git('remote', 'add', 'origin', join(scratch, 'remote'));
  git('push', '--quiet', '--set-upstream', 'origin', 'main');
  server = new Postgres();
  server.create('orders');
});
afterAll(() => {
  server?.stop();
  space?.remove();
  rmSync(scratch, { recursive: true });
});

describe('the walkthrough', () => {
  const accepted: [Block, string][] = [];
  afterAll(() => {
    if (!process.env['ACCEPT']) return;
    const lines = page.split('\n');
    // From the end, so that lines before stay where they are.
    for (const [{ line, text }, answer] of accepted.reverse()) {
      lines.splice(line - 1, text.split('\n').length - 1, ...answer.replace(/\n$/, '').split('\n'));
    }
    writeFileSync(path, lines.join('\n'));
  });

  let broken = false;
  test.each(blocks.map((block) => [`${block.line}: ${block.text.split('\n')[0]}`, block] as const))(
    'line %s',
    async (_, block) => {
      // What follows a step that failed says nothing.
      expect(broken).toBe(false);
      broken = true;
      const walk = { folder: space.folder, env: environmentOf(scratch), kubectl: asCluster };
      const answer = await follow(walk, block);
      accepted.push([block, answer]);
      broken = false;
      if (!process.env['ACCEPT']) expect(answer).toBe(block.text);
    },
  );

  test('leaves the examples as they were', () => {
    const changed = execFileSync('git', ['diff', '--name-only', 'HEAD'], { cwd: space.folder, encoding: 'utf8' });
    expect(changed).toBe('');
    const since = ['log', '--format=', '--name-only', '--diff-filter=AMD', 'HEAD', `^${first()}`];
    const touched = execFileSync('git', since, { cwd: space.folder, encoding: 'utf8' }).split('\n').filter(Boolean);
    const foreign = /^(clusters|charts\/environments)\/(?!home|staging)|^charts\/(?!environments|shop)/;
    expect(touched.filter((file) => foreign.test(file) && !/homelab/.test(file))).toEqual([]);
  });
});

const first = () =>
  execFileSync('git', ['rev-list', '--max-parents=0', 'HEAD'], { cwd: space.folder, encoding: 'utf8' }).trim();

describe('following a page', () => {
  test('compares all but times and commits, and `...` stands for any lines', () => {
    expect(agrees('home  3 files  12 ms\n', 'home  3 files  8 ms\n')).toBe(true);
    expect(agrees('home  3 files  12 ms\n', 'home  4 files  12 ms\n')).toBe(false);
    expect(agrees('a\n...\nd\n', 'a\nb\nc\nd\n')).toBe(true);
    expect(agrees('a\n...\nd\n', 'a\nb\nc\n')).toBe(false);
    expect(agrees('', 'an error\n')).toBe(false);
  });

  test('knows commands from what they print, also over several lines', () => {
    const text = '$ one \\\n  two\nsays\n$ three\n';
    expect(commandsOf({ language: 'console', text })).toEqual([
      { command: 'one two', output: 'says\n' },
      { command: 'three', output: '' },
    ]);
  });

  test('edits one place, and refuses a diff that fits none or two', () => {
    expect(patched('a\nb\nc\n', ' a\n-b\n+x\n')).toBe('a\nx\nc\n');
    expect(() => patched('a\nb\n', '-x\n+y\n')).toThrow('0 places');
    expect(() => patched('a\na\n', '-a\n+y\n')).toThrow('2 places');
  });
});
