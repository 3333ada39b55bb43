// The homelab as its plan has it: Flux that reaches the registry in the house and no git server. Pushed by `artifact`, fetched by
// the real Flux from a real registry; a broken push, a unit taken out, and the way back to git, in which nothing that runs changes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type KubernetesObject, waitFor } from './client.ts';
import { fetched } from './flux.ts';
import { fluxReady, orderViolations, reconcile } from './gitops.ts';

// No login of whoever runs the test; read before the workspace takes the variables over.
process.env['DOCKER_CONFIG'] = mkdtempSync(join(tmpdir(), 'no-login-'));
const { home, isOfJob } = await import('./home.ts');
const { default: homelab } = await import('../../charts/environments/homelab.ts');

let it: Awaited<ReturnType<typeof home>>;
let registry: string;

const git = (...words: string[]) => {
  const who = ['-c', 'user.name=owner', '-c', 'user.email=owner@localhost', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', it.space.folder, ...who, ...words], { encoding: 'utf8' }).trim();
};

const run = (...words: string[]) => {
  const { status, stdout, stderr } = it.space.run({ input: '' }, ...words);
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};

/** What the owner keeps in flux-system/; only that this machine's controllers look at sources with a label is added. */
function keepSync(change = (text: string) => text): string {
  const label = Object.entries(fetched).map(([key, value]) => `${key}: ${value}`);
  const text = change(run('source', 'homelab')).replaceAll(
    '  name: flux-system\n  namespace: flux-system\n',
    `  name: flux-system\n  namespace: flux-system\n  labels: { ${label} }\n`,
  );
  it.space.write('clusters/homelab/flux-system/gotk-sync.yaml', text);
  it.space.write(
    'clusters/homelab/flux-system/kustomization.yaml',
    'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [gotk-sync.yaml]\n',
  );
  return join(it.space.folder, 'clusters/homelab/flux-system/gotk-sync.yaml');
}

/** Commits what stands there, and pushes it to the registry. Answers the commit. */
function publish(message: string): string {
  git('add', '--all');
  git('commit', '--quiet', `--message=${message}`);
  run('artifact', 'homelab');
  return git('rev-parse', 'HEAD');
}

/** The same, and has Flux look at once. */
async function push(message: string): Promise<string> {
  const commit = publish(message);
  await reconcile(it.bed, undefined, 'ocirepositories');
  return commit;
}

const namespaces = ['databases', 'family-assistant', 'homelab-dashboard', 'n8n'];
const ours = async (kind: string) =>
  (await it.bed.list(kind)).filter(({ metadata }) => namespaces.includes(metadata.namespace ?? metadata.name));

/** Every object of ours that a change would show at, and which state of it is wanted: controllers go on writing down what they see. */
async function running(): Promise<Record<string, string>> {
  const kinds =
    'namespaces deployments statefulsets pods services configmaps secrets persistentvolumeclaims networkpolicies';
  const all = await Promise.all(kinds.split(' ').map(ours));
  return Object.fromEntries(
    all
      .flat()
      .filter((object) => !isOfJob(object))
      .map(({ kind, metadata: { namespace, name, uid, generation, resourceVersion } }) => [
        `${kind} ${namespace}/${name}`,
        `${uid} ${generation ?? resourceVersion}`,
      ]),
  );
}

/** The same, once controllers have written down all that they saw. */
async function settled(): Promise<Record<string, string>> {
  let last = await running();
  await waitFor('nothing changes any more', async () => {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const now = await running();
    const isSame = JSON.stringify(now) === JSON.stringify(last);
    last = now;
    return isSame;
  });
  return last;
}

const ready = (object?: KubernetesObject) =>
  object?.['status']?.conditions?.find(({ type }: { type: string }) => type === 'Ready');
const kustomization = (name: string) => it.bed.get('kustomizations.kustomize.toolkit.fluxcd.io', 'flux-system', name);

beforeAll(async () => {
  it = await home(homelab);
  registry = await it.bed.serveRegistry();
  it.edit('charts/environments/homelab.ts', (text) =>
    text.replace("interval: '30s' }", `interval: '30s', registry: { prefix: '${registry}', insecure: true } }`),
  );
  it.space.write('.gitignore', 'node_modules\ncertificate.pem\n');
  git('init', '--quiet', '--initial-branch=main');
  it.seal();
  run('synth', 'homelab');
});

afterAll(async () => {
  await it?.stop();
  rmSync(process.env['DOCKER_CONFIG']!, { recursive: true });
});

describe('homelab from the registry in the house', () => {
  test('what is committed is pushed, once', () => {
    keepSync();
    run('synth', 'homelab');
    const commit = publish('all of it');
    const again = JSON.parse(run('artifact', 'homelab', '--format', 'json'));
    expect(again).toMatchObject({ pushed: false, artifact: { revision: `main@sha1:${commit}` } });
  });

  test('Flux brings it up from there, in order; the root reads itself from there too', async () => {
    const commit = git('rev-parse', 'HEAD');
    await it.bed.kubectl(['apply', `--filename=${keepSync()}`]);
    const all = await fluxReady(it.bed, commit);
    expect(orderViolations(all)).toEqual([]);
    expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['flux-system/flux-system', 'flux-system/n8n']));
    const source = await it.bed.get('ocirepositories.source.toolkit.fluxcd.io', 'flux-system', 'flux-system');
    const { artifact } = JSON.parse(run('artifact', 'homelab', '--check', '--format', 'json'));
    expect(source?.['status'].artifact).toMatchObject({
      revision: `homelab@${artifact.digest}`,
      metadata: { 'org.opencontainers.image.revision': `main@sha1:${commit}` },
    });
    await it.everythingRuns(namespaces, 7);
  });

  test('a broken commit is refused with a reason where it is broken, and all goes on as it was', async () => {
    const file = 'clusters/homelab/n8n/n8n.yaml';
    const before = await settled();
    it.edit(file, (text) => text.replace('replicas: 1', 'replicas: many'));
    const commit = await push('break n8n');
    const refused = await waitFor('Flux refuses it', async () => {
      const condition = ready(await kustomization('n8n'));
      return condition?.status === 'False' && condition.reason === 'ReconciliationFailed' && condition;
    });
    expect(refused.message).toContain('replicas');
    await waitFor('the others have it', async () =>
      (await kustomization('family-assistant'))?.['status'].lastAppliedOriginRevision?.endsWith(commit),
    );
    expect(await running()).toEqual(before);

    it.edit(file, (text) => text.replace('replicas: many', 'replicas: 1'));
    await fluxReady(it.bed, await push('repair n8n'));
    expect(await running()).toEqual(before);
  });

  test('a tree that does not build changes nothing at all', async () => {
    const before = await settled();
    it.edit('clusters/homelab/kustomization.yaml', (text) => text.replace('- apps.yaml', '- nowhere.yaml'));
    await push('list a file that is not there');
    const refused = await waitFor('the root refuses it', async () => {
      const condition = ready(await kustomization('flux-system'));
      return condition?.status === 'False' && condition;
    });
    expect(refused.message).toContain('nowhere.yaml');
    expect(await running()).toEqual(before);
    it.edit('clusters/homelab/kustomization.yaml', (text) => text.replace('- nowhere.yaml', '- apps.yaml'));
    await fluxReady(it.bed, await push('repair'));
    expect(await running()).toEqual(before);
  });

  test('a unit that is taken out is pruned; the namespace is guarded, and stays with what people made in it', async () => {
    await it.bed.apply([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: 'homelab-dashboard' } },
    ]);
    it.edit('charts/homelab/homelab.ts', (text) =>
      text.replace('  dashboard(app);\n', '').replace("import { dashboard } from './dashboard.ts';\n", ''),
    );
    run('synth', 'homelab');
    await fluxReady(it.bed, await push('without the dashboard'));
    await waitFor(
      'it is gone',
      async () => !(await it.bed.get('deployment', 'homelab-dashboard', 'homelab-dashboard')),
    );
    expect(await it.bed.get('configmap', 'homelab-dashboard', 'mine')).toBeDefined();
    await it.everythingRuns(namespaces, 6);
  });

  test('back to git, nothing that runs changes; the artifact is read no more', async () => {
    await it.everythingRuns(namespaces, 6);
    const before = await settled();
    const { url } = it.repository;
    it.edit('charts/environments/homelab.ts', (text) =>
      text.replace("source: 'oci' });", "source: 'git' });").replace('url: people.repository', `url: '${url}'`),
    );
    // The bed's server asks for no key.
    const sync = keepSync((text) => text.replace('  secretRef:\n    name: flux-system\n', ''));
    const commit = await it.push();
    await it.bed.kubectl(['apply', `--filename=${sync}`]);
    await fluxReady(it.bed, commit);
    await waitFor(
      'the other source is pruned',
      async () => !(await it.bed.get('ocirepositories.source.toolkit.fluxcd.io', 'flux-system', 'flux-system')),
    );
    expect(await running()).toEqual(before);
    await it.everythingRuns(namespaces, 6);
  });
});
