// docs/json.md against what every command prints, both ways. Here, since so many processes are too slow for `npm test`.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { documentedShapes, Shapes } from '../json-shapes.ts';
import { files as caseFiles, casesOf } from '../synth/review/cases.ts';
import { type Workspace, workspace } from '../workspace.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const shapes = documentedShapes();

let space: Workspace;
const git = (...args: string[]) => execFileSync('git', ['-C', space.folder, ...args], { encoding: 'utf8' });

function edit(path: string, from: string, to: string) {
  const text = readFileSync(join(space.folder, path), 'utf8');
  expect(text).toContain(from);
  space.save(path, text.replaceAll(from, to));
}

interface Run {
  /** What the command needs to find before. */
  readonly given?: () => unknown;
  readonly args: readonly string[];
  readonly input?: string;
  /** Exit code. @default 0 */
  readonly code?: number;
}

const home = 'charts/environments/home.ts';
const system = 'charts/shop/shop.ts';
const dev = 'charts/environments/findly-dev.ts';
const service = 'clusters/findly-dev/fn-notifications/fn-notifications.yaml';
const migration = 'clusters/findly-dev/fn-notifications-stores/migration.yaml';

/** By the heading in the page. Later ones stand on what earlier ones left. */
const runs: Readonly<Record<string, readonly Run[]>> = {
  new: [
    { args: ['new', 'env', 'home'] },
    { args: ['new', 'system', 'shop'] },
    { args: ['new', 'service', 'shop', 'cart'] },
  ],
  synth: [
    {
      given: () => {
        edit(home, 'import { platform }', "import { shop } from '../shop/shop.ts';\nimport { platform }");
        edit(home, '    }),\n  ],', "    }),\n    shop({ host: 'shop.example.org' }),\n  ],");
        edit(system, 'import type { System }', "import { addCart } from './cart.ts';\nimport type { System }");
        edit(system, "'images');", "'images');\n    addCart(chart, images);");
      },
      args: ['synth', 'home', 'lab'],
    },
    { given: () => edit(system, '    addCart(chart, images);\n', ''), args: ['synth', 'home'] },
    { given: () => edit(dev, 'min: 1, max: 3', 'min: 0, max: 3'), args: ['synth', 'findly-dev'], code: 1 },
  ],
  'synth --diff-env': [
    { given: () => edit(dev, 'min: 0, max: 3', 'min: 1, max: 3'), args: ['synth', '--diff-env', 'home', 'findly-dev'] },
    { args: ['synth', '--diff-env', 'findly-dev', 'findly-prod'] },
  ],
  check: [
    {
      given: () => space.write('foreign/a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, nam: b}\n'),
      args: ['check', 'foreign'],
      code: 1,
    },
  ],
  explain: [
    { args: ['explain', 'lab', 'Deployment/lab/ledger'] },
    { args: ['explain', 'lab', 'StatefulSet/lab/postgresql'] },
    { args: ['explain', 'lab', 'Secret/lab/postgresql-ledger'] },
    { args: ['explain', 'studio', 'Ingress/monitoring/prometheus'] },
  ],
  review: [
    {
      given: () => {
        git('add', '.');
        git('commit', '--quiet', '--message', 'feat: a shop');
        edit(system, "size: 'small'", "size: 'medium'");
        expect(space.run('synth', 'home').status).toBe(0);
        edit('clusters/lab/lab/ledger.yaml', 'limits:', 'limits:\n              cpu: "1"');
        writeFileSync(join(space.folder, 'clusters/lab/lab/catalog.yaml'), 'kind: [');
      },
      args: ['review', '--base', 'HEAD'],
    },
  ],
  promote: [
    {
      given: () => {
        git('checkout', '--quiet', 'clusters/lab');
        for (const file of [service, migration]) edit(file, ':v1.0.0 # {"$imagepolicy"', ':v1.1.0 # {"$imagepolicy"');
        rmSync(join(space.folder, 'clusters/findly-prod/dashboards/services.yaml'));
      },
      args: ['promote', 'findly-dev', 'findly-prod', '--only', 'fn-notifications'],
      code: 1,
    },
  ],
  'promote-stage': [
    {
      given: () =>
        edit(
          'clusters/vinyl/vinylvault-staging/frontend.yaml',
          ':develop-0000000-1735689600',
          ':develop-1111111-1735689700',
        ),
      args: ['promote-stage', 'vinyl', 'staging', 'production'],
    },
  ],
  map: [
    { args: ['map', 'studio'] },
    { given: () => edit(home, "memory: '16Gi'", "memory: '2Gi'"), args: ['map', 'home'] },
  ],
  fit: [{ args: ['fit', 'home'], code: 1 }, { args: ['fit', 'studio'] }],
  handbook: [{ args: ['handbook', 'studio', '--check'], code: 1 }],
  seal: [{ args: ['seal', 'findly-dev'], code: 1 }],
  'seal secret': [
    {
      given: () => {
        const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        space.write('public.pem', `${publicKey.export({ type: 'spki', format: 'pem' })}`);
      },
      args: ['seal', 'findly-dev', 'monitoring/grafana-admin', '--cert', 'public.pem'],
      code: 1,
    },
  ],
  'seal --all': [{ args: ['seal', 'findly-dev', '--all', '--cert', 'public.pem'], code: 1 }],
  registries: [{ args: ['registries', 'homelab'] }],
  'next-version': [{ args: ['next-version'] }],
  tag: [
    { args: ['tag', 'homelab', 'family-assistant-backend=v2.2.0-abcdef0-prod', '--check'] },
    { args: ['tag', 'homelab', 'family-assistant-backend=v2.0.0-abcdef0-prod', '--check'], code: 1 },
  ],
  source: [{ args: ['source', 'homelab'] }],
};

