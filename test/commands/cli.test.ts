import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Workspace, workspace } from '../workspace.ts';

// The command line as a user meets it, in a copy of the project. What edits TypeScript, is about the process, or is the
// first of its command is a process of its own.

const environments = ['findly-dev', 'findly-prod'];

let space: Workspace;
beforeAll(() => {
  // Commands that take all environments are no different for two of them.
  space = workspace('charts', ...environments.map((name) => `clusters/${name}`));
  const described = join(space.folder, 'charts/environments');
  for (const file of readdirSync(described)) {
    if (!environments.includes(file.replace('.ts', ''))) rmSync(join(described, file));
  }
});
afterAll(() => space.remove());

/** Every file under clusters/ with its content and the time it was written. */
function snapshot(folder = join(space.folder, 'clusters')): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, `${statSync(file).mtimeMs} ${readFileSync(file, 'utf8')}`]),
  );
}

/** Runs `edit` on a file and gives it back afterwards. */
async function edited(path: string, edit: (text: string) => string, run: () => void | Promise<void>) {
  const file = join(space.folder, path);
  const before = readFileSync(file, 'utf8');
  const after = edit(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
  try {
    await run();
  } finally {
    writeFileSync(file, before);
  }
}

const dev = 'charts/environments/findly-dev.ts';
const system = 'charts/fn-notifications/fn-notifications.ts';
const service = 'clusters/findly-dev/fn-notifications/fn-notifications.yaml';

describe('synth --diff-env', () => {
  test('prints what two environments differ in, and writes nothing', () => {
    const before = snapshot();
    const { status, stdout } = space.run('synth', '--diff-env', 'findly-dev', 'findly-prod');
    expect(stdout).toContain('data.LOG_LEVEL debug -> info');
    expect(status).toBe(0);
    expect(snapshot()).toEqual(before);
  });

  test('prints it as JSON too', () => {
    const { stdout } = space.run('synth', '--diff-env', 'findly-dev', 'findly-prod', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ from: 'findly-dev', to: 'findly-prod', folds: expect.any(Array) });
  });

  test.each([[[]], [['findly-dev']], [['findly-dev', 'findly-dev']]])(
    'wants two environments, not %j',
    async (names) => {
      const { status, stderr } = await space.call('synth', '--diff-env', ...names);
      expect([status, stderr]).toEqual([1, expect.stringContaining('--diff-env: name two environments')]);
    },
  );
});

