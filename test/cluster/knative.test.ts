// Studio's workers before Knative Serving's own webhook and controller, configured as its KnativeServing says: they are
// taken, and become pods with the bounds, the sizes and the ports that are promised. Nothing scales or routes to them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import studio from '../../charts/environments/studio.ts';
import { QUEUE_PROXY } from '../../constructs/knative.ts';
import { KnativeWorker } from '../../constructs/knative-worker.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Priority } from '../../constructs/priority.ts';
import { render } from '../constructs/render.ts';
import { type Plain, rendered } from '../systems/environment.ts';
import { type Bed, startBed } from './bed.ts';
import { type KubectlError, waitFor } from './client.ts';
import type { NodeSpec } from './kwok.ts';

const { objects, find } = rendered(studio);
const isWorker = ({ apiVersion, kind }: Plain) => apiVersion === 'serving.knative.dev/v1' && kind === 'Service';
const workers: Plain[] = objects.filter(isWorker);

let bed: Bed;
beforeAll(async () => {
  bed = await startBed({
    nodes: [...studio.nodes] as NodeSpec[],
    crds: ['knative'],
    knative: find('KnativeServing', 'knative-serving', 'knative-serving').spec.config,
  });
  const needed = ['ServiceAccount', 'ConfigMap', 'ResourceQuota', 'LimitRange'];
  await bed.apply(objects.filter(({ kind }) => ['Namespace', 'PriorityClass'].includes(kind)));
  await bed.apply(objects.filter(({ kind, metadata }) => metadata.namespace === 'notifi' && needed.includes(kind)));
});
afterAll(() => bed?.stop());

/** What the API server and the webhooks say to it. */
const answer = (object: Plain): Promise<string> =>
  bed.apply([object]).then(
    () => 'taken',
    (error: KubectlError) => error.stderr,
  );

test('the webhook takes every worker', async () => {
  expect(workers.length).toBeGreaterThan(2);
  const answers = await Promise.all(workers.map(async (worker) => [worker.metadata.name, await answer(worker)]));
  expect(answers).toEqual(workers.map(({ metadata }) => [metadata.name, 'taken']));
});

describe('the controller makes of every worker', () => {
  const theirs = async (kind: string): Promise<Plain[]> =>
    (await bed.list(kind)).filter(({ metadata }) => metadata.namespace === 'notifi');
  const podOf = (name: string) =>
    pods.find(({ metadata }) => metadata.labels['serving.knative.dev/service'] === name) as Plain;

  let pods: Plain[];
  beforeAll(async () => {
    pods = await waitFor('a pod of every worker', async () => {
      const running = (await theirs('pods')).filter(({ status }) => status.phase === 'Running');
      const of = new Set(running.map(({ metadata }) => metadata.labels['serving.knative.dev/service']));
      return workers.every(({ metadata }) => of.has(metadata.name)) && running;
    });
  });

  test('a pod of its image and its priority, within the quota', () => {
    expect(objects.some(({ kind, metadata }) => kind === 'ResourceQuota' && metadata.namespace === 'notifi')).toBe(
      true,
    );
    for (const { metadata: worker, spec } of workers) {
      expect(podOf(worker.name).spec.containers[0].image).toBe(spec.template.spec.containers[0].image);
      expect(podOf(worker.name).spec.priorityClassName).toBe(spec.template.spec.priorityClassName);
    }
  });

  test('an order for the autoscaler, with its bounds and how many requests a pod takes', async () => {
    const orders = await waitFor('an order of every worker', async () => {
      const all = await theirs('podautoscalers.autoscaling.internal.knative.dev');
      return all.length === workers.length && all;
    });
    for (const { metadata, spec } of workers) {
      const order = orders.find((each) => each.metadata.name === `${metadata.name}-00001`) as Plain;
      const bounds = ['autoscaling.knative.dev/min-scale', 'autoscaling.knative.dev/max-scale'];
      for (const bound of bounds) {
        expect(order.metadata.annotations[bound]).toBe(spec.template.metadata.annotations[bound]);
      }
      expect(order.spec.containerConcurrency).toBe(spec.template.spec.containerConcurrency);
    }
  });

  test('a queue-proxy beside it, of the size that was said, on the ports that are opened', () => {
    for (const { metadata, spec } of workers) {
      const [own, proxy] = podOf(metadata.name).spec.containers;
      expect([own.name, proxy.name]).toEqual([metadata.name, 'queue-proxy']);
      const size = (resource: string, bound: string) =>
        spec.template.metadata.annotations[`queue.sidecar.serving.knative.dev/${resource}-resource-${bound}`];
      expect(proxy.resources).toMatchObject({
        requests: { cpu: size('cpu', 'request'), memory: size('memory', 'request') },
        limits: { memory: size('memory', 'limit') },
      });
      const ports = proxy.ports.map(({ containerPort }: Plain) => containerPort);
      const { admin, ...published } = QUEUE_PROXY;
      expect(ports).toEqual(expect.arrayContaining(Object.values(published)));
      // The kubelet asks it before the worker is stopped.
      expect(own.lifecycle.preStop.httpGet.port).toBe(admin);
      expect(Object.fromEntries(proxy.env.map(({ name, value }: Plain) => [name, value]))).toMatchObject({
        CONTAINER_CONCURRENCY: `${spec.template.spec.containerConcurrency}`,
        REVISION_TIMEOUT_SECONDS: `${spec.template.spec.timeoutSeconds}`,
        USER_PORT: `${spec.template.spec.containers[0].ports[0].containerPort}`,
      });
    }
  });

  test('labels that policies of both kinds select it by', () => {
    for (const { metadata } of workers) {
      const { labels } = podOf(metadata.name).metadata;
      expect(labels).toMatchObject(find('NetworkPolicy', 'notifi', metadata.name).spec.podSelector.matchLabels);
      const server = find('Server', 'notifi', `${metadata.name}-${QUEUE_PROXY.requests}`);
      expect(labels).toMatchObject(server.spec.podSelector.matchLabels);
    }
  });

  test('nothing that fails: what is missing is who scales it and leads to it', async () => {
    const services = await waitFor('the revision of every worker is known', async () => {
      const all = await theirs('services.serving.knative.dev');
      return all.length === workers.length && all.every(({ status }) => status?.latestCreatedRevisionName) && all;
    });
    for (const { metadata, status } of services) {
      expect([metadata.name, status.latestCreatedRevisionName]).toEqual([metadata.name, `${metadata.name}-00001`]);
      expect(status.conditions.filter((each: Plain) => each.status === 'False')).toEqual([]);
    }
  });
});

