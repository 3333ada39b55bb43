// clusters/ as the programs of others read it, with nothing arranged for them: what they find is what synth rendered.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { RenderedObject } from '../../imports/environment.ts';
import { writeStandardSchemas } from './standard-schemas.ts';
import { built } from './targets.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const environments = readdirSync(join(root, 'clusters')).filter((name) => !name.startsWith('.'));

let scratch: string;
/** Beside the repository, which flate copies while it writes here. */
let cache: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'readers-'));
  cache = mkdtempSync(join(tmpdir(), 'readers-cache-'));
  cpSync(join(root, 'clusters'), join(scratch, 'clusters'), { recursive: true });
  for (const environment of environments) bootstrap(environment);
  execFileSync('git', ['init', '--quiet', scratch]);
});
afterAll(() => {
  for (const folder of [scratch, cache]) rmSync(folder, { recursive: true });
});

interface Answer {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** In a network of its own, where nothing answers: whoever asks somebody is found out. */
function run(program: string, args: readonly string[]): Promise<Answer> {
  const options = { cwd: scratch, maxBuffer: 1 << 28, env: { ...process.env, HOME: scratch, NO_COLOR: '1' } };
  const alone = ['--map-root-user', '--net', '--', program, ...args];
  return new Promise((resolve) => {
    execFile('unshare', alone, options, (error, output, errors) => {
      resolve({ code: error ? Number(error.code) || 1 : 0, output, errors });
    });
  });
}

/** `action` of each, as many at once as there are cores. */
async function eachOf<T>(items: readonly T[], action: (item: T) => Promise<void>) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

const read = (path: string) => loadAll(readFileSync(join(scratch, path), 'utf8')) as RenderedObject[];
const objectsIn = (output: string) => (loadAll(output) as (RenderedObject | null)[]).filter((each) => each !== null);
const idOf = ({ apiVersion, kind, metadata }: RenderedObject) =>
  [apiVersion, kind, metadata.namespace, metadata.name].join(' ');
const byId = (objects: readonly RenderedObject[]) => new Map(objects.map((object) => [idOf(object), object]));

/** What the kustomization of a folder lists, read as YAML and no more. */
function listedIn(folder: string): RenderedObject[] {
  const [{ resources }] = read(`${folder}/kustomization.yaml`) as unknown as [{ resources: readonly string[] }];
  return resources.flatMap((resource) => read(`${folder}/${resource}`));
}

const foldersOf = (environment: string) =>
  readdirSync(join(scratch, 'clusters', environment))
    .map((name) => `clusters/${environment}/${name}`)
    .filter((folder) => existsSync(join(scratch, folder, 'kustomization.yaml')));

/** The Flux Kustomizations of an environment, each with the file it stands in. */
const stepsOf = (environment: string) =>
  ['infrastructure.yaml', 'apps.yaml']
    .map((name) => `clusters/${environment}/${name}`)
    .filter((file) => existsSync(join(scratch, file)))
    .flatMap((file) =>
      read(file).map(({ metadata, ...rest }) => ({ file, name: metadata.name, path: `${rest['spec'].path}`.slice(2) })),
    );

describe.each(environments)('%s', (environment) => {
  test('kustomize build finds the objects of every folder', async () => {
    const program = join(built('readers'), 'kustomize');
    const folders = [`clusters/${environment}`, ...foldersOf(environment)];
    expect(folders.length).toBeGreaterThan(5);
    await eachOf(folders, async (folder) => {
      const { code, output, errors } = await run(program, ['build', folder]);
      expect([code, errors]).toEqual([0, '']);
      expect(byId(objectsIn(output))).toEqual(byId(listedIn(folder)));
    });
  });

  test('flux build kustomization finds the same, with its labels', async () => {
    const program = join(built('flux-cli'), 'flux');
    const steps = stepsOf(environment);
    expect(steps.length).toBeGreaterThan(3);
    await eachOf(steps, async ({ file, name, path }) => {
      const args = ['build', 'kustomization', name, '--path', path, '--kustomization-file', file, '--dry-run'];
      const { code, output, errors } = await run(program, args);
      expect([name, code, errors]).toEqual([name, 0, '']);
      const found = objectsIn(output).map(({ metadata, ...rest }) => {
        const { labels = {}, ...others } = metadata as RenderedObject['metadata'] & { labels?: Record<string, string> };
        const { 'kustomize.toolkit.fluxcd.io/name': by, 'kustomize.toolkit.fluxcd.io/namespace': of, ...own } = labels;
        expect([by, of]).toEqual([name, 'flux-system']);
        return { ...rest, metadata: { ...others, ...(Object.keys(own).length && { labels: own }) } } as RenderedObject;
      });
      expect(byId(found)).toEqual(byId(listedIn(path)));
    });
  });

  test('flate passes every Kustomization of the repository', async () => {
    const folder = join(scratch, 'clusters', environment);
    const { output } = await flate('test', 'ks', '--path', folder);
    const lines = [...output.matchAll(/^ +([✓✗⊘]) +(\w+) +(\S+\/\S+)/gm)].map(([, mark, kind, name]) => ({
      mark,
      kind,
      name,
    }));
    const passed = lines.flatMap(({ mark, kind, name }) => (mark === '✓' && kind === 'Kustomization' ? [name] : []));
    const failed = lines.filter(({ mark }) => mark === '✗');
    const steps = stepsOf(environment).map(({ name }) => `flux-system/${name}`);
    expect({ passed, output }).toEqual({ passed: expect.arrayContaining(steps), output: expect.any(String) });
    // Charts, and what their sources bring, are elsewhere.
    const elsewhere = /^(HelmRelease|OCIRepository|HelmRepository|GitRepository)$/;
    expect(failed.filter(({ kind }) => !elsewhere.test(kind!))).toEqual([]);
  });
});

const flate = (...args: readonly string[]) =>
  run(join(built('flate'), 'flate'), [...args, '--no-progress', `--cache-dir=${cache}`, '--source-retry-attempts=1']);

test('flux bootstrap git knows every flag that a document gives it', async () => {
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs')).flatMap((name) => (/\.md$/.test(name) ? `docs/${name}` : [])),
  ];
  const given = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/\\\n\s*/g, '');
    return (text.match(/flux bootstrap git .*/g) ?? []).flatMap((command) => command.match(/--[a-z-]+/g) ?? []);
  });
  expect(given.length).toBeGreaterThan(9);
  const { output } = await run(join(built('flux-cli'), 'flux'), ['bootstrap', 'git', '--help']);
  const known = new Set(output.match(/--[a-z-]+/g));
  expect([...new Set(given)].filter((flag) => !known.has(flag))).toEqual([]);
});

