// A cluster that runs already, brought under Flux, looked at, and taken from under it again, by the commands that its owner has:
// the real kubectl, API server and Flux. No container runs: pods are KWOK's, which become Ready by decree.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { homelabWith } from '../../charts/environments/homelab.ts';
import type { Verdict } from '../../synth/live/adopt.ts';
import type { Deviation } from '../../synth/live/verify.ts';
import { documentedShapes } from '../json-shapes.ts';
import { runner } from '../workspace.ts';
import { type KubernetesObject, waitFor } from './client.ts';
import { bootstrap, fluxReady, reconcile } from './gitops.ts';
import { type Home, hasItsPods, home, isOfJob } from './home.ts';
import { built } from './targets.ts';

let it: Home;

const homelab = homelabWith({ telemetry: true, source: 'git' });

/** The vector store runs already, as somebody made it by hand. */
const kept = { name: 'vectors', serviceName: 'vectors', claim: 'storage', selector: { app: 'vectors' } };
const existing = { 'databases/qdrant': kept };

beforeAll(async () => {
  it = await home({ ...homelab, existing });
  const file = join(it.space.folder, 'charts/environments/homelab.ts');
  const text = readFileSync(file, 'utf8').replace("source: 'oci' });", "source: 'git' });");
  writeFileSync(file, text.replace('  systems: [', `  existing: ${JSON.stringify(existing)},\n  systems: [`));
});