describe('synth', () => {
  test('of every environment that is committed writes nothing', () => {
    const whole = workspace('charts', 'clusters');
    const before = snapshot(join(whole.folder, 'clusters'));
    const { status, stdout } = whole.run('synth');
    expect(stdout).toContain('studio');
    expect(status).toBe(0);
    expect(snapshot(join(whole.folder, 'clusters'))).toEqual(before);
    whole.remove();
  });

  test('--check accepts what is committed, and says so in JSON too', async () => {
    const { status, stdout } = await space.call('synth', '--check', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      written: false,
      environments: expect.arrayContaining([
        expect.objectContaining({ environment: 'findly-dev', added: [], changed: [], removed: [] }),
      ]),
    });
    expect(status).toBe(0);
  });

  test('names the folder of an environment that is no longer described, unless another one is asked for', async () => {
    const orphan = 'clusters/attic/shop/api.yaml';
    space.write(orphan, readFileSync(join(space.folder, service), 'utf8'));
    space.write('clusters/theirs/own.yaml', 'apiVersion: v1\n');
    try {
      const { status, stdout } = await space.call('synth');
      expect(stdout).toContain('error clusters/attic');
      expect(stdout).toContain('nothing renders its 1 generated files any more');
      expect(stdout).toContain('fix: once that cluster is gone, or follows another folder: git rm -r clusters/attic');
      expect(stdout).not.toContain('clusters/theirs');
      expect(status).toBe(1);
      expect(await space.call('synth', 'findly-dev')).toMatchObject({ status: 0 });
    } finally {
      rmSync(join(space.folder, 'clusters/attic'), { recursive: true });
      rmSync(join(space.folder, 'clusters/theirs'), { recursive: true });
    }
  });

  test('a changed number of replicas changes the file of that service and no other', async () => {
    await edited(
      system,
      (text) => text.replace('cpu: 70', 'cpu: 71'),
      () => {
        const before = snapshot();
        const { status, stdout } = space.run('synth', '--check', 'findly-dev');
        expect(stdout).toContain(`stale: ${service}`);
        expect(stdout.match(/^(stale|missing|leftover):/gm)).toHaveLength(1);
        expect(status).toBe(1);
        expect(snapshot()).toEqual(before);
      },
    );
  });

  test('writes what changed, and back again', async () => {
    const before = readFileSync(join(space.folder, service), 'utf8');
    await edited(
      system,
      (text) => text.replace('cpu: 70', 'cpu: 71'),
      () => {
        expect(space.run('synth', 'findly-dev').status).toBe(0);
        expect(readFileSync(join(space.folder, service), 'utf8')).toContain('averageUtilization: 71');
      },
    );
    expect(await space.call('synth', 'findly-dev')).toMatchObject({ status: 0 });
    expect(readFileSync(join(space.folder, service), 'utf8')).toBe(before);
  });

  test('keeps the tag that image automation wrote', async () => {
    await edited(
      service,
      (text) => text.replace(':v1.0.0 # {"$imagepolicy"', ':v1.4.2 # {"$imagepolicy"'),
      async () => {
        await edited(
          'clusters/findly-dev/fn-notifications-stores/migration.yaml',
          (text) => text.replaceAll(':v1.0.0 # {"$imagepolicy"', ':v1.4.2 # {"$imagepolicy"'),
          async () => {
            const { status, stdout } = await space.call('synth', '--check', 'findly-dev');
            expect(stdout).not.toMatch(/stale|missing|leftover/);
            expect(status).toBe(0);
          },
        );
      },
    );
  });

  test('a file edited by hand is refused with the difference and the two ways out', async () => {
    await edited(
      service,
      (text) => text.replace('minReplicas: 1', 'minReplicas: 2'),
      async () => {
        const { status, stdout } = await space.call('synth', 'findly-dev');
        expect(stdout).toMatch(
          /was edited after synth wrote it[\s\S]*minReplicas: 2[\s\S]*git checkout[\s\S]*--overwrite/,
        );
        expect(stdout).toContain('nothing was written');
        expect(status).toBe(1);
        expect(await space.call('synth', 'findly-dev', '--overwrite', service)).toMatchObject({ status: 0 });
        expect(readFileSync(join(space.folder, service), 'utf8')).toContain('minReplicas: 1');
      },
    );
  });

  test("somebody else's files in clusters/ stay, and are named once", async () => {
    const file = 'clusters/findly-dev/notes/mine.yaml';
    space.write(file, 'kind: Mine\n');
    const { status, stdout } = await space.call('synth', 'findly-dev');
    expect(stdout).toContain('findly-dev/notes/mine.yaml');
    expect(readFileSync(join(space.folder, file), 'utf8')).toBe('kind: Mine\n');
    expect(status).toBe(0);
    rmSync(join(space.folder, 'clusters/findly-dev/notes'), { recursive: true });
  });

  test.each([
    ['a misspelt option', ['synth', '--chek'], /unknown option '--chek'[\s\S]*--check/],
    ['a misspelt command', ['snyth'], /unknown command 'snyth'[\s\S]*synth/],
    ['a format that is none', ['synth', '--format', 'xml'], /xml[\s\S]*text, json/],
  ])('%s: one clear message, exit 1', (_, args, message) => {
    const { status, stdout, stderr } = space.run(...args);
    expect(stdout + stderr).toMatch(message);
    expect(stdout + stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
  });

  test.each([
    [
      'an unknown environment',
      ['synth', 'findly-prd'],
      /findly-prd: no such environment \(did you mean "findly-prod"\?\)/,
    ],
    ['a path that is none', ['check', 'nowhere'], /nowhere: no such file or folder/],
    ['a name that is none', ['new', 'system', 'My System'], /"My System" is no name/],
    ['a Secret that is none', ['seal', 'findly-dev', 'a/b'], /a\/b: findly-dev reads no such sealed Secret/],
    ['nodes in no file', ['check', '--nodes', 'nowhere'], /^error: --nodes nowhere: no such file\n$/],
    [
      'nodes in no YAML',
      ['check', '--nodes', 'main.ts'],
      /^error: main\.ts: is no YAML, .*; give it the output of .*\n$/,
    ],
    ['an artifact that nobody reads', ['artifact', 'findly-dev'], /^error: findly-dev: its Flux reads git.*\n$/],
  ])('%s: one clear message, exit 1', async (_, args, message) => {
    const { status, stdout, stderr } = await space.call(...args);
    expect(stdout + stderr).toMatch(message);
    expect(stdout + stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
  });

  test.each([
    ['TypeScript that does not parse', dev, (text: string) => text.replace('name:', 'name: :'), /findly-dev/],
    [
      'a chart that throws',
      system,
      (text: string) => text.replace("new Namespace(chart, 'namespace');", "throw new Error('out of names');"),
      /out of names/,
    ],
    ['a size that is none', system, (text: string) => text.replace("memory: '512Mi'", "memory: '512Mb'"), /512Mb/],
    ['no replicas', dev, (text: string) => text.replace('min: 1, max: 3', 'min: 0, max: 3'), /0/],
    [
      'a name of 300 characters',
      system,
      (text: string) => text.replace("new BackupJob(chart, 'backup'", `new BackupJob(chart, '${'x'.repeat(300)}'`),
      /63|253|52/,
    ],
    [
      'more connections than the database takes',
      dev,
      (text: string) => text.replace('poolSize: 10', 'poolSize: 40'),
      /connections|poolSize/,
    ],
  ])('%s: nothing is written, the line is named', async (_, path, edit, message) => {
    await edited(path, edit, () => {
      const before = snapshot();
      const { status, stdout, stderr } = space.run('synth', 'findly-dev');
      expect(stdout + stderr).toMatch(message);
      expect(stdout + stderr).toMatch(/charts\/[\w/-]+\.ts:\d+/);
      expect(stdout).toContain('nothing was written');
      expect(status).toBe(1);
      expect(snapshot()).toEqual(before);
    });
  });

  const questions = [
    ['explain', 'findly-dev', 'Deployment/fn-notifications/fn-notifications'],
    ['fit', 'findly-dev'],
    ['map', 'findly-dev'],
    ['seal', 'findly-dev', '--all'],
    ['synth', '--diff-env', 'findly-prod', 'findly-dev'],
    ['promote', 'findly-dev', 'findly-prod', '--check'],
  ];

  test.each(questions)('%s of a chart that throws is no half answer', async (...words) => {
    await edited(
      system,
      (text) =>
        text.replace(/( +)new Namespace\(chart, 'namespace'\);/, "$&\n$1throw new Error('no room; make some');"),
      () => {
        const { status, stdout, stderr } = space.run(...words);
        expect([status, stdout]).toEqual([1, '']);
        expect(stderr).toMatch(/^error: charts\/fn-notifications\/fn-notifications\.ts:\d+: no room; make some\n/);
      },
    );
  });

  test.each([...questions, ['source', 'findly-dev'], ['tag', 'findly-dev', 'fn-notifications=v1.0.1']])(
    '%s says in one line where TypeScript does not parse',
    async (...words) => {
      await edited(
        system,
        (text) => text.replace('new Namespace(', 'new Namespace(('),
        () => {
          const { status, stdout, stderr } = space.run(...words);
          expect([status, stdout]).toEqual([1, '']);
          expect(stderr).toMatch(/^error: charts\/fn-notifications\/fn-notifications\.ts:\d+: .+\n$/);
        },
      );
    },
  );

  test('an environment whose name is not that of its file is refused', async () => {
    await edited(
      dev,
      (text) => text.replace("name: 'findly-dev'", "name: 'findly'"),
      () => {
        const { status, stdout } = space.run('synth', 'findly-dev');
        expect(stdout).toMatch(/its name is findly, and has to be that of its file/);
        expect(status).toBe(1);
      },
    );
  });
});

describe('synth --watch', () => {
  test('renders again on save, tells findings as they come and go, writes nothing while there is an error', async () => {
    const watch = space.start('synth', 'findly-dev', '--watch');
    const before = readFileSync(join(space.folder, dev), 'utf8');
    const save = (from: string, to: string) => space.save(dev, before.replace(from, to));
    try {
      await watch.line(/watching charts/);
      save('min: 1, max: 3', 'min: 2, max: 3');
      expect(await watch.line(/ ms, /)).toContain(`wrote ${service}`);
      save('min: 1, max: 3', 'min: 0, max: 3');
      const failed = await watch.line(/ ms, /);
      expect(failed).toMatch(/scale\.min: 0 replicas[\s\S]*nothing was written/);
      expect(failed).not.toContain('wrote');
      save('', '');
      expect(await watch.line(/ ms, /)).toMatch(/gone: .*scale\.min[\s\S]*wrote/);
    } finally {
      space.save(dev, before);
      expect(await watch.interrupt()).not.toBe(1);
    }
  });
});

describe('check', () => {
  test('duplicate keys, tabs and broken YAML are one finding each, with file and line; the rest is checked', () => {
    space.write('foreign/double.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n');
    space.write('foreign/tab.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n');
    space.write('foreign/service.yaml', 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { prots: [] }\n');
    const { status, stdout } = space.run('check', 'foreign', '--format', 'json');
    const { findings } = JSON.parse(stdout) as { findings: { rule: string; file: string; line: number }[] };
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ rule: 'duplicate-key', file: 'foreign/double.yaml', line: 5 }),
        expect.objectContaining({ rule: 'yaml-syntax', file: 'foreign/tab.yaml', line: 4 }),
        expect.objectContaining({
          rule: 'unknown-field',
          file: 'foreign/service.yaml',
          message: expect.stringContaining('prots'),
        }),
      ]),
    );
    expect(status).toBe(1);
  });

  test('annotates lines for GitHub', async () => {
    space.write('foreign/service.yaml', 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { prots: [] }\n');
    const { stdout } = await space.call('check', 'foreign/service.yaml', '--format', 'github');
    expect(stdout).toMatch(/^::error file=foreign\/service\.yaml,line=4,title=unknown-field/m);
  });

  test('places pods on the nodes of a file', async () => {
    space.write('nodes.yaml', '- { name: pi, arch: arm64, cpu: 100m, memory: 128Mi }\n');
    const { stdout, status } = await space.call('check', 'clusters/findly-dev', '--nodes', 'nodes.yaml');
    expect(stdout).toMatch(/unschedulable/);
    expect(status).toBe(1);
    space.write('nodes.yaml', '- { name: big, cpu: 1 }\n');
    const unreadable = await space.call('check', 'clusters', '--nodes', 'nodes.yaml');
    expect(unreadable.stderr).toMatch(/node 1 has no name, cpu or memory/);
    space.write('nodes.yaml', '- { name: big, cpu: 1, memory: 16GB }\n');
    expect((await space.call('check', 'clusters', '--nodes', 'nodes.yaml')).stderr).toBe(unreadable.stderr);
  });

  test('a link that leads back to its own folder ends', async () => {
    mkdirSync(join(space.folder, 'loop'));
    symlinkSync('.', join(space.folder, 'loop/again'));
    expect(await space.call('check', 'loop')).toMatchObject({ status: 0 });
  });
});

