// fn-notifications in production, from TypeScript to running pods: sealed, synthesized and pushed as its owner would, then
// applied by the real Flux to the real API server, unsealed by the real controller, placed by the real scheduler.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import findly from '../../charts/environments/findly-prod.ts';
import { ENVIRONMENT, SEALED, TAGS } from '../../imports/environment.ts';
import { render } from '../../synth/render.ts';
import { type Workspace, workspace } from '../workspace.ts';
import { type Bed, startBed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import { bootstrap, createRepository, fluxReady, orderViolations, type Repository, reconcile } from './gitops.ts';
import { strictApply } from './strict-apply.ts';

const cluster = 'clusters/findly-prod';
const namespace = 'fn-notifications';
const { name: nodeName, count, ...node } = findly.nodes[0]!;

let bed: Bed;
let repository: Repository;
let space: Workspace;

beforeAll(async () => {
  bed = await startBed({
    nodes: Array.from({ length: count }, (_, i) => ({ ...node, name: `${nodeName}-${i + 1}` })),
    sealedSecrets: true,
  });
  repository = await createRepository(bed);
  // Flux's own namespace is there before the first synthesized tree.
  await bed.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } }]);
  space = workspace('charts', 'clusters');
  writeFileSync(join(space.folder, 'certificate.pem'), await bed.sealingCertificate());
});

afterAll(async () => {
  await bed?.stop();
  space?.remove();
});

/** Runs the command line; what it prints is the reason where it fails. */
function run(input: string, ...args: string[]) {
  const { status, stdout, stderr } = space.run({ input }, ...args);
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
}

const yamlFiles = () =>
  readdirSync(join(space.folder, cluster), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => join(space.folder, cluster, path));

/** Synthesizes what the sources say now and pushes it; answers the commit. */
async function push(): Promise<string> {
  run('', 'synth', 'findly-prod');
  return repository.pushTree(join(space.folder, cluster), cluster);
}