afterAll(async () => it?.stop());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as the owner does, with kubectl on the PATH; `first` is looked in before that. */
function run(words: string[], first: string[] = []): Promise<Ended> {
  const PATH = [...first, built('kube'), process.env['PATH']].join(':');
  const env = { ...process.env, NO_COLOR: '1', KUBECONFIG: it.bed.kubeconfig, HOME: it.bed.dir, PATH };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...runner(it.space.folder), 'main.ts', ...words], {
      cwd: it.space.folder,
      env,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const repository = () => ['--repo', it.repository.worktree];

async function verify(): Promise<{ code: number | null; deviations: Deviation[]; notes: string[] }> {
  const { code, stdout, stderr } = await run(['verify', 'homelab', ...repository(), '--format', 'json']);
  if (!stdout) throw new Error(stderr);
  expect(documentedShapes().problems('## verify', JSON.parse(stdout))).toEqual([]);
  return { code, ...JSON.parse(stdout) };
}

async function adopt(): Promise<{ code: number | null; of: (object: string) => Verdict; objects: Verdict[] }> {
  const { code, stdout, stderr } = await run(['adopt', 'homelab', '--format', 'json']);
  if (!stdout) throw new Error(stderr);
  expect(documentedShapes().problems('## adopt', JSON.parse(stdout))).toEqual([]);
  const { objects } = JSON.parse(stdout) as { objects: (Verdict & { object: string })[] };
  const of = (object: string) => {
    const found = objects.find((each) => each.object === object);
    if (!found) throw new Error(`${object} is none of ${objects.map((each) => each.object).join(', ')}`);
    return found;
  };
  return { code, objects, of };
}

const KINDS = [
  'deployments',
  'statefulsets',
  'services',
  'configmaps',
  'serviceaccounts',
  'persistentvolumeclaims',
  'secrets',
  'cronjobs',
  'networkpolicies',
  'helmreleases',
  'sealedsecrets',
];

/** What of each object would show that somebody wrote it. */
async function written(kinds = KINDS): Promise<string[]> {
  const objects = (await Promise.all(kinds.map((kind) => it.bed.list(kind)))).flat();
  return objects
    .filter((object) => object['metadata'].namespace !== 'kube-system' && !isOfJob(object))
    .map(
      ({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name} ${metadata.uid} ${metadata.generation}`,
    )
    .sort();
}

const uids = async (kinds = KINDS) => (await written(kinds)).map((line) => line.split(' ').slice(0, 3).join(' '));

const handMade = (name: string, namespace: string, app: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { 'app.kubernetes.io/name': app } },
    template: {
      metadata: { labels: { 'app.kubernetes.io/name': app } },
      spec: { containers: [{ name, image: `docker.io/example/${name}:1`, env: [{ name: 'BY_HAND', value: 'yes' }] }] },
    },
  },
});

const vectors: object = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'vectors', namespace: 'databases' },
  spec: {
    serviceName: 'vectors',
    selector: { matchLabels: kept.selector },
    template: {
      metadata: { labels: kept.selector },
      spec: { containers: [{ name: 'qdrant', image: 'docker.io/qdrant/qdrant:v1.19.0' }] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'storage' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  },
};

/** As people do it: client-side. */
const byHand = (...objects: object[]) =>
  it.bed.kubectl(['apply', '--filename=-'], objects.map((each) => JSON.stringify(each)).join('\n---\n'));

const meta = (name: string, namespace: string, rest: object = {}) => ({ metadata: { name, namespace, ...rest } });
const service = (name: string, namespace: string, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  ...meta(name, namespace, rest),
  spec: { ports: [{ port: 8080 }], selector: { app: name } },
});

const inNamespaces = ['databases', 'family-assistant', 'homelab-dashboard', 'n8n'];

const everythingRuns = () => it.everythingRuns(inNamespaces, 7);

/** cert-manager is stood in for: what it would put into the Secrets of certificates is put there by hand. */
async function certificates() {
  for (const { metadata, spec } of await it.bed.list('ingresses')) {
    for (const { secretName } of spec.tls ?? []) {
      await it.bed.apply([
        {
          apiVersion: 'v1',
          kind: 'Secret',
          ...meta(secretName, metadata.namespace),
          stringData: { 'tls.crt': '', 'tls.key': '' },
        },
      ]);
    }
  }
}

let commit: string;

describe('a cluster that runs already', () => {
  test('another environment is refused, with what tells them apart', async () => {
    for (const command of ['verify', 'adopt', 'leave']) {
      const { code, stdout, stderr } = await run([command, 'vinyl']);
      expect(stderr).toMatch(
        /^error: context bed is not vinyl: its nodes are .*, and vinyl has pi-1, pi-2, pi-3, pi-4;/,
      );
      expect([stdout, code]).toEqual(['', command === 'leave' ? 1 : 2]);
    }
    const unknown = await run(['verify', 'homelab', '--context', 'cellar']);
    expect([unknown.code, unknown.stderr]).toEqual([2, 'error: --context cellar: no such context; there are bed\n']);
  });

  test('adopt says of each object what becomes of it, and changes nothing', async () => {
    it.seal();
    commit = await it.push();
    await byHand(...inNamespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
    await byHand(
      vectors,
      handMade('n8n', 'n8n', 'n8n'),
      handMade('frontend', 'family-assistant', 'web'),
      service('homelab-dashboard', 'homelab-dashboard', {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'dashboard', 'meta.helm.sh/release-namespace': 'default' },
      }),
      { apiVersion: 'v1', kind: 'ConfigMap', ...meta('operator', 'databases') },
      { apiVersion: 'v1', kind: 'Secret', ...meta('n8n-encryption-key', 'n8n'), stringData: { by: 'hand' } },
    );
    const operator = await it.bed.get('configmap', 'databases', 'operator');
    await byHand({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      ...meta('redis', 'databases', {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'operator', uid: operator!['metadata'].uid, controller: true },
        ],
      }),
    });
    await waitFor('the vector store has its volume', async () =>
      (await it.bed.list('persistentvolumeclaims')).some(({ status }) => status.phase === 'Bound'),
    );
    const before = await written();
    const { code, of, objects } = await adopt();
    expect(await written()).toEqual(before);

    // The server has filled in settings of another strategy; Flux would be refused, too.
    const n8n = of('Deployment n8n/n8n') as Extract<Verdict, { verdict: 'refuse' }>;
    expect(n8n).toMatchObject({ verdict: 'refuse', reason: expect.stringContaining('spec.strategy.rollingUpdate') });
    const [, patch] = /-p '(.*)'$/.exec(n8n.fix)!;
    await it.bed.kubectl(['patch', 'deployment', 'n8n', '--namespace=n8n', '--type=merge', '--patch', patch!]);
    const n8nThen = (await adopt()).of('Deployment n8n/n8n');
    expect(n8nThen).toMatchObject({ verdict: 'adopt', restarts: true });
    const { changes } = n8nThen as Extract<Verdict, { verdict: 'adopt' }>;
    expect(changes).toContainEqual(
      expect.objectContaining({
        field: expect.stringContaining('env[name=BY_HAND]'),
        live: expect.stringContaining('yes'),
      }),
    );
    expect(of('Deployment family-assistant/frontend')).toMatchObject({
      verdict: 'recreate',
      reason: expect.stringContaining('field is immutable'),
      fields: [{ field: 'spec.selector', live: expect.stringContaining('web') }],
      steps: expect.arrayContaining([
        expect.stringContaining('kubectl delete deployment frontend -n family-assistant'),
      ]),
    });
    expect(of('Service homelab-dashboard/homelab-dashboard')).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining('belongs to the Helm release default/dashboard'),
    });
    expect(of('ServiceAccount databases/redis')).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining('is made by ConfigMap operator'),
    });
    expect(of('StatefulSet databases/vectors')).toMatchObject({
      verdict: 'recreate',
      fields: [{ field: 'spec.podManagementPolicy' }, { field: 'spec.volumeClaimTemplates' }],
      steps: expect.arrayContaining([
        expect.stringContaining('kubectl delete statefulset vectors -n databases --cascade=orphan'),
      ]),
    });
    expect(of('SealedSecret n8n/n8n-encryption-key')).toMatchObject({
      verdict: 'refuse',
      fix: expect.stringContaining('sealedsecrets.bitnami.com/managed=true'),
    });
    expect(of('Namespace n8n')).toMatchObject({ verdict: 'adopt' });
    expect(of('StatefulSet databases/postgresql')).toEqual(expect.objectContaining({ verdict: 'new' }));
    expect(objects.filter(({ verdict }) => verdict === 'refuse' || verdict === 'recreate')).toHaveLength(6);
    expect(code).toBe(1);
  });

  test('verify names what is missing before Flux is there', async () => {
    const { code, deviations } = await verify();
    expect(deviations).toContainEqual(
      expect.objectContaining({ kind: 'missing', object: 'Flux Kustomization of clusters/homelab' }),
    );
    expect(deviations).toContainEqual(
      expect.objectContaining({ kind: 'missing', object: 'StatefulSet databases/redis' }),
    );
    expect(code).toBe(1);
  });

  test('with the steps of adopt taken, Flux takes over what runs, and the cluster is as committed', async () => {
    const { uid } = (await it.bed.get('deployment', 'n8n', 'n8n'))!['metadata'];
    const claim = async () =>
      (await it.bed.get('persistentvolumeclaim', 'databases', 'storage-vectors-0'))?.['metadata'];
    const volume = (await claim())!.uid;
    await it.bed.kubectl(['delete', 'statefulset', 'vectors', '--namespace=databases', '--cascade=orphan']);
    await it.bed.kubectl(['delete', 'deployment', 'frontend', '--namespace=family-assistant', '--cascade=orphan']);
    await it.bed.kubectl(['delete', 'service', 'homelab-dashboard', '--namespace=homelab-dashboard']);
    await it.bed.kubectl(['delete', 'serviceaccount', 'redis', '--namespace=databases']);
    await it.bed.kubectl([
      ...['annotate', 'secret', 'n8n-encryption-key', '--namespace=n8n'],
      'sealedsecrets.bitnami.com/managed=true',
    ]);
    expect((await adopt()).code).toBe(0);
    await bootstrap(it.bed, it.repository, it.folder);
    await fluxReady(it.bed, commit);
    await everythingRuns();
    await certificates();
    const n8n = (await it.bed.get('deployment', 'n8n', 'n8n'))!;
    expect(n8n['metadata'].uid).toBe(uid);
    expect(JSON.stringify(n8n['spec'])).not.toContain('BY_HAND');
    // The set is another one, its data is not.
    expect((await claim())!.uid).toBe(volume);
    const [pod, ...others] = (await it.bed.list('pods')).filter(({ metadata }) => metadata.labels?.app === 'vectors');
    expect([pod!['metadata'].name, others]).toEqual(['vectors-0', []]);
    expect(pod!['spec'].volumes).toContainEqual({
      name: 'storage',
      persistentVolumeClaim: { claimName: 'storage-vectors-0' },
    });
    await waitFor('it is as committed', async () => (await verify()).code === 0);
    const before = await written();
    expect(await verify()).toMatchObject({ deviations: [], code: 0 });
    expect(await written()).toEqual(before);
    expect((await run(['verify', 'homelab', ...repository()])).stdout).toMatch(
      /^homelab is as committed at .*: \d+ objects/,
    );
  });

  test('verify names each thing that is not as committed, twice alike, and nothing once Flux has repaired it', async () => {
    await it.bed.kubectl(['set', 'env', 'deployment/n8n', '--namespace=n8n', 'N8N_PORT=1']);
    await it.bed.kubectl(['scale', 'statefulset/vectors', '--namespace=databases', '--replicas=3']);
    await it.bed.kubectl(['delete', 'service', 'backend', '--namespace=family-assistant']);
    await it.bed.kubectl(['delete', 'sealedsecret', 'n8n-encryption-key', '--namespace=n8n', '--cascade=foreground']);
    await it.bed.kubectl([
      'patch',
      'deployment/homelab-dashboard',
      '--namespace=homelab-dashboard',
      '--type=merge',
      '--patch',
      JSON.stringify({ spec: { template: { spec: { nodeSelector: { disk: 'none' } } } } }),
    ]);
    await it.bed.apply([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        ...meta('forgotten', 'n8n', {
          labels: { 'kustomize.toolkit.fluxcd.io/name': 'n8n', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
        }),
      },
    ]);
    await waitFor('the dashboard finds no node, and the others run as they were changed', async () => {
      const [deployments, sets, pods] = await Promise.all(
        ['deployments', 'statefulsets', 'pods'].map((kind) => it.bed.list(kind)),
      );
      const changed = [...deployments!, ...sets!].filter(({ metadata }) => ['n8n', 'vectors'].includes(metadata.name));
      const isUnschedulable = ({ metadata, status }: KubernetesObject) =>
        metadata.namespace === 'homelab-dashboard' &&
        status.conditions?.some(({ reason }: { reason?: string }) => reason === 'Unschedulable');
      return changed.every(hasItsPods) && pods!.some(isUnschedulable);
    });
    const first = await verify();
    const of = (kind: string) => first.deviations.filter((each) => each.kind === kind);
    expect(
      of('drift')
        .map(({ object }) => object)
        .sort(),
    ).toEqual([
      'Deployment homelab-dashboard/homelab-dashboard',
      'Deployment n8n/n8n',
      'StatefulSet databases/vectors',
    ]);
    expect(of('drift').find(({ object }) => object === 'Deployment n8n/n8n')?.changes).toEqual([
      {
        field: 'spec.template.spec.containers[name=n8n].env[name=N8N_PORT]',
        live: '{"name":"N8N_PORT","value":"1"}',
        by: 'kubectl-set',
      },
    ]);
    expect(of('missing').map(({ object }) => object)).toEqual([
      'SealedSecret n8n/n8n-encryption-key',
      'Service family-assistant/backend',
    ]);
    expect(of('secret')).toEqual([
      expect.objectContaining({
        object: 'Secret n8n/n8n-encryption-key',
        message: expect.stringContaining('Deployment n8n/n8n'),
      }),
    ]);
    expect(of('not-ready')).toContainEqual(
      expect.objectContaining({
        object: 'Deployment homelab-dashboard/homelab-dashboard',
        message: expect.stringContaining("didn't match Pod's node affinity/selector"),
      }),
    );
    expect(of('leftover')).toEqual([expect.objectContaining({ object: 'ConfigMap n8n/forgotten' })]);
    expect(first.code).toBe(1);
    const second = await verify();
    expect(second.deviations.map(({ kind, object }) => `${kind} ${object}`)).toEqual(
      first.deviations.map(({ kind, object }) => `${kind} ${object}`),
    );

    await it.bed.kubectl(['delete', 'configmap', 'forgotten', '--namespace=n8n']);
    for (const name of ['secrets', 'n8n', 'databases-stores', 'family-assistant', 'homelab-dashboard'])
      await reconcile(it.bed, name);
    await everythingRuns();
    await waitFor('it is as committed again', async () => (await verify()).code === 0);
  });

  test('verify names a commit that was refused, and a Kustomization that is suspended', async () => {
    /** As `flux suspend` does; what kubectl sets, the root takes back with the next commit. */
    const suspend = (value: true | null) => {
      const patch = `--patch=${JSON.stringify({ spec: { suspend: value } })}`;
      const which = ['kustomization', 'dashboards', '--namespace=flux-system'];
      return it.bed.kubectl(['patch', ...which, '--type=merge', '--field-manager=flux', patch]);
    };
    const file = join(it.repository.worktree, it.folder, 'n8n/n8n.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('kind: Deployment', 'kind: NoSuchKind'));
    await suspend(true);
    await it.repository.push();
    await reconcile(it.bed);
    await waitFor('it is refused', async () =>
      JSON.stringify((await it.bed.get('kustomization', 'flux-system', 'n8n'))?.['status']).includes('NoSuchKind'),
    );
    const { code, deviations } = await verify();
    const of = (name: string) => deviations.filter(({ object }) => object === `Kustomization flux-system/${name}`);
    const behind = {
      kind: 'behind',
      message: expect.stringContaining(`has applied ${commit.slice(0, 10)}, 1 commit behind`),
    };
    expect(of('n8n')).toEqual([
      expect.objectContaining(behind),
      expect.objectContaining({
        kind: 'not-ready',
        message: expect.stringContaining('no matches for kind "NoSuchKind"'),
      }),
    ]);
    expect(of('dashboards')).toEqual([
      expect.objectContaining(behind),
      expect.objectContaining({ kind: 'not-ready', message: expect.stringContaining('is suspended') }),
    ]);
    expect(deviations).toContainEqual(expect.objectContaining({ kind: 'missing', object: 'NoSuchKind n8n/n8n' }));
    expect(code).toBe(1);
    writeFileSync(file, text);
    commit = await it.repository.push();
    await suspend(null);
    await reconcile(it.bed);
    await fluxReady(it.bed, commit);
    expect((await verify()).deviations).toEqual([]);
  });

  test('leave says what it would do, breaks off half-way, is finished by the next run, and removes nothing that runs', async () => {
    const everything = [...KINDS, 'pods', 'persistentvolumes', 'namespaces'];
    const before = await uids(everything);
    const plan = await run(['leave', 'homelab']);
    expect(plan.stdout).toContain('nothing was changed. Do it: --yes');
    expect(plan.code).toBe(0);
    expect(await verify()).toMatchObject({ deviations: [], code: 0 });

    const broken = join(it.bed.dir, 'broken');
    mkdirSync(broken);
    writeFileSync(
      join(broken, 'kubectl'),
      `#!/bin/sh\ncase "$*" in *" delete "*n8n*) echo 'Error from server: etcdserver: request timed out' >&2; exit 1;; esac\nexec ${built('kube')}/kubectl "$@"\n`,
    );
    chmodSync(join(broken, 'kubectl'), 0o755);
    const half = await run(['leave', 'homelab', '--yes'], [broken]);
    expect(half.stderr).toMatch(
      /is not gone: Error from server: etcdserver: request timed out\. Everything is suspended/,
    );
    expect(half.code).toBe(1);
    expect(await uids(everything)).toEqual(before);

    const whole = await run(['leave', 'homelab', '--yes']);
    expect(whole.stdout).toMatch(/^homelab on context bed is no longer under Flux: \d+ objects are there as before/);
    expect(whole.code).toBe(0);
    expect(await uids(everything)).toEqual(before);
    for (const kind of ['kustomizations', 'gitrepositories', 'ocirepositories', 'helmrepositories', 'imagepolicies']) {
      expect(await it.bed.list(kind)).toEqual([]);
    }
    expect((await it.bed.list('helmreleases')).every(({ spec }) => spec.suspend === true)).toBe(true);
    expect((await run(['leave', 'homelab', '--yes'])).stdout).toContain('there is nothing to leave');
  });

  test('nobody changes anything any more, and coming back takes over everything that runs', async () => {
    await it.bed.kubectl(['set', 'env', 'deployment/n8n', '--namespace=n8n', 'N8N_PORT=1']);
    commit = await it.repository.push();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const port = (object?: KubernetesObject) => JSON.stringify(object?.['spec']).includes('N8N_PORT');
    expect(port(await it.bed.get('deployment', 'n8n', 'n8n'))).toBe(true);

    const before = await uids();
    await bootstrap(it.bed, it.repository, it.folder);
    await fluxReady(it.bed, commit);
    await everythingRuns();
    expect(await uids()).toEqual(before);
    expect(port(await it.bed.get('deployment', 'n8n', 'n8n'))).toBe(false);
    expect((await it.bed.list('helmreleases')).some(({ spec }) => spec.suspend)).toBe(false);
    await waitFor('it is as committed', async () => (await verify()).code === 0);
  });
});
