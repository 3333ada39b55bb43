// The homelab on its three nodes, with Flux that reads git: pushed through the real Flux, placed by the real scheduler, an app taken out, a hand edit, and
// each node gone once. No container runs: pods are KWOK's, which become Ready by decree.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { homelabWith } from '../../charts/environments/homelab.ts';
import { type KubernetesObject, waitFor } from './client.ts';
import { bootstrap, fluxReady, orderViolations, reconcile } from './gitops.ts';
import { chartPods, type Home, home, isReady } from './home.ts';
import { strictApply } from './strict-apply.ts';

const homelab = homelabWith({ telemetry: true, source: 'git' });
const namespaces = ['databases', 'family-assistant', 'homelab-dashboard', 'n8n'];

let it: Home;

beforeAll(async () => {
  it = await home(homelab);
  it.edit('charts/environments/homelab.ts', (text) => text.replace("source: 'oci' });", "source: 'git' });"));
  await it.bed.apply([
    // Flux, cert-manager, sealed-secrets, Traefik, Alloy; Prometheus, Loki, the collector, Grafana.
    chartPods('platform', 3, { cpu: '500m', memory: '768Mi' }),
    chartPods('prometheus', 1, { cpu: '200m', memory: '512Mi' }),
    chartPods('loki', 1, { cpu: '100m', memory: '256Mi' }),
    chartPods('collector', 1, { cpu: '200m', memory: '256Mi' }),
  ]);
});

afterAll(async () => it?.stop());

describe('homelab', () => {
  test('the API server takes every object, unknown fields refused, once every Secret is sealed', async () => {
    it.seal();
    await it.push();
    expect(await strictApply(it.bed, it.yamlFiles())).toEqual([]);
  });

  test('Flux brings it up: databases before what uses them, n8n and the assistant beside each other', async () => {
    const commit = await it.push();
    await bootstrap(it.bed, it.repository, it.folder);
    const ready = await fluxReady(it.bed, commit);
    expect(orderViolations(ready)).toEqual([]);
    const dependsOn = (name: string) => ready.find((each) => each.name === `flux-system/${name}`)?.dependsOn ?? [];
    for (const app of ['family-assistant', 'n8n']) expect(dependsOn(app)).toContain('flux-system/databases-stores');
    expect(dependsOn('n8n')).not.toContain('flux-system/family-assistant');
    process.stdout.write(`stood in for: ${it.bed.standIns.join(', ')}\n`);
    // Backend, frontend, dashboard, n8n; PostgreSQL, Redis, Qdrant.
    await it.everythingRuns(namespaces, 7);
    expect(await it.pending()).toEqual([]);
  });

  test('what somebody changes by hand, Flux changes back', async () => {
    const deployment = ['deployment', 'n8n', '--namespace=n8n'];
    await it.bed.kubectl(['set', 'env', ...deployment, 'N8N_PORT=1']);
    await reconcile(it.bed, 'n8n');
    const containers = (object?: KubernetesObject) => object?.['spec'].template.spec.containers[0];
    await waitFor('the port is gone', async () => {
      const { env = [] } = containers(await it.bed.get('deployment', 'n8n', 'n8n'));
      return !env.some(({ name }: { name: string }) => name === 'N8N_PORT');
    });
    await it.everythingRuns(namespaces, 7);
  });

  test('with a node gone only what is on its disk waits for it; PostgreSQL and Redis keep their majority', async () => {
    await it.pinVolumes();
    for (const { name } of homelab.nodes) {
      const lost = await it.loseNode(name);
      const waiting = lost.filter((pod) => /^databases\/.*-\d$/.test(pod)).sort();
      await waitFor(`all but ${waiting.join(', ')} are Ready without ${name}`, async () => {
        const missing = (await it.bed.list('pods'))
          .filter(({ metadata, status }) => metadata.namespace !== 'kube-system' && status.phase !== 'Succeeded')
          .filter((pod) => !isReady(pod))
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
        return missing.sort().join() === waiting.join();
      });
      expect(await it.pending()).toEqual(waiting);
      await waitFor(`two of three members are Ready without ${name}`, async () =>
        (await it.bed.list('statefulsets')).every(
          ({ spec, status }) => spec.replicas === 1 || status.readyReplicas === 2,
        ),
      );
      await it.bed.kubectl(['uncordon', name]);
      await it.everythingRuns(namespaces, 7);
    }
  });

  test('an app that is taken out is pruned, and the namespace with what people made in it stays', async () => {
    await it.bed.apply([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: 'homelab-dashboard' } },
    ]);
    it.edit('charts/homelab/homelab.ts', (text) => text.replace('  dashboard(app);\n', ''));
    it.edit('charts/homelab/homelab.ts', (text) => text.replace("import { dashboard } from './dashboard.ts';\n", ''));
    const commit = await it.push();
    await reconcile(it.bed);
    await fluxReady(it.bed, commit);
    await waitFor(
      'it is gone',
      async () => !(await it.bed.get('deployment', 'homelab-dashboard', 'homelab-dashboard')),
    );
    expect(await it.bed.get('configmap', 'homelab-dashboard', 'mine')).toBeDefined();
    await it.everythingRuns(namespaces, 6);
  });
});