describe('new', () => {
  test('an environment and a system of it render once the author has done what he was told', async () => {
    const { stdout } = space.run('new', 'system', 'shop');
    expect(stdout).toMatch(/wrote charts\/shop\/shop\.ts\nnext:/);
    expect(await space.call('new', 'env', 'home')).toMatchObject({ status: 0 });
    expect(await space.call('new', 'service', 'shop', 'cart')).toMatchObject({ status: 0 });
    expect(await space.call('new', 'service', 'nowhere', 'cart')).toMatchObject({
      stderr: expect.stringMatching(/no such system/),
    });
    expect(await space.call('new', 'env', 'home')).toMatchObject({ stderr: expect.stringMatching(/is there already/) });

    await edited(
      'charts/environments/home.ts',
      (text) =>
        text
          .replace('import { platform }', "import { shop } from '../shop/shop.ts';\nimport { platform }")
          .replace(/ {2}\],\n\} satisfies/, "    shop({ host: 'shop.example.org' }),\n  ],\n} satisfies"),
      () => {
        const { status, stdout: text } = space.run('synth', 'home');
        expect(text).not.toMatch(/^error/m);
        expect(status).toBe(0);
      },
    );
    expect(readFileSync(join(space.folder, 'clusters/home/shop/web.yaml'), 'utf8')).toContain('kind: Deployment');
  });

  test('says in one line why a file cannot be written', async () => {
    space.write('charts/attic', '');
    const { status, stderr } = await space.call('new', 'system', 'attic');
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^error: EEXIST: .*charts\/attic'\n$/)]);
    rmSync(join(space.folder, 'charts/attic'));
  });
});

