import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Finding } from '../../synth/manifest.ts';
import { type Workspace, workspace } from '../workspace.ts';

/** From, to, a service that both keep; another system is one line more. */
const ROUTES = [
  ['findly-dev', 'findly-prod', 'fn-notifications'],
  ['neotool-staging', 'neotool-prod', 'neotool-app'],
] as const;

/** Every generated file of an environment. */
function filesOf(space: Workspace, environment: string): Record<string, string> {
  const folder = join(space.folder, 'clusters', environment);
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, readFileSync(file, 'utf8')]),
  );
}

/** Writes a tag as image automation does. */
function retag(space: Workspace, environment: string, service: string, tag: string) {
  for (const [file, text] of Object.entries(filesOf(space, environment))) {
    const marked = new RegExp(`:v[\\d.]+( # \\{"\\$imagepolicy": "flux-system:${service}"\\})`, 'g');
    if (marked.test(text)) writeFileSync(file, text.replace(marked, `:${tag}$1`));
  }
}

/** Of a sealed value's shape: a wrapped key of 512 bytes behind its length, and what it encrypts. */
const SEALED = Buffer.from([2, 0, ...new Array<number>(512 + 32).fill(7)]).toString('base64');

/** Seals, for looks, what the command says is missing. */
function seal(space: Workspace, environment: string, findings: readonly Finding[]) {
  for (const { message } of findings.filter(({ rule }) => rule === 'missing-secret')) {
    const [, namespace, name, keys] = /Secret ([^/]+)\/(\S+), of which (.*) is not sealed/.exec(message)!;
    const data = keys!.split(', ').map((key) => `    ${JSON.stringify(key)}: ${SEALED}`);
    space.write(
      `clusters/${environment}/secrets/${namespace}.${name}.yaml`,
      `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec:\n  encryptedData:\n${data.join('\n')}\n  template: {metadata: {name: ${name}, namespace: ${namespace}}}\n`,
    );
  }
}