test('all that a worker may be given is taken, and runs in a restricted namespace', async () => {
  const { objects: made, problems } = render((chart) => {
    new Namespace(chart, 'namespace', { podSecurity: 'restricted' });
    new KnativeWorker(chart, 'full', {
      image: 'ghcr.io/owner/full:1.2.3',
      size: 'small',
      run: { user: 1654, args: ['work'], writable: ['/var/cache'], inMemory: ['/var/fast'] },
      env: { LEVEL: 'info', POD_IP: { field: 'status.podIP' } },
      files: { '/etc/app/a.json': '{}', '/run/vault/token': { audience: 'vault' } },
      uses: [
        { wait: { name: 'wait-for-it', image: 'ghcr.io/owner/wait:1.2.3', command: ['wait'] } },
        { volumes: { '/srv/shared': 'shared' } },
      ],
      placement: {
        nodeSelector: { 'kubernetes.io/arch': 'amd64' },
        tolerations: [{ key: 'slow', operator: 'Exists' }],
        priority: new Priority(chart, 'patient', { value: 10, description: 'Waits for room' }),
      },
      scale: { min: 1, max: 2, concurrency: 1 },
      port: 5000,
      health: { live: '/live', ready: '/ready', startSeconds: 20 },
      metrics: 9464,
      timeoutSeconds: 60,
      queueProxy: 'tiny',
    });
  });
  expect(problems).toEqual([]);
  const known = ['v1', 'scheduling.k8s.io/v1', 'serving.knative.dev/v1'];
  await bed.apply(made.filter(({ apiVersion, kind }) => kind === 'Namespace' || apiVersion === known[1]));
  await bed.apply([
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'shared', namespace: 'shop' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    ...made.filter(({ apiVersion }) => known.includes(apiVersion)),
  ]);
  await waitFor('its pod runs', async () =>
    (await bed.list('pods')).some(
      ({ metadata, status }) => metadata.namespace === 'shop' && status.phase === 'Running',
    ),
  );
});

test.each<[string, (worker: Plain) => void, string]>([
  [
    'more requests at once than it knows',
    ({ spec }) => Object.assign(spec.template.spec, { containerConcurrency: 1001 }),
    'expected 0 <= 1001 <= 1000',
  ],
  [
    'a bound below none',
    ({ spec }) => Object.assign(spec.template.metadata.annotations, { 'autoscaling.knative.dev/min-scale': '-3' }),
    'expected 0 <= -3',
  ],
  ['the network of the node', ({ spec }) => Object.assign(spec.template.spec, { hostNetwork: true }), 'hostNetwork'],
  [
    'longer requests than it waits for',
    ({ spec }) => Object.assign(spec.template.spec, { timeoutSeconds: 601 }),
    'expected 0 <= 601 <= 600',
  ],
])('the webhook refuses %s', async (_, change, said) => {
  const worker = structuredClone(workers[0]);
  change(worker);
  expect(await answer(worker)).toContain(said);
});
