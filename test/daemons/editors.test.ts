// What editors are told of the output, held against the output.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Workspace, workspace } from '../workspace.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

interface Matcher {
  readonly pattern: { readonly regexp: string } & Readonly<Record<string, number>>;
  readonly background?: { readonly beginsPattern: string; readonly endsPattern: string };
}

const { tasks } = JSON.parse(read('.vscode/tasks.json')) as {
  tasks: readonly { readonly label: string; readonly command: string; readonly problemMatcher: Matcher }[];
};
const task = (label: string) => tasks.find((each) => each.label === label)!;

/** What the Problems panel would hold. */
function problemsOf({ pattern }: Matcher, output: string) {
  const fields = ['file', 'line', 'severity', 'message', 'code'] as const;
  return output.split('\n').flatMap((line) => {
    const match = new RegExp(pattern.regexp).exec(line);
    return match ? [Object.fromEntries(fields.map((field) => [field, match[pattern[field]!]]))] : [];
  });
}

/** The arguments after `npm run --silent <command> --`. */
function argumentsOf(command: string): string[] {
  const [, name, rest] = /^npm run --silent (\w+) -- (.*)$/.exec(command)!;
  return [name!, ...rest!.split(' ')];
}

const environment = 'charts/environments/findly-dev.ts';

let space: Workspace;
beforeAll(() => {
  space = workspace('charts', 'clusters');
});
afterAll(() => space?.remove());

test('check: each finding with a line is a problem at that line, and nothing else is', () => {
  space.write(
    'clusters/own/web.yaml',
    'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: own}\nspec:\n  type: Loadbalancer\n  ports: [{port: 80}]\n',
  );
  const { command, problemMatcher } = task('check');
  const { status, stdout } = space.run(...argumentsOf(command), 'clusters/own');
  expect(status).toBe(1);
  const problems = problemsOf(problemMatcher, stdout);
  expect(problems).toContainEqual({
    file: 'clusters/own/web.yaml',
    line: '5',
    severity: 'error',
    message: expect.stringMatching(/^v1 Service own\/web: spec\.type: .*Loadbalancer/),
    code: expect.any(String),
  });
  expect(problems).toHaveLength(stdout.trim().split('\n').length);
});

test('synth --watch: problems come at every save between two lines, and are gone when they are mended', async () => {
  const { command, problemMatcher } = task('synth --watch');
  const { beginsPattern, endsPattern } = problemMatcher.background!;
  const [name, ...words] = argumentsOf(command);
  const watch = space.start(name!, 'findly-dev', ...words);
  const text = readFileSync(join(space.folder, environment), 'utf8');
  const round = async () => {
    const printed = await watch.line(new RegExp(endsPattern, 'm'));
    const lines = printed.trim().split('\n');
    expect(lines[0]).toMatch(new RegExp(beginsPattern));
    expect(lines.at(-1)).toMatch(new RegExp(endsPattern));
    return problemsOf(problemMatcher, printed).filter(({ severity }) => severity === 'error');
  };
  const save = (change: string) => space.save(environment, change);
  try {
    expect(await round()).toEqual([]);
    save(text.replace('min: 1, max: 3', 'min: 0, max: 3'));
    const problems = await round();
    expect(problems).toContainEqual(expect.objectContaining({ message: expect.stringContaining('scale.min') }));
    for (const { file: named, line: at } of problems) {
      expect(read(named!).split('\n').length).toBeGreaterThanOrEqual(Number(at));
    }
    // Told again though nothing about it has changed: an editor forgets what it is not told.
    save(text.replace('min: 1, max: 3', 'min: 0, max: 4'));
    expect(await round()).toHaveLength(problems.length);
    save(text);
    expect(await round()).toEqual([]);
  } finally {
    await watch.interrupt();
  }
});

test('the page has the patterns of the tasks', () => {
  const page = read('docs/editors.md');
  for (const { problemMatcher } of tasks) {
    expect(page).toContain(JSON.stringify(problemMatcher.pattern.regexp));
    for (const pattern of [problemMatcher.background?.beginsPattern, problemMatcher.background?.endsPattern]) {
      if (pattern) expect(page).toContain(JSON.stringify(pattern));
    }
  }
});