/** What `flux bootstrap` adds. */
function bootstrap(environment: string) {
  const folder = join(scratch, 'clusters', environment, 'flux-system');
  const source = { kind: 'GitRepository', name: 'flux-system' };
  const metadata = { name: 'flux-system', namespace: 'flux-system' };
  const objects = [
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata,
      spec: { interval: '1m', url: 'ssh://git@github.com/you/fleet', ref: { branch: 'main' } },
    },
    {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata,
      spec: { interval: '10m', path: `./clusters/${environment}`, prune: true, sourceRef: source },
    },
  ];
  const list = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['gotk-sync.yaml'],
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'gotk-sync.yaml'), objects.map((each) => JSON.stringify(each)).join('\n---\n'));
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(list));
}

test('kubeconform takes every object, strictly, by the shapes that are derived from the API server', async () => {
  const folder = join(scratch, 'schemas');
  writeStandardSchemas(folder);
  const location = `${folder}/{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json`;
  // kustomize's own files are no objects of a cluster.
  const args = ['-strict', '-output=json', '-summary', '-skip=kustomize.config.k8s.io/v1beta1/Kustomization'];
  const check = async (path: string) => {
    const { output } = await run(join(built('readers'), 'kubeconform'), [...args, '-schema-location', location, path]);
    return JSON.parse(output) as { resources?: readonly object[]; summary: Record<string, number> };
  };
  const { resources, summary } = await check('clusters');
  expect(resources ?? []).toEqual([]);
  const all = environments.flatMap((environment) => foldersOf(environment).flatMap(listedIn));
  expect(summary['valid']).toBeGreaterThanOrEqual(all.length);

  // It would say so.
  const wrong = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { prots: [] } };
  writeFileSync(join(scratch, 'wrong.yaml'), JSON.stringify(wrong));
  expect((await check('wrong.yaml')).summary['invalid']).toBe(1);
});

describe('a new tag', () => {
  const file = 'clusters/findly-dev/fn-notifications/fn-notifications.yaml';
  const image = 'us-central1-docker.pkg.dev/findly-now/services/fn-notifications';
  let before: string;
  beforeAll(() => {
    before = mkdtempSync(join(tmpdir(), 'readers-'));
    cpSync(join(scratch, 'clusters'), join(before, 'clusters'), { recursive: true });
    execFileSync('git', ['init', '--quiet', before]);
    const text = readFileSync(join(scratch, file), 'utf8');
    writeFileSync(join(scratch, file), text.replace(`${image}:v1.0.0`, `${image}:v1.1.0`));
  });
  afterAll(() => rmSync(before, { recursive: true }));

  test('is one change to dyff, of the object and the container by name', async () => {
    const program = join(built('readers'), 'dyff');
    const { output } = await run(program, ['between', '-b', '-c=off', '-o=github', join(before, file), file]);
    expect(output.trim().split('\n')).toEqual([
      '@@ spec.template.spec.containers.fn-notifications.image @@',
      '# apps/v1/Deployment/fn-notifications/fn-notifications',
      '! ± value change',
      `- ${image}:v1.0.0`,
      `+ ${image}:v1.1.0`,
    ]);
  });

  test('is one image to flate', async () => {
    const paths = ['--path=clusters/findly-dev', `--path-orig=${join(before, 'clusters/findly-dev')}`];
    const { output } = await flate('diff', 'images', ...paths, '-o=json');
    expect(JSON.parse(output)).toEqual([`${image}:v1.1.0`]);
  });
});