/** What needs a cluster or a registry: their own tests hold it to the page. */
const elsewhere = ['artifact', 'platforms', 'adopt', 'verify', 'leave'];

beforeAll(() => {
  space = workspace('charts', 'clusters');
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'you');
  git('config', 'user.email', 'you@example.org');
  writeFileSync(join(space.folder, '.git/info/exclude'), 'node_modules\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'feat: all');
});
afterAll(() => space?.remove());

describe('what commands print as JSON is what the page says', () => {
  const cases = Object.entries(runs).flatMap(([heading, each]) =>
    each.map((run) => [run.args.join(' '), heading, run] as const),
  );
  test.each(cases)('%s', (_, heading, { given, args, input = '', code = 0 }) => {
    given?.();
    const { status, stdout, stderr } = space.run({ input }, ...args, '--format', 'json');
    expect(stderr).toBe('');
    expect(shapes.problems(`## ${heading}`, JSON.parse(stdout))).toEqual([]);
    expect(status).toBe(code);
  });

  test('synth --watch, a line for every save', async () => {
    const watch = space.start('synth', 'findly-dev', '--watch', '--format', 'json');
    try {
      for (const [from, to] of [
        ['min: 1, max: 3', 'min: 2, max: 3'],
        ['min: 2, max: 3', 'min: 1, max: 3'],
      ] as const) {
        const line = await watch.line(/\n$/);
        expect(line.split('\n')).toHaveLength(2);
        expect(shapes.problems('## synth', JSON.parse(line))).toEqual([]);
        edit(dev, from, to);
      }
    } finally {
      await watch.interrupt();
    }
  });

  test('review, in every case that it has', () => {
    for (const { json } of caseFiles.flatMap(casesOf)) expect(shapes.problems('page', json)).toEqual([]);
  });

  test('and all that the page has occurs', () => {
    expect(shapes.unseen(['change', ...elsewhere.map((heading) => `## ${heading}`)])).toEqual([]);
  });

  test('a mistake on the command line is text on standard error', () => {
    const { status, stdout, stderr } = space.run('fit', 'nowhere', '--format', 'json');
    expect([status, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^error: nowhere: no such environment/)]);
  });
});

describe('the page', () => {
  test('has a section for every command, and no other', () => {
    const commands = [...read('main.ts').matchAll(/^(?:program|create)\n {2}\.command\('([\w-]+)'(.*)\)$/gm)]
      .filter(([, , hidden]) => !hidden)
      .map(([, name]) => name!);
    const described = new Set(shapes.headings.map((heading) => heading.split(' ')[0]!));
    // new has three, and one shape.
    const [first, ...rest] = [commands.filter((name) => !['env', 'system', 'service'].includes(name)), 'new'];
    expect([...described].sort()).toEqual([...first, ...rest].sort());
    expect([...Object.keys(runs), ...elsewhere].sort()).toEqual([...shapes.headings].sort());
  });

  test('is held to what it says', () => {
    const one = new Shapes('## a\n\n```shape\n{ version: 1, b?: [string | number], c: "x" | "y" }\n```\n');
    expect(one.problems('## a', { version: 2, c: 'z', d: 1 })).toEqual([
      '$.d: is not in the page',
      '$.version: 2 is no 1',
      '$.c: "z" is no alternative',
    ]);
    expect(one.problems('## a', { version: 1, b: [true], c: 'x' })).toEqual(['$.b[0]: true is no alternative']);
    expect(one.unseen()).toEqual(['## a']);
    expect(one.problems('## a', { version: 1, b: ['one'], c: 'x' })).toEqual([]);
    expect(one.unseen()).toEqual(['## a.b[]|2', '## a.c|2']);
    expect(() => new Shapes('## a\n\n```shape\n{ b: }\n```\n')).toThrow('half-way');
  });
});