describe.each(ROUTES)('promote %s %s', (from, to, service) => {
  let space: Workspace;
  beforeAll(() => {
    space = workspace('charts', `clusters/${from}`, `clusters/${to}`);
  });
  afterAll(() => space.remove());

  test('of equal tags writes nothing, and says what only one of them has', async () => {
    const before = filesOf(space, to);
    const { stdout, status } = await space.call('promote', from, to);
    expect(stdout).toContain(`${from} -> ${to}\n  every tag is the same`);
    expect(stdout).toMatch(/^in \S+ but not in \S+\n/m);
    // In both, under the name of each.
    if (from === 'findly-dev') expect(stdout).not.toContain('ImageUpdateAutomation');
    expect(status).toBe(0);
    expect(filesOf(space, to)).toEqual(before);
  });

  test('brings the new tag, line by line, and nothing else', async () => {
    retag(space, from, service, 'v1.2.3');
    const before = filesOf(space, to);
    const first = JSON.parse((await space.call('promote', from, to, '--format', 'json', '--check')).stdout);
    expect(first.promoted).toEqual([{ policy: `flux-system:${service}`, before: 'v1.0.0', after: 'v1.2.3' }]);
    expect(filesOf(space, to)).toEqual(before);

    // What is missing there refuses it.
    const missing = (first.findings as Finding[]).filter(({ severity }) => severity === 'error');
    if (missing.length) {
      const refused = await space.call('promote', from, to);
      expect(refused.stdout).toContain(`npm run seal -- ${to} `);
      expect(refused.status).toBe(1);
      expect(filesOf(space, to)).toEqual(before);
      seal(space, to, missing);
      expect(await space.call('synth', to)).toMatchObject({ status: 0 });
    }

    const ready = filesOf(space, to);
    const { stdout, status } = space.run('promote', from, to, '--only', service);
    expect(stdout).toContain(`${service}  v1.0.0 -> v1.2.3`);
    expect(status).toBe(0);
    const after = filesOf(space, to);
    const changed = Object.keys(after).flatMap((file) => {
      const [was, is] = [ready[file]!.split('\n'), after[file]!.split('\n')];
      expect(is).toHaveLength(was.length);
      return is.flatMap((line, i) => (line === was[i] ? [] : [line.trim()]));
    });
    expect(changed.length).toBeGreaterThan(0);
    for (const line of changed) expect(line).toMatch(/^image: \S+:v1\.2\.3 # \{"\$imagepolicy"/);
    // Synth agrees.
    expect(await space.call('synth', '--check', to)).toMatchObject({ stdout: expect.stringContaining('+0 ~0 -0') });
  });
});

describe('refuses', () => {
  let space: Workspace;
  beforeAll(() => {
    space = workspace('charts', 'clusters/findly-dev', 'clusters/findly-prod');
  });
  afterAll(() => space.remove());

  test('to go back', async () => {
    retag(space, 'findly-dev', 'fn-notifications', 'v0.9.0');
    const { stdout, status } = await space.call('promote', 'findly-dev', 'findly-prod');
    expect(stdout).toContain('v0.9.0 is older than v1.0.0, which runs there');
    expect(stdout).toContain('nothing was written');
    expect(status).toBe(1);
  });

  test('what would not fit', () => {
    const file = 'charts/environments/findly-prod.ts';
    const text = readFileSync(join(space.folder, file), 'utf8');
    space.write(file, text.replace(/memory: '\d+Gi'/, "memory: '96Mi'"));
    const { stdout, status } = space.run('promote', 'findly-dev', 'findly-prod');
    expect(stdout).toMatch(/one pod requests .* more than any of/);
    expect(status).toBe(1);
    space.write(file, text);
  });

  test.each([
    [['findly-dev', 'findly-dev'], 'findly-dev: is both where it comes from and where it goes'],
    [['findly-dev', 'findly-pord'], 'findly-pord: no such environment (did you mean "findly-prod"?)'],
    [
      ['findly-dev', 'findly-prod', '--only', 'fn-notification'],
      '--only fn-notification: findly-prod keeps no tag of such a service (did you mean "fn-notifications"?); it keeps fn-notifications',
    ],
  ])('%j', async (words, message) => {
    const { stderr, status } = await space.call('promote', ...words);
    expect(stderr).toContain(message);
    expect(status).toBe(1);
  });
});

describe('promote-stage', () => {
  const images = (space: Workspace, stage: string) =>
    Object.values(filesOf(space, 'vinyl')).flatMap((text) => [
      ...text.matchAll(new RegExp(`(vinylvault-\\w+):(\\S+) # .*flux-system:${stage}-vinylvault`, 'g')),
    ]);
  let space: Workspace;
  beforeAll(() => {
    space = workspace('charts', 'clusters/vinyl');
  });
  afterAll(() => space.remove());

  test('refuses tags that the committed files disagree on', async () => {
    const other = 'image: ghcr.io/x/y:other # {"$imagepolicy": "flux-system:staging-vinylvault-backend"}\n';
    space.write('clusters/vinyl/flux-system/more.yaml', other);
    const before = filesOf(space, 'vinyl');
    const { status, stderr } = await space.call('promote-stage', 'vinyl', 'staging', 'production');
    expect(status).toBe(1);
    expect(stderr).toContain('the committed files disagree on its tag');
    expect(filesOf(space, 'vinyl')).toEqual(before);
    space.write('clusters/vinyl/flux-system/more.yaml', '');
  });

  test('writes the tags of the one stage into the other', async () => {
    const { status } = await space.call('promote-stage', 'vinyl', 'staging', 'production');
    expect(status).toBe(0);
    const tags = (stage: string) => images(space, stage).map(([, image, tag]) => `${image} ${tag}`);
    expect(tags('production').length).toBeGreaterThan(1);
    expect(tags('production').toSorted()).toEqual(tags('staging').toSorted());
  });
});
