// Neotool on a desk and in production, from TypeScript to running pods: sealed and synthesized as its owner would, taken
// by the real API server, applied by the real Flux, placed by the real scheduler within the real quotas. No program runs:
// pods are KWOK's, and External Secrets' status is written by it, its definitions are the real ones.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import local from '../../charts/environments/neotool-local.ts';
import prod from '../../charts/environments/neotool-prod.ts';
import { ENVIRONMENT, type Environment, SEALED, TAGS } from '../../imports/environment.ts';
import { render } from '../../synth/render.ts';
import { type Workspace, workspace } from '../workspace.ts';
import { type Bed, startBed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import { bootstrap, createRepository, fluxReady, orderViolations, type Repository, reconcile } from './gitops.ts';
import type { NodeSpec } from './kwok.ts';
import { strictApply } from './strict-apply.ts';

const nodesOf = ({ nodes }: Environment): NodeSpec[] =>
  nodes.flatMap((node) => {
    if (!('count' in node)) return [{ ...node }] as NodeSpec[];
    const { count, name, ...rest } = node;
    return Array.from({ length: count }, (_, i) => ({ ...rest, name: `${name}-${i + 1}` })) as NodeSpec[];
  });

describe.each<[string, Environment]>([
  ['neotool-local', local],
  ['neotool-prod', prod],
])('%s', (name, environment) => {
  const cluster = `clusters/${name}`;
  let bed: Bed;
  let repository: Repository;
  let space: Workspace;

  beforeAll(async () => {
    bed = await startBed({
      nodes: nodesOf(environment),
      crds: ['flux', 'cert-manager', 'external-secrets', 'prometheus-operator', 'sealed-secrets', 'traefik'],
      storageClasses: Object.keys(environment.storageClasses),
      sealedSecrets: true,
    });
    repository = await createRepository(bed);
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

  async function push(): Promise<string> {
    run('', 'synth', name);
    return repository.pushTree(join(space.folder, cluster), cluster);
  }

  const everythingRuns = () =>
    waitFor(
      'every pod is placed and every workload has its pods',
      async () => {
        const [deployments, sets, pods] = await Promise.all(
          ['deployments', 'statefulsets', 'pods'].map((kind) => bed.list(kind)),
        );
        return (
          deployments!.every((object) => hasCondition(object, 'Available')) &&
          sets!.every(({ spec, status }) => status.readyReplicas === spec.replicas) &&
          pods!.every(({ spec }) => spec.nodeName)
        );
      },
      60,
    );

  test('every Secret that has to be sealed is, by `npm run seal`', () => {
    const { declared } = render(environment, { [ENVIRONMENT]: environment, [TAGS]: new Map(), [SEALED]: new Map() });
    for (const { namespace, name: secret, keys } of declared.flatMap(({ sealed }) => sealed ?? [])) {
      const lines = keys.map((key) => `${key}=${randomBytes(16).toString('hex')}`).join('\n');
      run(lines, 'seal', name, `${namespace}/${secret}`, '--cert', 'certificate.pem');
    }
    run('', 'seal', name);
  });

  test('the API server takes every object, unknown fields refused', async () => {
    run('', 'synth', name);
    const files = readdirSync(join(space.folder, cluster), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.yaml'))
      .map((path) => join(space.folder, cluster, path));
    expect(await strictApply(bed, files)).toEqual([]);
  });

  test('Flux brings it up in dependency order, Vault before what reads from it', async () => {
    const commit = await push();
    await bootstrap(bed, repository, cluster);
    const start = performance.now();
    const ready = await fluxReady(bed, commit, 150);
    const taken = (performance.now() - start) / 1000;
    process.stdout.write(`${name}: Ready after ${taken.toFixed(1)} s; stood in for: ${bed.standIns.join(', ')}\n`);
    expect(orderViolations(ready)).toEqual([]);
    const app = ready.find((each) => each.name === 'flux-system/neotool-app')!;
    expect(app.dependsOn).toContain('flux-system/neotool-security');
    for (const kind of ['jobs', 'statefulsets']) {
      expect((await bed.list(kind)).length).toBeGreaterThan(0);
    }
  }, 200_000);

  test('every pod finds a node and fits its namespace', async () => {
    await everythingRuns();
    const quotas = (await bed.list('resourcequotas')).filter(({ metadata }) =>
      metadata.namespace.startsWith('neotool-'),
    );
    expect(quotas).toHaveLength(8);
    const jobs = await bed.list('jobs');
    expect(jobs.filter((job) => !hasCondition(job, 'Complete')).map(({ metadata }) => metadata.name)).toEqual([]);
    expect(jobs.map(({ metadata }) => metadata.name)).toContain('vault-jwt-init');
  }, 90_000);

  if (name !== 'neotool-prod') return;

  test('members of a store are on nodes of their own', async () => {
    const pods = await bed.list('pods');
    for (const store of ['postgresql', 'kafka', 'vault']) {
      const members = pods.filter(({ metadata }) => new RegExp(`^${store}-\\d$`).test(metadata.name));
      expect([store, new Set(members.map(({ spec }) => spec.nodeName)).size]).toEqual([store, 3]);
    }
  });

  test('the busiest hour fits: app at the most pods that its autoscaler may start, and one more of a rollout', async () => {
    const { maxReplicas } = (await bed.get('hpa', 'neotool-app', 'app'))!['spec'];
    await bed.kubectl(['scale', 'deployment', 'app', '--namespace=neotool-app', `--replicas=${maxReplicas + 1}`]);
    await waitFor(
      'all of them',
      async () => (await bed.get('deployment', 'neotool-app', 'app'))!['status'].availableReplicas === maxReplicas + 1,
      60,
    );
    await bed.kubectl(['scale', 'deployment', 'app', '--namespace=neotool-app', '--replicas=5']);
  }, 90_000);

  test('a canary is one line of the environment, then a second track that runs', async () => {
    const file = join(space.folder, 'charts/environments/neotool-prod.ts');
    const before = readFileSync(file, 'utf8');
    const line = "      canary: { app: { version: 'v1.5.0', percent: 10 } },\n";
    writeFileSync(file, before.replace('      postgres: {', `${line}      postgres: {`));
    const commit = await push();
    await reconcile(bed);
    await fluxReady(bed, commit, 60);
    await everythingRuns();
    const track = await bed.get('deployment', 'neotool-app', 'app-canary');
    expect(track!['spec'].template.spec.containers[0].image).toBe('ghcr.io/salomax/neotool-app:v1.5.0');
    const { weighted } = (await bed.get('traefikservices.traefik.io', 'neotool-app', 'app-tracks'))!['spec'];
    expect(weighted.services.map(({ weight }: { weight: number }) => weight)).toEqual([90, 10]);
  }, 150_000);
});
