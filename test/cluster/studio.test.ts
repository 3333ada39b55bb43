// The Notifi homelab, from TypeScript to placed pods: sealed and rendered as its owner would, taken by the real API server,
// applied by the real Flux in order, placed by the real scheduler on the plan's five machines within the real quotas; and
// again with one machine gone. No program runs: pods are KWOK's, charts and operators are stood in for but RabbitMQ's.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import studio from '../../charts/environments/studio.ts';
import { waitFor } from './client.ts';
import { bootstrap, fluxReady, orderViolations } from './gitops.ts';
import { type Home, hasItsPods, home, isReady } from './home.ts';
import { copySources, gatewayApi, operators } from './sources.ts';
import { strictApply } from './strict-apply.ts';

const ours = ['notifi', 'data-services', 'messaging', 'kafka'];

let cluster: Home;
let stopCopying: () => Promise<void>;
beforeAll(async () => {
  cluster = await home(studio, {
    crds: ['gateway-api', 'knative', 'linkerd', 'rabbitmq', 'strimzi', 'trust-manager', 'velero'],
    rabbitmq: true,
  });
  stopCopying = copySources(cluster.bed);
});
afterAll(async () => {
  await stopCopying?.();
  await cluster?.stop();
});

describe('studio', () => {
  test('every Secret that it reads is sealed, by `npm run seal`', () => cluster.seal());

  test('the API server takes every object, unknown fields refused', async () => {
    expect(await strictApply(cluster.bed, cluster.yamlFiles())).toEqual([]);
  });

  test('Flux brings it up in dependency order, and waits for nothing in vain', async () => {
    const { bed, repository, folder } = cluster;
    await repository.pushFiles({ ...operators, ...gatewayApi });
    const commit = await cluster.push();
    const start = performance.now();
    await bootstrap(bed, repository, folder);
    const ready = await fluxReady(bed, commit);
    expect(orderViolations(ready)).toEqual([]);
    const names = ready.map(({ name }) => name);
    for (const layer of ['data-services-stores', 'kafka-stores', 'messaging', 'notifi']) {
      expect(names).toContain(`flux-system/${layer}`);
    }
    const taken = (performance.now() - start) / 1000;
    process.stdout.write(`first push to Ready: ${taken.toFixed(1)} s; stood in for: ${bed.standIns.join(', ')}\n`);
  });

  const placed = async () =>
    (await cluster.bed.list('pods')).filter(({ metadata }) => ours.includes(metadata.namespace));

  const everythingRuns = () =>
    waitFor('every program has its pods', async () => {
      const programs = await Promise.all(['deployments', 'statefulsets'].map((kind) => cluster.bed.list(kind)));
      return programs.flat().every(hasItsPods) && !(await cluster.pending()).length;
    });

  test('every pod is placed on one of the five machines, and none on the server that is kept free', async () => {
    await everythingRuns();
    const pods = await placed();
    const nodes = new Set(pods.map(({ spec }) => spec.nodeName));
    expect([...nodes].sort()).toEqual(['forge', 'pi-node-2', 'pi-node-3', 'studio']);
    for (const namespace of ours.slice(0, 3)) {
      expect(pods.filter(({ metadata }) => metadata.namespace === namespace).length).toBeGreaterThan(2);
    }
  });

  test('no quota turned a pod away', async () => {
    const events = await cluster.bed.list('events');
    const turned = events.filter(({ message }) => `${message}`.includes('exceeded quota'));
    expect(turned.map(({ message }) => message)).toEqual([]);
    for (const { metadata, status } of await cluster.bed.list('resourcequotas')) {
      expect([metadata.namespace, Number(status.used.pods) <= Number(status.hard.pods)]).toEqual([
        metadata.namespace,
        true,
      ]);
    }
  });

  test.each(['pi-node-2', 'forge'])(
    'without %s everything runs but the members whose disk is gone with it',
    async (node) => {
      await cluster.pinVolumes();
      const lost = await cluster.loseNode(node);
      const members = lost.filter((pod) => /^(data-services|messaging)\/.*-\d$/.test(pod));
      await waitFor('all that can move has moved', async () => {
        const pods = await placed();
        const waiting = pods.filter(({ spec, status }) => !spec.nodeName && status.phase === 'Pending');
        const back = waiting.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
        return back.join() === members.join() && pods.filter((pod) => !waiting.includes(pod)).every(isReady);
      });
      for (const { metadata, spec, status } of await cluster.bed.list('statefulsets')) {
        expect([metadata.name, (status.readyReplicas ?? 0) > spec.replicas / 2]).toEqual([metadata.name, true]);
      }
      await cluster.bed.kubectl(['uncordon', node]);
      await everythingRuns();
    },
  );
});