/** Has Flux look at once, as a webhook of the forge does, and waits until it has applied the push. */
async function applied(commit: string) {
  await reconcile(bed);
  return fluxReady(bed, commit, 60);
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

function edit(path: string, change: (text: string) => string) {
  const file = join(space.folder, path);
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path}: the edit changed nothing`);
  writeFileSync(file, after);
}

const system = 'charts/fn-notifications/fn-notifications.ts';

describe('findly-prod', () => {
  test('every Secret that it reads is sealed by `npm run seal`', () => {
    const { declared } = render(findly, { [ENVIRONMENT]: findly, [TAGS]: new Map(), [SEALED]: new Map() });
    const secrets = declared.flatMap(({ sealed }) => sealed ?? []);
    expect(secrets.length).toBeGreaterThan(3);
    for (const { namespace, name, keys, type } of secrets) {
      const value = (key: string) =>
        type === 'kubernetes.io/dockerconfigjson' ? '{"auths":{}}' : `${key.length}${randomBytes(16).toString('hex')}`;
      const lines = keys.map((key) => `${key}=${value(key)}`).join('\n');
      run(lines, 'seal', 'findly-prod', `${namespace}/${name}`, '--cert', 'certificate.pem');
    }
    run('', 'seal', 'findly-prod');
  });

  test('the API server takes every object, unknown fields refused', async () => {
    run('', 'synth', 'findly-prod');
    expect(await strictApply(bed, yamlFiles())).toEqual([]);
  });

  test('Flux brings it up in dependency order', async () => {
    const commit = await push();
    const taken = await seconds(async () => {
      await bootstrap(bed, repository, cluster);
      const ready = await fluxReady(bed, commit, 120);
      expect(orderViolations(ready)).toEqual([]);
      expect(ready.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['flux-system/secrets', 'flux-system/fn-notifications']),
      );
    });
    process.stdout.write(`first push to Ready: ${taken.toFixed(1)} s; stood in for: ${bed.standIns.join(', ')}\n`);
  });

  test('the controller has unsealed every Secret', async () => {
    const secret = await bed.get('secret', namespace, 'fn-notifications-secrets');
    expect(Object.keys(secret!['data'])).toEqual(
      expect.arrayContaining(['DATABASE_URL', 'SECRET_KEY_BASE', 'TWILIO_AUTH_TOKEN']),
    );
    const sealed = await bed.list('sealedsecrets');
    expect(sealed.filter((object) => !hasCondition(object, 'Synced'))).toEqual([]);
  });

  test('the migration ran before the service, and every Deployment is available on the nodes', async () => {
    const job = await bed.get('job', namespace, 'migration');
    expect(hasCondition(job!, 'Complete')).toBe(true);
    await waitFor('every Deployment is available with the replicas its autoscaler wants', async () => {
      const deployments = await bed.list('deployments');
      const service = deployments.find(({ metadata }) => metadata.name === namespace);
      return service?.['status'].availableReplicas >= 3 && deployments.every((each) => hasCondition(each, 'Available'));
    });
    const pods = (await bed.list('pods')).filter(
      ({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === namespace,
    );
    expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBeGreaterThan(1);
  });

  test('a change is Ready within 15 seconds of its push', async () => {
    edit(system, (text) => text.replace('cpu: 70', 'cpu: 75'));
    const taken = await seconds(async () => applied(await push()));
    process.stdout.write(`push of a change to Ready: ${taken.toFixed(1)} s\n`);
    expect(taken).toBeLessThan(15);
    const hpa = await bed.get('hpa', namespace, namespace);
    expect(JSON.stringify(hpa!['spec'].metrics)).toContain('75');
  });

  test('a hand-edit on the cluster is reverted', async () => {
    await bed.kubectl([
      'patch',
      'configmap',
      namespace,
      `--namespace=${namespace}`,
      '--patch={"data":{"POOL_SIZE":"99"}}',
    ]);
    await reconcile(bed, namespace);
    await waitFor('the old value is back', async () => {
      const config = await bed.get('configmap', namespace, namespace);
      return config!['data'].POOL_SIZE !== '99';
    });
  });

  test('a push that the API server refuses changes nothing that runs', async () => {
    const before = await bed.get('deployment', namespace, namespace);
    const file = `${cluster}/fn-notifications/fn-notifications.yaml`;
    const good = readFileSync(join(space.folder, file), 'utf8');
    const broken = good.replace('maxUnavailable: 0', 'maxUnavailable: none').replace('cpu: 200m', 'cpu: 300m');
    const commit = await repository.pushFiles({ [file]: broken });
    await reconcile(bed);
    const refused = /flux-system\/fn-notifications: [\s\S]*maxUnavailable/;
    await waitFor('the refusal is said', () =>
      fluxReady(bed, commit, 1).then(
        () => expect('the push').toBe('refused'),
        (error: Error) => refused.test(error.message),
      ),
    );
    const after = await bed.get('deployment', namespace, namespace);
    expect(after!['spec']).toEqual(before!['spec']);
    expect(after!['status'].availableReplicas).toBe(before!['status'].availableReplicas);
    await applied(await push());
  });

  test('a unit that is taken out is pruned; what holds data is kept', async () => {
    edit(system, (text) =>
      text
        .replace(/\n {4}if \(kafka\.confluent\) new KafkaTopics[^;]*;/, '')
        .replace(/import \{ KafkaTopics \}[^\n]*\n/, ''),
    );
    await applied(await push());
    expect(await bed.get('configmap', namespace, 'kafka-topics')).toBeUndefined();
    expect(await bed.get('deployment', namespace, namespace)).toBeDefined();

    edit('charts/environments/findly-prod.ts', (text) =>
      text.replace(/\n {4}fnNotifications\(\{[\s\S]*?\n {4}\}\),/, ''),
    );
    await applied(await push());
    await waitFor('the service is gone', async () => !(await bed.get('deployment', namespace, namespace)));
    const kept = await bed.get('namespace', undefined, namespace);
    expect(kept!['status'].phase).toBe('Active');
  });
});