describe('explain', () => {
  test('answers in text and in JSON, and takes any case', async () => {
    const { status, stdout } = space.run('explain', 'findly-dev', 'deployment/fn-notifications/fn-notifications');
    expect(stdout).toMatch(
      /^Deployment fn-notifications\/fn-notifications\n {2}from +charts\/fn-notifications\/.*needs:/s,
    );
    expect(status).toBe(0);
    const json = await space.call('explain', 'findly-dev', 'Namespace/fn-notifications', '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      environment: 'findly-dev',
      explanations: [{ object: 'Namespace fn-notifications' }],
    });
  });

  test('names what may have been meant', async () => {
    const { status, stderr } = await space.call('explain', 'findly-dev', 'Deploymnt/fn-notifications/fn-notifications');
    expect(stderr).toContain('of that name there are');
    expect(stderr).toContain('Deployment/fn-notifications/fn-notifications');
    expect(status).toBe(1);
    expect(await space.call('explain', 'findly-dev', 'zebra')).toMatchObject({
      stderr: 'error: zebra: findly-dev has no such object; write it as <kind>/<namespace>/<name>\n',
    });
  });
});

describe('the stock cdk8s CLI', () => {
  test('makes the same files in its own folder', () => {
    const cli = join(space.folder, 'node_modules/cdk8s-cli/bin/cdk8s');
    const { status, stderr } = spawnSync(process.execPath, [cli, 'synth', '--check-upgrade', 'false'], {
      cwd: space.folder,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const texts = (folder: string) =>
      Object.entries(snapshot(join(space.folder, folder))).map(([file, text]) => [
        file.slice(join(space.folder, folder).length),
        text.slice(text.indexOf(' ')),
      ]);
    expect(texts('dist/findly-prod')).toEqual(texts('clusters/findly-prod'));
  });
});
