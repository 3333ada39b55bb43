// Vinyl Vault on its four Raspberry Pi: pushed through the real Flux, placed by the real scheduler, and again with a node gone.
// No container runs: pods are KWOK's, which become Ready by decree, and the NAS is a volume of the bed.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import vinyl from '../../charts/environments/vinyl.ts';
import { waitFor } from './client.ts';
import { bootstrap, fluxReady, orderViolations } from './gitops.ts';
import { chartPods, type Home, hasItsPods, home, isReady } from './home.ts';
import { strictApply } from './strict-apply.ts';

const stages = ['vinylvault-staging', 'vinylvault-production'];
const services = ['backend', 'bff', 'frontend'];

let it: Home;

/** The driver of the NAS does not run here: what it would make for the two claims. */
const nas = stages.map((stage) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `nas-${stage}` },
  spec: {
    capacity: { storage: '1Ti' },
    accessModes: ['ReadWriteMany'],
    storageClassName: 'nfs-backups',
    claimRef: { namespace: stage, name: 'backups' },
    nfs: { server: '192.168.1.5', path: `/volume1/k8s-backups/${stage}/backups` },
  },
}));

beforeAll(async () => {
  it = await home(vinyl, { crds: ['k3s'] });
  await it.bed.apply([
    ...nas,
    // Flux, cert-manager, sealed-secrets, Traefik, the NFS driver's pods on every node; Prometheus and its company.
    chartPods('platform', 4, { cpu: '400m', memory: '512Mi' }),
    chartPods('prometheus', 1, { cpu: '200m', memory: '400Mi' }),
    chartPods('alertmanager', 2, { cpu: '10m', memory: '64Mi' }),
    chartPods('grafana', 1, { cpu: '50m', memory: '256Mi' }),
  ]);
});

afterAll(async () => it?.stop());

const replicas = async () => {
  const all = [...(await it.bed.list('deployments')), ...(await it.bed.list('statefulsets'))];
  return all.filter(({ metadata }) => stages.includes(metadata.namespace));
};
const everythingRuns = () =>
  waitFor('every pod of both stages is Ready', async () => {
    const all = await replicas();
    return all.length === 2 * (services.length + 2) && all.every(hasItsPods);
  });

describe('vinyl', () => {
  test('the API server takes every object, unknown fields refused, once every Secret is sealed', async () => {
    it.seal();
    await it.push();
    expect(await strictApply(it.bed, it.yamlFiles())).toEqual([]);
  });

  test('Flux brings it up in dependency order: stores before what uses them, the production stage beside staging', async () => {
    const commit = await it.push();
    await bootstrap(it.bed, it.repository, it.folder);
    const ready = await fluxReady(it.bed, commit);
    expect(orderViolations(ready)).toEqual([]);
    const dependsOn = (name: string) => ready.find((each) => each.name === `flux-system/${name}`)?.dependsOn;
    for (const stage of stages) expect(dependsOn(stage)).toContain(`flux-system/${stage}-stores`);
    process.stdout.write(`stood in for: ${it.bed.standIns.join(', ')}\n`);
  });

  test('everything fits on four nodes of 8 GB, members of a store on three different ones', async () => {
    await everythingRuns();
    expect(await it.pending()).toEqual([]);
    for (const { metadata, spec } of await it.bed.list('statefulsets')) {
      const members = (await it.bed.list('pods')).filter((pod) =>
        pod.metadata.ownerReferences?.some(({ uid }: { uid: string }) => uid === metadata.uid),
      );
      expect(new Set(members.map((pod) => pod['spec'].nodeName)).size).toBe(spec.replicas);
    }
  });

  test('so does every service at the most pods that its HPA may ask for', async () => {
    for (const stage of stages) {
      for (const name of services) {
        await it.bed.kubectl(['scale', 'deployment', name, `--namespace=${stage}`, '--replicas=4']);
      }
    }
    await everythingRuns();
    expect(await it.pending()).toEqual([]);
    for (const stage of stages) {
      for (const name of services) {
        await it.bed.kubectl(['scale', 'deployment', name, `--namespace=${stage}`, '--replicas=2']);
      }
    }
    await everythingRuns();
  });

  test('with a node gone only its own members of MongoDB wait for it; both others of each store go on', async () => {
    await it.pinVolumes();
    for (const { name } of vinyl.nodes) {
      const lost = await it.loseNode(name);
      const waiting = lost.filter((pod) => pod.includes('/mongodb-'));
      await waitFor(`all but ${waiting.join(', ')} are Ready without ${name}`, async () => {
        const pods = (await it.bed.list('pods')).filter(({ metadata }) => metadata.namespace !== 'kube-system');
        const missing = pods
          .filter((pod) => !isReady(pod))
          .map((pod) => `${pod.metadata.namespace}/${pod.metadata.name}`);
        return missing.sort().join() === waiting.sort().join();
      });
      expect(await it.pending()).toEqual(waiting.sort());
      for (const { status, metadata } of await it.bed.list('statefulsets')) {
        expect(`${metadata.name}: ${status.readyReplicas >= 2}`).toBe(`${metadata.name}: true`);
      }
      await it.bed.kubectl(['uncordon', name]);
      await everythingRuns();
    }
  });
});
