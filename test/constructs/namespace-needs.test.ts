import { describe, expect, test } from '@jest/globals';
import type { Chart } from 'cdk8s';
import { KnativeWorker } from '../../constructs/knative-worker.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { RabbitmqCluster } from '../../constructs/rabbitmq.ts';
import { ScheduledJob } from '../../constructs/scheduled-job.ts';
import { StrimziKafka } from '../../constructs/stores/strimzi.ts';
import { Workload } from '../../constructs/workload.ts';
import { Broker, Trigger } from '../../imports/knative.ts';
import { type Options, render } from './render.ts';

const image = 'registry.test/api:1.0.0';
const size = { cpu: '100m', memory: '100Mi', memoryLimit: '200Mi' };

const quotaOf = (build: (chart: Chart) => void, headroom = 0, options: Options = {}) => {
  const { find, problems } = render((chart) => {
    new Namespace(chart, 'namespace', { quota: { headroom } });
    build(chart);
  }, options);
  return {
    problems,
    hard: find('ResourceQuota', 'quota').spec.hard,
    limits: find('LimitRange', 'limits').spec.limits[0],
  };
};

describe('a quota of what is rendered', () => {
  test('counts a Deployment with the pod more of a rollout', () => {
    const { hard, problems } = quotaOf((chart) => void new Workload(chart, 'api', { image, size, scale: { min: 2 } }));
    expect(problems).toEqual([]);
    expect(hard).toEqual({
      pods: '3',
      'requests.cpu': '300m',
      'requests.memory': '300Mi',
      'limits.memory': '600Mi',
      persistentvolumeclaims: '0',
      'requests.storage': '0Gi',
    });
  });

  test('counts an autoscaler at its most', () => {
    const { hard } = quotaOf((chart) => void new Workload(chart, 'api', { image, size, scale: { min: 2, max: 9 } }));
    expect(hard).toMatchObject({ pods: '10', 'requests.cpu': '1000m' });
  });

  test('counts Jobs, also those that a person starts', () => {
    const { hard } = quotaOf((chart) => {
      new ScheduledJob(chart, 'nightly', { image, size, schedule: '0 1 * * *' });
      new ScheduledJob(chart, 'by-hand', { image, size, schedule: '0 1 * * *', on: false });
    });
    expect(hard).toMatchObject({ pods: '2', 'limits.memory': '400Mi' });
  });

  test('counts the pods of a broker and of a trigger with dead letters of its own, each as it is replaced', () => {
    const annotations = {
      'rabbitmq.eventing.knative.dev/cpu-request': '50m',
      'rabbitmq.eventing.knative.dev/memory-request': '64Mi',
      'rabbitmq.eventing.knative.dev/memory-limit': '128Mi',
    };
    const { hard } = quotaOf((chart) => {
      const metadata = { name: 'events', namespace: 'shop', annotations };
      const ref = { apiVersion: 'v1', kind: 'Service', name: 'dead', namespace: 'shop' };
      const config = { apiVersion: 'eventing.knative.dev/v1alpha1', kind: 'RabbitmqBrokerConfig', name: 'events' };
      const delivery = {
        retry: 5,
        backoffPolicy: 'exponential',
        backoffDelay: 'PT1S',
        deadLetterSink: { ref },
      } as const;
      new Broker(chart, 'events', { metadata, spec: { config, delivery } });
      new Trigger(chart, 'mail', {
        metadata,
        spec: { broker: 'events', filter: { attributes: {} }, subscriber: { ref }, delivery },
      });
    });
    expect(hard).toMatchObject({ pods: '8', 'requests.cpu': '400m', 'limits.memory': '1024Mi' });
  });

  test('counts what operators make, and its volumes', () => {
    const { hard } = quotaOf((chart) => {
      new RabbitmqCluster(chart, 'broker', {
        members: 1,
        storage: '5Gi',
        size: { cpu: '250m', memory: '1Gi' },
        image: 'docker.io/library/rabbitmq:4.3.4-management',
        vhosts: { shop: {} },
      });
    });
    expect(hard).toMatchObject({
      pods: '1',
      'requests.cpu': '300m',
      persistentvolumeclaims: '1',
      'requests.storage': '5Gi',
    });
    const kafka = quotaOf((chart) => {
      new StrimziKafka(chart, 'events', { version: '4.3.1', topics: [], members: 1, storage: '9Gi', size: 'xlarge' });
    });
    // The broker, and two each of the entity operator and the exporter while they are replaced.
    expect(kafka.hard).toMatchObject({ pods: '5', persistentvolumeclaims: '1', 'requests.storage': '9Gi' });
  });

  test('counts a Knative worker at its most, with the proxy that counts its requests', () => {
    const { hard } = quotaOf((chart) => {
      new KnativeWorker(chart, 'worker', { image, size, scale: { max: 3, concurrency: 1 } });
    });
    expect(hard).toMatchObject({
      pods: '4',
      'requests.cpu': '500m',
      'requests.memory': '656Mi',
      'limits.memory': '1312Mi',
    });
  });

  test("counts the mesh's proxy beside every pod", () => {
    const { hard } = quotaOf((chart) => void new Workload(chart, 'api', { image, size, scale: { min: 1 } }), 0, {
      mesh: 'linkerd',
    });
    expect(hard).toMatchObject({ pods: '2', 'requests.memory': '264Mi', 'limits.memory': '656Mi' });
  });

  test('has headroom where asked', () => {
    const { hard } = quotaOf((chart) => void new Workload(chart, 'api', { image, size, scale: { min: 1 } }), 50);
    expect(hard).toMatchObject({ pods: '3', 'requests.cpu': '300m' });
  });

  test('comes with bounds that no rendered container passes, and defaults for those that say nothing', () => {
    const { limits } = quotaOf((chart) => void new Workload(chart, 'api', { image, size }));
    expect(limits).toEqual({
      type: 'Container',
      max: { memory: '200Mi' },
      default: { memory: '200Mi' },
      defaultRequest: { cpu: '10m', memory: '32Mi' },
    });
  });

  test('refuses less than what is rendered', () => {
    expect(quotaOf(() => {}, -1).problems).toEqual([expect.stringContaining('quota.headroom: -1 percent')]);
  });
});
