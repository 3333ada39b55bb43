import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runner, type Workspace, workspace } from '../workspace.ts';

let space: Workspace;
let found: Map<string, { message: string; source?: { file: string; line: number } }[]>;

const broken = {
  absent: "import gone from '../gone.ts';\nexport default gone;",
  'absent-too': "import gone from '../chart-of-absent.ts';\nexport default gone;",
  'absent-again': "import gone from '../chart-of-absent.ts';\nexport default gone;",
  library: "import gone from 'no-such-library';\nexport default gone;",
  'library-too': "import gone from 'no-such-library';\nexport default gone;",
  name: "import { gone } from '../chart.ts';\nexport default gone;",
  grammar: 'export default {\n  name: = 1,\n};',
  enumeration: 'enum A { B }\nexport default A;',
  throws: "\nthrow new Error('out of order');\nexport default {};",
  // The same text: what was compiled of one is not taken for the other.
  'throws-too': "\nthrow new Error('out of order');\nexport default {};",
};

beforeAll(() => {
  space = workspace();
  space.write('charts/chart.ts', 'export const here = 1;');
  space.write('charts/chart-of-absent.ts', "export { default } from './gone.ts';");
  for (const [name, text] of Object.entries(broken)) space.write(`charts/environments/${name}.ts`, text);
  const told = () => JSON.parse(space.run('synth', '--check', '--format', 'json').stdout).environments;
  // The second time with what the first one kept.
  expect(told().length).toBe(Object.keys(broken).length);
  found = new Map(told().map(({ environment, findings }: never) => [environment, findings]));
});
afterAll(() => space.remove());

test.each([
  [
    'absent',
    "Cannot find module 'charts/gone.ts' imported from charts/environments/absent.ts",
    'environments/absent',
    1,
  ],
  ['absent-too', "Cannot find module 'charts/gone.ts' imported from charts/chart-of-absent.ts", 'chart-of-absent', 1],
  ['absent-again', "Cannot find module 'charts/gone.ts' imported from charts/chart-of-absent.ts", 'chart-of-absent', 1],
  [
    'library',
    "Cannot find package 'no-such-library' imported from charts/environments/library.ts",
    'environments/library',
    1,
  ],
  [
    'library-too',
    "Cannot find package 'no-such-library' imported from charts/environments/library-too.ts",
    'environments/library-too',
    1,
  ],
  ['grammar', 'Expression expected', 'environments/grammar', 2],
  ['enumeration', 'TypeScript enum is not supported in strip-only mode', 'environments/enumeration', 1],
  ['throws', 'out of order', 'environments/throws', 2],
  ['throws-too', 'out of order', 'environments/throws-too', 2],
])('%s is told with its file and line, each environment by itself', (name, message, file, line) => {
  expect(found.get(name)).toEqual([
    expect.objectContaining({
      message: expect.stringContaining(message),
      source: expect.objectContaining({ file: `charts/${file}.ts`, line }),
    }),
  ]);
});

test('a name that a module does not export is told', () => {
  expect(found.get('name')![0]!.message).toContain("'../chart.ts' does not provide an export named 'gone'");
});

test('libraries may be ES modules, and several imports may wait for each other', () => {
  space.write(
    'node-program.ts',
    "export const [a, b] = await Promise.all([import('./one.ts'), import('./two.ts')]);\nconsole.log(a.value, b.value);",
  );
  space.write('one.ts', "import { shared } from './shared.ts';\nexport const value: number = shared + 1;");
  space.write(
    'two.ts',
    "import { shared } from './shared.ts';\nimport esm from './esm.mjs';\nexport const value: number = shared + esm;",
  );
  space.write('shared.ts', 'export const shared = 1;');
  space.write('esm.mjs', 'export default await Promise.resolve(2);');
  const { stdout } = spawnSync(process.execPath, [...runner(space.folder), 'node-program.ts'], {
    cwd: space.folder,
    encoding: 'utf8',
  });
  expect(stdout).toBe('2 3\n');
});

test('a new generation loads anew what was edited, and what imports that', () => {
  space.write('charts/top.ts', "export { left } from './left.ts';\nexport { right } from './right.ts';");
  space.write('charts/left.ts', "import { leaf } from './leaf.ts';\nexport const left = { leaf };");
  space.write('charts/right.ts', 'export const right = {};');
  space.write(
    'generations.ts',
    `
import { rmSync, writeFileSync } from 'node:fs';
const leaf = new URL('./charts/leaf.ts', import.meta.url);
let generation = 0;
let before: { left?: object; right?: object } = {};
async function again(what: string, edit: () => void) {
  edit();
  try {
    const made = await import(new URL(\`./charts/top.ts?v=\${++generation}\`, import.meta.url).href);
    console.log(what, made.left.leaf, made.left === before.left, made.right === before.right);
    before = made;
  } catch (error) {
    console.log(what, (error as Error).message.replace(/'.*'/, 'it'));
  }
}
const write = (text: string) => () => writeFileSync(leaf, text);
await again('first', write('export const leaf = 1;'));
await again('as it was', () => {});
await again('edited', write('export const leaf = 2;'));
for (let save = 3; save < 13; save++) await again('and again', write(\`export const leaf = \${save};\`));
await again('throws', write("throw new Error('out of order'); export const leaf = 3;"));
await again('still throws', () => {});
await again('broken', write('export const other = 4;'));
await again('gone', () => rmSync(leaf));
await again('back', write('export const leaf = 5;'));
`,
  );
  const { stdout } = spawnSync(process.execPath, [...runner(space.folder), 'generations.ts'], {
    cwd: space.folder,
    encoding: 'utf8',
  });
  expect(stdout.split('\n').map((line) => line.replace(/ imported from.*/, ''))).toEqual([
    'first 1 false false',
    'as it was 1 true true',
    'edited 2 false true',
    ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((leaf) => `and again ${leaf} false true`),
    'throws out of order',
    'still throws out of order',
    'broken The requested module it',
    'gone Cannot find module it',
    'back 5 false true',
    '',
  ]);
});

test('without its flags it says which', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(space.folder, 'run.mjs'), 'main.ts', 'synth'], {
    cwd: space.folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('error: missing flags; node --experimental-vm-modules --no-warnings run.mjs main.ts synth\n');
  expect(status).toBe(1);
});

test('without packages it says what installs them', () => {
  const bare = workspace();
  rmSync(join(bare.folder, 'node_modules'));
  const { status, stderr } = bare.run('synth');
  bare.remove();
  expect(stderr).toBe('error: the packages are not installed; npm ci\n');
  expect(status).toBe(1);
});
