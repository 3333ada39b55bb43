// The commands that look at a cluster, with a kubectl that answers what a test says; the real one and what it says of a real
// cluster is test/cluster/running-cluster.test.ts.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { adopt } from '../../commands/adopt.ts';
import { isUnanswered } from '../../commands/kubectl.ts';
import { leave } from '../../commands/leave.ts';
import { verify } from '../../commands/verify.ts';
import { documentedShapes } from '../json-shapes.ts';

const { PATH } = process.env;
let folder: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-synth-kubectl-'));
  process.env['PATH'] = folder;
  printed = '';
  jest.spyOn(console, 'log').mockImplementation((text: string) => {
    printed += `${text}\n`;
  });
});

afterEach(() => {
  process.env['PATH'] = PATH;
  process.exitCode = undefined;
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A kubectl that knows the context `home`, and answers by what it is asked; every call is noted. */
function kubectl(cases: Readonly<Record<string, string>>) {
  const known = { 'get-contexts': 'echo home', 'current-context': 'echo home', ...cases };
  const script = Object.entries(known).map(([pattern, action]) => `  *'${pattern}'*) ${action} ;;`);
  writeFileSync(
    join(folder, 'kubectl'),
    `#!/bin/sh\necho "$*" >> ${folder}/calls\ncase "$*" in\n${script.join('\n')}\n  *) echo "Error from server (Forbidden): $*" >&2; exit 1 ;;\nesac\n`,
  );
  chmodSync(join(folder, 'kubectl'), 0o755);
}

const fails = (message: string) => `echo '${message}' >&2; exit 1`;
const says = (value: unknown) => `echo '${typeof value === 'string' ? value : JSON.stringify(value)}'`;
const nothing = says({ items: [] });
const homelab = {
  'kube-system': says('u-1'),
  'get nodes': "printf 'node/homelab-1\\nnode/homelab-2\\nnode/homelab-3\\n'",
  'version --output': says({ serverVersion: { gitVersion: 'v1.34.4' } }),
  'get kustomizations': nothing,
};

const text = { format: 'text', repo: '.' } as const;
/** What it ends with and says, where it does not get as far as an answer. */
const refused = async (action: () => Promise<void>) => {
  const error: unknown = await action().then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(printed).toBe('');
  return [(error as { exitCode?: number }).exitCode, (error as Error).message] as const;
};

describe('what keeps verify from looking ends it with 2, and says why', () => {
  const attempt = () => refused(() => verify('homelab', { ...text, ref: 'HEAD' }));

  test('no kubectl', async () => {
    expect(await attempt()).toEqual([2, expect.stringMatching(/^kubectl: not found; .*https:/)]);
  });

  test.each([
    'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?',
    'Unable to connect to the server: dial tcp: lookup k3s.test: no such host',
    'error: You must be logged in to the server (Unauthorized)',
    'Unable to connect to the server: net/http: TLS handshake timeout',
  ])('no answer: %s', async (message) => {
    kubectl({ 'kube-system': fails(message) });
    expect(await attempt()).toEqual([2, `context home: the cluster does not answer: ${message}`]);
  });

  test('no context is chosen, or one that there is not', async () => {
    kubectl({ 'current-context': fails('error: current-context is not set') });
    expect(await attempt()).toEqual([2, 'no context is chosen: --context <name>; there are home']);
    expect(await refused(() => adopt('homelab', { ...text, context: 'barn' }))).toEqual([
      2,
      '--context barn: no such context; there are home',
    ]);
  });

  test('another cluster', async () => {
    kubectl({ ...homelab, 'get nodes': says('node/x') });
    expect(await attempt()).toEqual([2, expect.stringContaining('context home is not homelab: its nodes are x')]);
  });

  test('rights that are missing', async () => {
    kubectl({ ...homelab, 'get --filename': fails('Error from server (Forbidden): deployments.apps is forbidden') });
    expect((await attempt())[0]).toBe(2);
  });

  test('no such environment', async () => {
    expect(await refused(() => adopt('homelap', text))).toEqual([
      2,
      expect.stringContaining('did you mean "homelab"?'),
    ]);
  });
});

test('a webhook that the API server does not reach is an answer', () => {
  const webhook =
    'failed calling webhook "v.test": Post "https://v.test": dial tcp 10.0.0.1:443: connect: connection refused';
  expect(isUnanswered(`Error from server (InternalError): Internal error occurred: ${webhook}`)).toBe(false);
  expect(isUnanswered('dial tcp 10.0.0.1:6443: connect: connection refused')).toBe(true);
});

test('adopt of an empty cluster says that all is new, asks for nothing but dry runs, and ends with 0', async () => {
  kubectl({
    ...homelab,
    'get secrets': 'true',
    'get --filename': 'cat > /dev/null',
    apply: `cat > /dev/null; ${fails('error: resource mapping not found for name: "x": no matches for kind "Any" in version "v1"')}`,
  });
  // cat is no builtin of the shell.
  process.env['PATH'] = `${folder}:${PATH}`;
  await adopt('homelab', { ...text, format: 'json' });
  expect(documentedShapes().problems('## adopt', JSON.parse(printed))).toEqual([]);
  const { objects, context, version } = JSON.parse(printed);
  expect({ context, version }).toEqual({ context: 'home', version: 1 });
  expect(new Set(objects.map(({ verdict }: { verdict: string }) => verdict))).toEqual(new Set(['new']));
  expect(process.exitCode).toBeUndefined();
  const writing = readFileSync(join(folder, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => / (apply|patch|delete|create|replace) /.test(line));
  expect(writing.length).toBeGreaterThan(0);
  for (const line of writing) expect(line).toContain('--dry-run=server');
});

test('leave has nothing to do where Flux does not follow the folder, and asks for nothing more', async () => {
  kubectl(homelab);
  await leave('homelab', { format: 'text', yes: true });
  expect(printed).toBe('homelab on context home: Flux does not follow clusters/homelab; there is nothing to leave\n');
});

describe('leave', () => {
  const root = (suspend: boolean, reason?: string) => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'flux-system', namespace: 'flux-system' },
    spec: { path: './clusters/homelab', suspend },
    status: { conditions: reason ? [{ type: 'Reconciling', status: 'True', reason }] : [] },
  });
  const leaving = (more: Readonly<Record<string, string>>) => ({ ...homelab, 'get --filename': 'true', ...more });
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8');

  test('deletes nothing that somebody has resumed meanwhile', async () => {
    kubectl(leaving({ 'get kustomizations': says({ items: [root(false)] }), patch: 'true' }));
    expect(await refused(() => leave('homelab', { format: 'text', yes: true }))).toEqual([
      undefined,
      'flux-system/flux-system: somebody has resumed them meanwhile; nothing was deleted. Run it again once nobody does',
    ]);
    expect(calls()).toContain('"deletionPolicy":"Orphan"');
    expect(calls()).not.toContain('delete ');
  });

  test('deletes nothing where it may not suspend', async () => {
    kubectl(
      leaving({
        'get kustomizations': says({ items: [root(false)] }),
        patch: fails('Error from server (Forbidden): no'),
      }),
    );
    const [, message] = await refused(() => leave('homelab', { format: 'text', yes: true }));
    expect(message).toContain('cannot be suspended, and nothing was deleted');
    expect(calls()).not.toContain('delete ');
  });

  test('changes nothing unless it is told to', async () => {
    kubectl(leaving({ 'get kustomizations': says({ items: [root(false)] }) }));
    await leave('homelab', { format: 'json' });
    expect(documentedShapes().problems('## leave', JSON.parse(printed))).toEqual([]);
    expect(JSON.parse(printed)).toMatchObject({
      done: false,
      suspended: ['Kustomization flux-system/flux-system'],
      gone: [],
    });
    expect(calls()).not.toMatch(/ (patch|delete) /);
  });
});
