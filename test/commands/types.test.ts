import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Finding } from '../../synth/manifest.ts';
import { blocksOf, patched } from '../daemons/walkthrough.ts';
import { type Workspace, workspace } from '../workspace.ts';

// What the compiler says of a description, as findings of `synth`.

const biome = 'node_modules/@biomejs/biome/bin/biome';
const SYSTEM = 'charts/fn-notifications/fn-notifications.ts';

const compilerOptions = {
  ...JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions,
  tsBuildInfoFile: 'tsbuildinfo',
};

// The compiler begins without its cache here, beside all other tests.
jest.setTimeout(120_000);

let space: Workspace;
beforeAll(() => {
  space = workspace('charts', 'clusters/findly-dev');
  configure({});
});
afterAll(() => space.remove());

const configure = (options: object) =>
  space.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, include: ['charts'] }),
  );

const edit = (path: string, edits: Readonly<Record<string, string>>) => {
  const file = join(space.folder, path);
  const before = readFileSync(file, 'utf8');
  const after = Object.entries(edits).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, before);
  writeFileSync(file, after);
  return { before, after };
};

/** Findings of type errors, by environment, with `edits` made for this run. */
function typed(edits: Readonly<Record<string, string>>, ...environments: string[]) {
  const { before, after } = edit(SYSTEM, edits);
  const { status, stdout } = space.run('synth', '--check', '--format', 'json', ...environments);
  space.write(SYSTEM, before);
  const summaries: { findings: readonly Finding[] }[] = JSON.parse(stdout).environments;
  const lineOf = (text: string) => after.slice(0, after.indexOf(text)).split('\n').length;
  return {
    status,
    lineOf,
    found: summaries.map(({ findings }) => findings.filter(({ rule }) => rule === 'type')),
    rules: summaries.flatMap(({ findings }) => findings.map(({ rule }) => rule)),
  };
}

const finding = (line: number, message: string, fix = '') => ({
  rule: 'type',
  severity: 'error',
  object: 'findly-dev',
  source: { file: SYSTEM, line },
  message,
  fix,
});

describe('types', () => {
  test('a misspelt field, text for a number and a missing field are told at once, where they are part of an environment', () => {
    const { status, lineOf, found } = typed(
      {
        'rateLimit: { average': 'rateLimits: { average',
        'rpoMinutes: 60': "rpoMinutes: '1h'",
        'path: facts.backups,': '',
      },
      'findly-dev',
      'vinyl',
    );
    expect(status).toBe(1);
    expect(found).toEqual([
      [
        finding(
          lineOf('rateLimits:'),
          "Object literal may only specify known properties, but 'rateLimits' does not exist in type 'IngressProps'",
          'write rateLimit',
        ),
        finding(lineOf('target: new GcsFolder'), "Property 'path' is missing, and required in type 'GcsFolderProps'"),
        finding(lineOf("rpoMinutes: '1h'"), "Type 'string' is not assignable to type 'number'"),
      ],
      [],
    ]);
  });

  test('an import of what is not there is told once, at its line', () => {
    const { lineOf, found, rules } = typed(
      { 'import { Namespace }': 'import { Namespaces as Namespace }' },
      'findly-dev',
    );
    const line = lineOf('import { Namespaces');
    expect(found).toMatchObject([[{ source: { file: SYSTEM, line }, fix: 'write Namespace' }]]);
    expect(rules).toEqual(['type']);
  });

  test('what is not used yet is no error', () => {
    const { status, found } = typed({ 'const twilio =': 'const spare = 1;\n    const twilio =' }, 'findly-dev');
    expect([status, found]).toEqual([0, [[]]]);
  });

  test('what `new` writes has none, nor has what the walkthrough makes of it, and lint takes both', async () => {
    for (const words of [
      ['env', 'home'],
      ['env', 'staging'],
      ['system', 'shop'],
      ['service', 'shop', 'orders'],
    ]) {
      expect(await space.call('new', ...words)).toMatchObject({ status: 0 });
    }
    expect(typed({}, 'home', 'staging').found).toEqual([[], []]);

    for (const { language, words: path, text } of blocksOf(readFileSync('docs/walkthrough.md', 'utf8'))) {
      if (language === 'diff') space.write(path, patched(readFileSync(join(space.folder, path), 'utf8'), text));
    }
    expect(typed({}, 'home', 'staging').found).toEqual([[], []]);
    space.write('biome.json', readFileSync('biome.json', 'utf8'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'check', 'charts'], {
      cwd: space.folder,
      encoding: 'utf8',
    });
    expect([status, stdout + stderr]).toEqual([0, expect.stringMatching(/^Checked \d+ files/)]);
  });

  test('a compiler that cannot begin says why', () => {
    configure({ target: 'es1' });
    const { status, found } = typed({}, 'findly-dev');
    configure({});
    expect(status).toBe(1);
    expect(found).toMatchObject([
      [{ object: 'findly-dev', message: expect.stringContaining("'--target' option must be") }],
    ]);
  });

  test('a compiler that cannot be asked keeps nobody from his work', () => {
    rmSync(join(space.folder, 'tsconfig.json'));
    mkdirSync(join(space.folder, 'tsconfig.json'));
    const { status, found } = typed({}, 'findly-dev');
    rmSync(join(space.folder, 'tsconfig.json'), { recursive: true });
    expect(status).toBe(0);
    expect(found).toMatchObject([
      [{ severity: 'warning', message: expect.stringMatching(/^types were not looked at: E/) }],
    ]);
  });
});
