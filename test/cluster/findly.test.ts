// fn-notifications in production, from TypeScript to running pods: sealed, synthesized and pushed as its owner would, then
// applied by the real Flux to the real API server, unsealed by the real controller, placed by the real scheduler.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import findly from '../../charts/environments/findly-prod.ts';
import type { Bed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import { bootstrap, fluxReady, fluxRefuses, orderViolations, reconcile } from './gitops.ts';
import { type Home, home } from './home.ts';
import { strictApply } from './strict-apply.ts';

const namespace = 'fn-notifications';

let cluster: Home;
let bed: Bed;

beforeAll(async () => {
  cluster = await home(findly);
  bed = cluster.bed;
});
afterAll(() => cluster?.stop());

/** Has Flux look at once, as a webhook of the forge does, and waits until it has applied the push. */
async function applied(commit: string) {
  await reconcile(bed);
  return fluxReady(bed, commit);
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

const system = 'charts/fn-notifications/fn-notifications.ts';

describe('findly-prod', () => {
  test('every Secret that it reads is sealed by `npm run seal`', () => {
    cluster.seal();
    expect(cluster.yamlFiles().filter((path) => path.includes('/secrets/')).length).toBeGreaterThan(3);
  });

  test('the API server takes every object, unknown fields refused', async () => {
    cluster.synth();
    expect(await strictApply(bed, cluster.yamlFiles())).toEqual([]);
  });

  test('Flux brings it up in dependency order', async () => {
    const commit = await cluster.push();
    const taken = await seconds(async () => {
      await bootstrap(bed, cluster.repository, cluster.folder);
      const ready = await fluxReady(bed, commit);
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
    cluster.edit(system, (text) => text.replace('cpu: 70', 'cpu: 75'));
    const taken = await seconds(async () => applied(await cluster.push()));
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
    const file = `${cluster.folder}/fn-notifications/fn-notifications.yaml`;
    const good = readFileSync(join(cluster.space.folder, file), 'utf8');
    const broken = good.replace('maxUnavailable: 0', 'maxUnavailable: none').replace('cpu: 200m', 'cpu: 300m');
    const commit = await cluster.repository.pushFiles({ [file]: broken });
    await reconcile(bed);
    await fluxRefuses(bed, commit, /flux-system\/fn-notifications: .*maxUnavailable/s);
    const after = await bed.get('deployment', namespace, namespace);
    expect(after!['spec']).toEqual(before!['spec']);
    expect(after!['status'].availableReplicas).toBe(before!['status'].availableReplicas);
    await applied(await cluster.push());
  });

  test('a unit that is taken out is pruned; what holds data is kept', async () => {
    cluster.edit(system, (text) =>
      text
        .replace(/\n {4}if \(kafka\.confluent\) new KafkaTopics[^;]*;/, '')
        .replace(/import \{ KafkaTopics \}[^\n]*\n/, ''),
    );
    await applied(await cluster.push());
    expect(await bed.get('configmap', namespace, 'kafka-topics')).toBeUndefined();
    expect(await bed.get('deployment', namespace, namespace)).toBeDefined();

    cluster.edit('charts/environments/findly-prod.ts', (text) =>
      text.replace(/\n {4}fnNotifications\(\{[\s\S]*?\n {4}\}\),/, ''),
    );
    await applied(await cluster.push());
    await waitFor('the service is gone', async () => !(await bed.get('deployment', namespace, namespace)));
    const kept = await bed.get('namespace', undefined, namespace);
    expect(kept!['status'].phase).toBe('Active');
  });
});
