import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Workspace, workspace } from '../workspace.ts';

// What a rename in TypeScript does to a committed cluster, from the command line.

const SYSTEM = 'charts/fn-notifications/fn-notifications.ts';
const ENVIRONMENT = 'charts/environments/findly-dev.ts';

let space: Workspace;
let original: Readonly<Record<string, string>>;
beforeAll(() => {
  space = workspace('charts', 'clusters/findly-dev');
  original = Object.fromEntries(
    [SYSTEM, ENVIRONMENT].map((path) => [path, readFileSync(join(space.folder, path), 'utf8')]),
  );
});
afterAll(() => space.remove());
beforeEach(() => {
  for (const [path, text] of Object.entries(original)) writeFileSync(join(space.folder, path), text);
});

function edit(path: string, before: string, after: string) {
  const text = readFileSync(join(space.folder, path), 'utf8');
  expect(text).toContain(before);
  space.write(path, text.replace(before, after));
}
const synth = () => space.run('synth', '--check', 'findly-dev');

test('a service under another id is refused; with its identity kept, no byte changes', () => {
  edit(SYSTEM, 'new Workload(chart, name, {', "new Workload(chart, 'notifier', {");
  const { stdout, status } = synth();
  expect(stdout).toContain('is committed as Deployment fn-notifications/fn-notifications');
  expect(stdout).toContain("keep the name, identity: 'fn-notifications' at notifier");
  expect(status).toBe(1);
  edit(SYSTEM, "new Workload(chart, 'notifier', {", "new Workload(chart, 'notifier', {\n      identity: name,");
  const kept = synth();
  expect(kept.stdout).toContain('+0 ~0 -0');
  expect(kept.status).toBe(0);
});

test('a chart under another id is refused; with its identity kept, no byte changes', () => {
  const line = /new Chart\(app, name, (\{[^}]*\})\);/.exec(original[SYSTEM]!)!;
  edit(SYSTEM, line[0], `new Chart(app, 'notifications', ${line[1]});`);
  const { stdout, status } = synth();
  expect(stdout).toContain('would move from Flux Kustomization fn-notifications to notifications');
  expect(status).toBe(1);
  edit(
    SYSTEM,
    `new Chart(app, 'notifications', ${line[1]});`,
    `new Chart(app, 'notifications', ${line[1]});\n    declare(chart, { identity: name });`,
  );
  edit(
    SYSTEM,
    'import type { System }',
    "import { declare } from '../../imports/relations.ts';\nimport type { System }",
  );
  const kept = synth();
  expect(kept.stdout).toContain('+0 ~0 -0');
  expect(kept.status).toBe(0);
});

test('a Kustomization with data behind it goes once the environment acknowledges it, and not after that day', () => {
  const apps = join(space.folder, 'clusters/findly-dev/apps.yaml');
  const before = readFileSync(apps, 'utf8');
  const kustomization = before
    .slice(before.indexOf('apiVersion'))
    .split('---')[0]!
    .replaceAll('fn-notifications', 'old');
  writeFileSync(apps, `${before}---\n${kustomization}`);
  space.write(
    'clusters/findly-dev/old/store.yaml',
    'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: photos, namespace: old}\nspec: {}\n',
  );
  const acknowledged = (until: string) => {
    space.write(
      ENVIRONMENT,
      original[ENVIRONMENT]!.replace(
        'systems: [',
        `removals: [{ kustomization: 'old', reason: 'moved', until: '${until}' }],\n  systems: [`,
      ),
    );
    return synth().stdout;
  };
  try {
    expect(synth().stdout).toContain('would go, or change its name, with PersistentVolumeClaim old/photos behind it');
    const accepted = acknowledged('2999-12-31');
    expect(accepted).toContain('accepted until 2999-12-31: moved');
    expect(accepted).not.toMatch(/^error/m);
    expect(acknowledged('2001-01-01')).toMatch(
      /^error removals: old[\s\S]*was acknowledged until 2001-01-01 \(moved\), and today is \d{4}-\d\d-\d\d/m,
    );
  } finally {
    writeFileSync(apps, before);
  }
});
