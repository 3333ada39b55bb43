// The example environment with every kind of store: pushed through the real Flux, spread by the real scheduler, drained
// node by node, rolled by the real controllers. No store runs: their pods are KWOK's, which become Ready by decree.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import lab from '../../charts/environments/lab.ts';
import type { Bed } from './bed.ts';
import { type KubectlError, type KubernetesObject, waitFor } from './client.ts';
import { bootstrap, fluxReady, orderViolations, reconcile } from './gitops.ts';
import { type Home, home, isReady } from './home.ts';
import { copySources, operators } from './sources.ts';
import { strictApply } from './strict-apply.ts';

let cluster: Home;
let bed: Bed;
let stopCopying: () => Promise<void>;

beforeAll(async () => {
  cluster = await home(lab, { crds: ['rabbitmq', 'strimzi', 'velero'], rabbitmq: true });
  bed = cluster.bed;
  stopCopying = copySources(bed);
});
afterAll(async () => {
  await stopCopying?.();
  await cluster?.stop();
});

const stores = async () => (await bed.list('statefulsets')).filter(({ spec }) => spec.volumeClaimTemplates);
const replicated = async () => (await stores()).filter(({ spec }) => spec.replicas > 1);

async function membersOf({ metadata }: KubernetesObject): Promise<KubernetesObject[]> {
  const pods = await bed.list('pods');
  return pods
    .filter((pod) => pod.metadata.namespace === metadata.namespace)
    .filter((pod) => pod.metadata.ownerReferences?.some(({ uid }: { uid: string }) => uid === metadata.uid))
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

const everyMemberReady = () =>
  waitFor('every member of every store is Ready', async () => {
    for (const store of await stores()) {
      if ((await membersOf(store)).filter(isReady).length !== store['spec'].replicas) return undefined;
    }
    return true;
  });

const drain = (node: string, seconds: number) =>
  bed.kubectl([
    ...['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--force', `--timeout=${seconds}s`],
  ]);

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

describe('lab', () => {
  test('every Secret that it reads is sealed, with the label that the topology operator looks for', async () => {
    cluster.seal();
    const file = join(cluster.space.folder, cluster.folder, 'secrets/lab.rabbitmq-mail.yaml');
    expect(readFileSync(file, 'utf8')).toContain('rabbitmq.com/topology-operator: "true"');
  });

  test('the API server takes every object, unknown fields refused', async () => {
    cluster.synth();
    expect(await strictApply(bed, cluster.yamlFiles())).toEqual([]);
  });

  test('Flux brings it up in dependency order, operators before what they run', async () => {
    await cluster.repository.pushFiles(operators);
    const commit = await cluster.push();
    const taken = await seconds(async () => {
      await bootstrap(bed, cluster.repository, cluster.folder);
      const ready = await fluxReady(bed, commit);
      expect(orderViolations(ready)).toEqual([]);
      const names = ready.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['flux-system/lab-stores', 'flux-system/keys', 'rabbitmq-system/cluster-operator']),
      );
    });
    process.stdout.write(
      `first push to Ready: ${taken.toFixed(1)} s; stood in for: ${bed.standIns.join(', ')}, the operators' repositories\n`,
    );
  });

  test("the operators' manifests leave the Namespace ours", async () => {
    expect(await bed.get('configmap', 'rabbitmq-system', 'installed')).toBeDefined();
    const { labels } = (await bed.get('namespace', undefined, 'rabbitmq-system'))!.metadata;
    expect(labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(labels).not.toHaveProperty('theirs');
  });

  test('an unsealed Secret has the label too', async () => {
    const { labels } = (await bed.get('secret', 'lab', 'rabbitmq-mail'))!.metadata;
    expect(labels).toMatchObject({ 'rabbitmq.com/topology-operator': 'true' });
  });

  test('members start all at once, each on a node and a volume of its own', async () => {
    await everyMemberReady();
    const claims = await bed.list('persistentvolumeclaims');
    for (const store of await stores()) {
      const { name, namespace } = store.metadata;
      const members = await membersOf(store);
      const [claim] = store['spec'].volumeClaimTemplates;
      const bound = claims.filter(
        ({ metadata, status }) => metadata.namespace === namespace && status.phase === 'Bound' && owns(metadata.name),
      );
      expect(bound.map(({ metadata }) => metadata.name).sort()).toEqual(
        members.map((pod) => `${claim.metadata.name}-${pod.metadata.name}`),
      );
      expect(new Set(members.map(({ spec }) => spec.nodeName)).size).toBe(store['spec'].replicas);
      // One after the other, they would be apart by minReadySeconds: 10.
      const born = members.map(({ metadata }) => Date.parse(metadata.creationTimestamp));
      expect(Math.max(...born) - Math.min(...born)).toBeLessThan(10_000);

      function owns(claimed: string) {
        return claimed.startsWith(`${claim.metadata.name}-${name}-`);
      }
    }
  });

  test("what is rendered for RabbitMQ's pods finds those that its operator makes", async () => {
    const [pod] = await membersOf((await bed.get('statefulset', 'lab', 'rabbitmq-server'))!);
    await waitFor('one of its three pods may be disrupted', async () => {
      const { status } = (await bed.get('poddisruptionbudget', 'lab', 'rabbitmq'))!;
      return status?.expectedPods === 3 && status.disruptionsAllowed === 1;
    });
    for (const [kind, at] of [
      ['networkpolicy', 'podSelector'],
      ['podmonitor', 'selector'],
    ] as const) {
      const { spec } = (await bed.get(kind, 'lab', 'rabbitmq'))!;
      expect(pod!.metadata.labels).toMatchObject(spec[at].matchLabels);
    }
    const ports = Object.fromEntries(
      pod!['spec'].containers[0].ports.map((port: KubernetesObject) => [port['name'], port['containerPort']]),
    );
    expect(ports).toMatchObject({ epmd: 4369, amqp: 5672, management: 15672, prometheus: 15692 });
    const { data } = (await bed.get('configmap', 'lab', 'rabbitmq-server-conf'))!;
    expect(Object.values(data).join('\n')).toMatch(/cluster_partition_handling\s*=\s*pause_minority/);
  });

  test('the Service of PostgreSQL leads to whom Patroni labels as leader', async () => {
    // Patroni does not run here: its label is put by hand.
    for (const [pod, role] of Object.entries({ 0: 'replica', 1: 'master', 2: 'replica' })) {
      await bed.kubectl(['label', 'pod', `postgresql-${pod}`, '--namespace=lab', '--overwrite', `role=${role}`]);
    }
    const behind = async (service: string) => {
      const slices = await bed.list('endpointslices.discovery.k8s.io');
      return slices
        .filter(({ metadata }) => metadata.labels['kubernetes.io/service-name'] === service)
        .flatMap((slice) => slice['endpoints'] ?? [])
        .map((endpoint) => endpoint.targetRef.name)
        .sort();
    };
    await waitFor('the leader is behind the Service', async () => (await behind('postgresql')).length === 1);
    expect(await behind('postgresql')).toEqual(['postgresql-1']);
    expect(await behind('postgresql-headless')).toEqual(['postgresql-0', 'postgresql-1', 'postgresql-2']);
  });

  test('a node is drained; a second one waits until its members are back', async () => {
    await cluster.pinVolumes();
    const redis = (await bed.get('statefulset', 'lab', 'redis'))!;
    const [first, second] = (await membersOf(redis)).map(({ spec }) => spec.nodeName as string);
    await drain(first!, 180);
    await waitFor('its member of Redis waits for its volume', async () => {
      const [member] = await membersOf(redis);
      return member?.metadata.name === 'redis-0' && member['status'].phase === 'Pending';
    });

    const refusal: KubectlError = await drain(second!, 5).then(
      () => expect('the drain').toBe('refused'),
      (error) => error,
    );
    const member = (await membersOf(redis)).find(({ spec }) => spec.nodeName === second)!;
    expect(refusal.stderr).toContain(
      `pods/"${member.metadata.name}" -n "lab" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget`,
    );
    const short: string[] = [];
    for (const store of await replicated()) {
      const left = (await membersOf(store)).filter(isReady).length;
      if (left < store['spec'].replicas - 1) short.push(`${store.metadata.name}: ${left} left`);
    }
    expect(short).toEqual([]);

    await bed.kubectl(['uncordon', first!]);
    await waitFor('its member of Redis is back', async () => isReady((await membersOf(redis))[0]!));
    // KWOK's pods are gone before the controller sees them go; it then takes their namesakes for gone, for two minutes.
    for (const { metadata } of await bed.list('poddisruptionbudgets')) {
      await bed.kubectl([
        ...['patch', 'poddisruptionbudget', metadata.name, `--namespace=${metadata.namespace}`],
        ...['--subresource=status', '--type=merge', '--patch={"status":{"disruptedPods":null}}'],
      ]);
    }
    await drain(second!, 180);
    await bed.kubectl(['uncordon', second!]);
    await everyMemberReady();
  });

  test('a push that changes a store restarts its members one by one, the last one first; those of Vault stay', async () => {
    const other = "{ cpu: '110m', memory: '512Mi' }";
    cluster.edit('charts/lab/lab.ts', (text) =>
      text.replace("size: 'medium',\n    backup: backup('redis'", `size: ${other},\n    backup: backup('redis'`),
    );
    cluster.edit('charts/lab/keys.ts', (text) => text.replace("size: 'medium'", `size: ${other}`));
    const redis = (await bed.get('statefulset', 'lab', 'redis'))!;
    const vault = (await bed.get('statefulset', 'keys', 'vault'))!;
    const uids = async (store: KubernetesObject) =>
      new Map((await membersOf(store)).map(({ metadata }) => [metadata.name as string, metadata.uid as string]));
    const old = await uids(redis);
    const sealed = await uids(vault);
    const replaced: string[] = [];
    const commit = await cluster.push();
    await reconcile(bed);
    let fewest = 3;
    await waitFor('every member is new', async () => {
      const members = await membersOf(redis);
      fewest = Math.min(fewest, members.filter(isReady).length);
      for (const { metadata } of members) {
        if (old.get(metadata.name) !== metadata.uid && !replaced.includes(metadata.name)) replaced.push(metadata.name);
      }
      return replaced.length === 3 && members.every(isReady);
    });
    expect(replaced).toEqual(['redis-2', 'redis-1', 'redis-0']);
    expect(fewest).toBeGreaterThanOrEqual(2);
    await fluxReady(bed, commit);
    await waitFor('there is another version of Vault', async () => {
      const { status } = (await bed.get('statefulset', 'keys', 'vault'))!;
      return status.updateRevision !== status.currentRevision;
    });
    expect(await uids(vault)).toEqual(sealed);
  });
});
