// Neotool on a desk and in production, from TypeScript to running pods: sealed and synthesized as its owner would, taken
// by the real API server, applied by the real Flux, placed by the real scheduler within the real quotas. No program runs:
// pods are KWOK's, and External Secrets' status is written by it, its definitions are the real ones.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import local from '../../charts/environments/neotool-local.ts';
import prod from '../../charts/environments/neotool-prod.ts';
import type { Environment } from '../../imports/environment.ts';
import type { Bed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import { bootstrap, fluxReady, orderViolations, reconcile } from './gitops.ts';
import { type Home, home } from './home.ts';
import { strictApply } from './strict-apply.ts';

describe.each<[string, Environment]>([
  ['neotool-local', local],
  ['neotool-prod', prod],
])('%s', (name, environment) => {
  let cluster: Home;
  let bed: Bed;

  beforeAll(async () => {
    const storageClasses = Object.keys(environment.storageClasses);
    cluster = await home(environment, { crds: ['external-secrets'], storageClasses });
    bed = cluster.bed;
  });
  afterAll(() => cluster?.stop());

  const everythingRuns = () =>
    waitFor('every pod is placed and every workload has its pods', async () => {
      const [deployments, sets, pods] = await Promise.all(
        ['deployments', 'statefulsets', 'pods'].map((kind) => bed.list(kind)),
      );
      return (
        deployments!.every((object) => hasCondition(object, 'Available')) &&
        sets!.every(({ spec, status }) => status.readyReplicas === spec.replicas) &&
        pods!.every(({ spec }) => spec.nodeName)
      );
    });

  test('every Secret that has to be sealed is, by `npm run seal`', () => {
    cluster.seal();
  });

  test('the API server takes every object, unknown fields refused', async () => {
    cluster.synth();
    expect(await strictApply(bed, cluster.yamlFiles())).toEqual([]);
  });

  test('Flux brings it up in dependency order, Vault before what reads from it', async () => {
    const commit = await cluster.push();
    await bootstrap(bed, cluster.repository, cluster.folder);
    const start = performance.now();
    const ready = await fluxReady(bed, commit);
    const taken = (performance.now() - start) / 1000;
    process.stdout.write(`${name}: Ready after ${taken.toFixed(1)} s; stood in for: ${bed.standIns.join(', ')}\n`);
    expect(orderViolations(ready)).toEqual([]);
    const app = ready.find((each) => each.name === 'flux-system/neotool-app')!;
    expect(app.dependsOn).toContain('flux-system/neotool-security');
    for (const kind of ['jobs', 'statefulsets']) {
      expect((await bed.list(kind)).length).toBeGreaterThan(0);
    }
  });

  test('every pod finds a node and fits its namespace', async () => {
    await everythingRuns();
    const quotas = (await bed.list('resourcequotas')).filter(({ metadata }) =>
      metadata.namespace.startsWith('neotool-'),
    );
    expect(quotas).toHaveLength(8);
    // A schedule may have begun one just now.
    await waitFor('every Job has ended', async () =>
      (await bed.list('jobs')).every((job) => hasCondition(job, 'Complete')),
    );
    expect((await bed.list('jobs')).map(({ metadata }) => metadata.name)).toContain('vault-jwt-init');
  });

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
    const pods = maxReplicas + 1;
    // The autoscaler looks every 15 seconds, and takes back what is above its bound.
    const bound = async (most: number) => {
      const patch = JSON.stringify({ spec: { maxReplicas: most } });
      await bed.kubectl(['patch', 'hpa', 'app', '--namespace=neotool-app', '--type=merge', `--patch=${patch}`]);
    };
    await bound(pods);
    await bed.kubectl(['scale', 'deployment', 'app', '--namespace=neotool-app', `--replicas=${pods}`]);
    await waitFor(
      'all of them',
      async () => (await bed.get('deployment', 'neotool-app', 'app'))!['status'].availableReplicas === pods,
    );
    await bound(maxReplicas);
    await bed.kubectl(['scale', 'deployment', 'app', '--namespace=neotool-app', '--replicas=5']);
  });

  test('a canary is one line of the environment, then a second track that runs', async () => {
    const line = "      canary: { app: { version: 'v1.5.0', percent: 10 } },\n";
    cluster.edit('charts/environments/neotool-prod.ts', (text) =>
      text.replace('      postgres: {', `${line}      postgres: {`),
    );
    const commit = await cluster.push();
    await reconcile(bed);
    await fluxReady(bed, commit);
    await everythingRuns();
    const track = await bed.get('deployment', 'neotool-app', 'app-canary');
    expect(track!['spec'].template.spec.containers[0].image).toBe('ghcr.io/salomax/neotool-app:v1.5.0');
    const { weighted } = (await bed.get('traefikservices.traefik.io', 'neotool-app', 'app-tracks'))!['spec'];
    expect(weighted.services.map(({ weight }: { weight: number }) => weight)).toEqual([90, 10]);
  });
});
