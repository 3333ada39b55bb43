import { describe, expect, test } from '@jest/globals';
import type { Chart } from 'cdk8s';
import { EventBroker, type EventBrokerProps } from '../../constructs/event-broker.ts';
import { KnativeWorker, type KnativeWorkerProps } from '../../constructs/knative-worker.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { RabbitmqCluster, type RabbitmqClusterProps } from '../../constructs/rabbitmq.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, type Options, render } from './render.ts';

const nodes = ['a', 'b', 'c'].map((name) => ({ ...environment.nodes[0]!, name }));
const minimal: KnativeWorkerProps = {
  image: 'ghcr.io/owner/sms:1.2.3',
  size: 'small',
  scale: { max: 5, concurrency: 10 },
};

interface Setup {
  readonly worker?: Partial<KnativeWorkerProps>;
  readonly broker?: Partial<EventBrokerProps>;
  readonly cluster?: Partial<RabbitmqClusterProps>;
  readonly podSecurity?: 'restricted' | 'baseline';
  readonly options?: Options;
  readonly on?: (broker: EventBroker) => KnativeWorkerProps['on'];
  readonly more?: (chart: Chart, made: { worker: KnativeWorker; broker: EventBroker }) => void;
}

/** A worker of texts, fed by a broker on a cluster beside it; what nobody took ends at a workload. */
const setup = ({ worker = {}, broker = {}, cluster = {}, podSecurity = 'baseline', options, on, more }: Setup = {}) => {
  let made: { worker: KnativeWorker; broker: EventBroker } | undefined;
  const rendered = render(
    (chart) => {
      new Namespace(chart, 'namespace', { podSecurity });
      const rabbitmq = new RabbitmqCluster(chart, 'rabbitmq', {
        members: 3,
        storage: '10Gi',
        size: 'large',
        image: 'rabbitmq:4.3.4-management',
        vhosts: { app: {} },
        ...cluster,
      });
      const buried = new Workload(chart, 'buried', {
        image: 'ghcr.io/owner/buried:1.2.3',
        size: 'small',
        listens: { http: 8080 },
        health: { live: '/live', ready: '/ready' },
      });
      const events = new EventBroker(chart, 'events', { cluster: rabbitmq, deadLetters: buried, ...broker });
      const sms = new KnativeWorker(chart, 'sms', {
        ...minimal,
        on: on ? on(events) : [events.event('notification.sms')],
        ...worker,
      });
      made = { worker: sms, broker: events };
      more?.(chart, made);
    },
    { nodes, ...options },
  );
  return { ...rendered, made: made! };
};

const peersOf = (rules: { from?: never[]; to?: never[]; ports: { port: number }[] }[]) =>
  rules.flatMap(({ from = [], to = [], ports }) =>
    [...from, ...to].map(({ podSelector }: { podSelector: { matchLabels: Record<string, string> } }) => [
      Object.values(podSelector.matchLabels).join(' '),
      ...ports.map(({ port }) => port),
    ]),
  );

describe('KnativeWorker', () => {
  test('minimal: scaled by requests down to none, reached inside of the cluster only', () => {
    const { find, problems } = setup();
    expect(problems).toEqual([]);
    const service = find('Service', 'sms');
    expect(service.apiVersion).toBe('serving.knative.dev/v1');
    expect(service.metadata.labels['networking.knative.dev/visibility']).toBe('cluster-local');
    const { metadata, spec } = service.spec.template;
    expect(metadata.annotations).toEqual({
      'autoscaling.knative.dev/min-scale': '0',
      'autoscaling.knative.dev/max-scale': '5',
      'queue.sidecar.serving.knative.dev/cpu-resource-request': '25m',
      'queue.sidecar.serving.knative.dev/memory-resource-request': '64Mi',
      'queue.sidecar.serving.knative.dev/memory-resource-limit': '128Mi',
    });
    expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'sms' });
    expect(spec).toMatchObject({
      containerConcurrency: 10,
      timeoutSeconds: 300,
      serviceAccountName: 'sms',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    expect(spec.containers[0].ports).toEqual([{ name: 'http1', containerPort: 8080 }]);
  });

  test('passes Pod Security by its containers, in the fields that Knative takes', () => {
    const { spec } = setup().find('Service', 'sms').spec.template;
    expect(Object.keys(spec).sort()).toEqual([
      'automountServiceAccountToken',
      'containerConcurrency',
      'containers',
      'enableServiceLinks',
      'serviceAccountName',
      'timeoutSeconds',
      'volumes',
    ]);
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  test('is let in on by the gateway, the activator and the autoscaler, each on its port', () => {
    const { find, relations } = setup();
    expect(peersOf(find('NetworkPolicy', 'sms').spec.ingress)).toEqual([
      ['3scale-kourier-gateway', 8012],
      ['activator', 8012],
      ['autoscaler', 9090],
    ]);
    const to = relations.flatMap(({ flows = [] }) => flows).filter(({ port }) => port === 8012);
    expect(to).toHaveLength(2);
  });

  test('takes everything it may be given', () => {
    const props: Required<KnativeWorkerProps> = {
      ...minimal,
      identity: 'sms',
      run: { user: 1654, args: ['work'], writable: ['/var/cache'] },
      env: { LEVEL: 'info' },
      files: { '/etc/app/a.json': '{}' },
      uses: [],
      calls: [],
      placement: {
        nodeSelector: { 'kubernetes.io/arch': 'amd64' },
        tolerations: [{ key: 'slow', operator: 'Exists' }],
      },
      on: [],
      retry: { times: 3, seconds: 2 },
      scale: { min: 1, max: 2, concurrency: 1 },
      port: 5000,
      health: { live: '/live', ready: '/ready', startSeconds: 20 },
      metrics: 9464,
      timeoutSeconds: 60,
      queueProxy: 'tiny',
      telemetry: true,
    };
    const { find, problems } = setup({ worker: props });
    expect(problems).toEqual([]);
    const { metadata, spec } = find('Service', 'sms').spec.template;
    expect(metadata.annotations['autoscaling.knative.dev/min-scale']).toBe('1');
    expect(metadata.annotations['queue.sidecar.serving.knative.dev/memory-resource-limit']).toBe('64Mi');
    expect(Object.keys(metadata.annotations)).toEqual(expect.arrayContaining(['checksum/config', 'checksum/files']));
    expect(spec).toMatchObject({
      timeoutSeconds: 60,
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'slow', operator: 'Exists' }],
    });
    expect(spec.containers[0]).toMatchObject({
      readinessProbe: { httpGet: { path: '/ready', port: 'http1' } },
      livenessProbe: { httpGet: { path: '/live', port: 'http1' } },
      startupProbe: { failureThreshold: 4 },
      securityContext: { runAsUser: 1654, runAsGroup: 1654 },
    });
    const [scraped] = find('PodMonitor', 'sms').spec.podMetricsEndpoints;
    expect(scraped).toMatchObject({ path: '/metrics', interval: '30s' });
    // A target is a port that a container declares, and Knative lets it declare one.
    expect(spec.containers[0].ports.map((port: { containerPort: number }) => port.containerPort)).toEqual([
      scraped.portNumber,
    ]);
    expect(scraped.relabelings).toEqual([
      { sourceLabels: ['__meta_kubernetes_pod_ip'], targetLabel: '__address__', replacement: '$1:9464' },
    ]);
    expect(find('ConfigMap', 'sms').data).toMatchObject({ OTEL_SDK_DISABLED: 'true', LEVEL: 'info' });
  });

  test('passes Pod Security with what it waits for, too', () => {
    const wait = { name: 'wait-for-it', image: 'ghcr.io/owner/wait:1.2.3', command: ['wait'] };
    const { spec } = setup({ worker: { uses: [{ wait }] } }).find('Service', 'sms').spec.template;
    const [waiting] = spec.initContainers;
    expect(waiting.name).toBe('wait-for-it');
    expect(waiting.securityContext).toEqual(spec.containers[0].securityContext);
  });

  test('is called by its name, through the gateway', () => {
    const { find, made } = setup({
      more: (chart, { worker }) => {
        new Workload(chart, 'caller', { image: 'ghcr.io/owner/caller:1.2.3', size: 'tiny', calls: [worker] });
      },
    });
    expect(made.worker.url).toBe('http://sms.shop.svc');
    expect(peersOf(find('NetworkPolicy', 'caller').spec.egress)).toContainEqual(['3scale-kourier-gateway', 8081]);
  });

  test('in a mesh, the kubelet may still ask whether its requests are done', () => {
    const { find } = setup({ options: { mesh: 'linkerd' } });
    expect(find('Server', 'sms-8022')).toBeDefined();
    expect(find('NetworkAuthentication', 'sms-8022').spec.networks).toEqual([
      { cidr: '10.42.0.0/16' },
      { cidr: '192.168.1.0/24' },
    ]);
    expect(find('NetworkAuthentication', 'sms-8012').spec.networks).toEqual([{ cidr: '10.42.0.0/16' }]);
  });

  test.each<[string, Partial<KnativeWorkerProps>, string]>([
    [
      'a negative minimum',
      { scale: { min: -1, max: 1, concurrency: 1 } },
      'scale.min: -1 is not a whole number from 0',
    ],
    ['a maximum of none', { scale: { max: 0, concurrency: 1 } }, 'scale.max: 0 is not a whole number from 1'],
    [
      'a maximum below the minimum',
      { scale: { min: 3, max: 2, concurrency: 1 } },
      'scale.max: 2 is not a whole number from 3',
    ],
    [
      'no concurrency',
      { scale: { max: 1, concurrency: 0 } },
      'scale.concurrency: 0 requests at a time, Knative takes 1 to 1000',
    ],
    ['a port that queue-proxy has', { port: 8012 }, "port: 8012 is one of queue-proxy's in the same pod; use another"],
    ['its port for TLS', { port: 8112 }, "port: 8112 is one of queue-proxy's in the same pod; use another"],
    ['metrics on such a port', { metrics: 9090 }, "metrics: 9090 is one of queue-proxy's in the same pod; use another"],
    ['a port that is none', { port: 70_000 }, 'port: 70000 is not a port'],
    ['one path for both checks', { health: { live: '/', ready: '/' } }, 'health: / is both checks'],
    ['a pause that is none', { retry: { seconds: 0 } }, 'retry.seconds: 0 is no pause'],
    [
      'a size of queue-proxy that is none',
      { queueProxy: { cpu: 'x', memory: '1Mi' } },
      'size.cpu: "x" is not a quantity',
    ],
    [
      'requests longer than Knative waits',
      { timeoutSeconds: 601 },
      'timeoutSeconds: 601 seconds, Knative lets a request take 1 to 600',
    ],
    ['root', { run: { user: 0 } }, 'run.user: 0 is root'],
  ])('refuses %s', (_, worker, problem) => {
    expect(setup({ worker }).problems).toEqual([expect.stringContaining(problem)]);
  });

  test('refuses the same events twice', () => {
    const { problems } = setup({
      on: (broker) => [broker.event('a'), broker.event('a')],
    });
    expect(problems).toContainEqual('on: a is there twice, each event would come twice; remove one');
  });
});

describe('its Triggers', () => {
  test('deliver to it as many events at a time as its pods take', () => {
    const trigger = setup().find('Trigger', 'sms');
    expect(trigger.metadata.annotations).toEqual({
      'rabbitmq.eventing.knative.dev/parallelism': '50',
      'rabbitmq.eventing.knative.dev/cpu-request': '25m',
      'rabbitmq.eventing.knative.dev/memory-request': '64Mi',
      'rabbitmq.eventing.knative.dev/memory-limit': '128Mi',
    });
    expect(trigger.spec).toEqual({
      broker: 'events',
      filter: { attributes: { type: 'notification.sms' } },
      subscriber: { ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'sms', namespace: 'shop' } },
    });
  });

  test('are one per kind of event, named after what they let through', () => {
    const { names, problems } = setup({
      on: (broker) => [broker.event('order.placed'), broker.event('order.gone', { region: 'EU' })],
    });
    expect(problems).toEqual([]);
    expect(names.filter((name) => name.startsWith('Trigger'))).toEqual([
      'Trigger shop/sms-order-gone-eu',
      'Trigger shop/sms-order-placed',
    ]);
  });

  test('with retries of their own keep the dead letters of the broker, and reach them', () => {
    const { find } = setup({ worker: { retry: { times: 2, seconds: 3 } } });
    expect(find('Trigger', 'sms').spec.delivery).toEqual({
      retry: 2,
      backoffPolicy: 'exponential',
      backoffDelay: 'PT3S',
      deadLetterSink: { ref: { apiVersion: 'v1', kind: 'Service', name: 'buried', namespace: 'shop' } },
    });
    expect(peersOf(find('NetworkPolicy', 'events-broker-dispatcher').spec.egress)).toContainEqual(['buried', 8080]);
  });
});

describe('EventBroker', () => {
  test('keeps events in quorum queues, retries, and says where the rest goes', () => {
    const { find } = setup();
    expect(find('RabbitmqBrokerConfig', 'events').spec).toEqual({
      rabbitmqClusterReference: { name: 'rabbitmq', namespace: 'shop' },
      queueType: 'quorum',
    });
    const broker = find('Broker', 'events');
    expect(broker.metadata.annotations['eventing.knative.dev/broker.class']).toBe('RabbitMQBroker');
    expect(broker.spec).toEqual({
      config: { apiVersion: 'eventing.knative.dev/v1alpha1', kind: 'RabbitmqBrokerConfig', name: 'events' },
      delivery: {
        retry: 5,
        backoffPolicy: 'exponential',
        backoffDelay: 'PT1S',
        deadLetterSink: { ref: { apiVersion: 'v1', kind: 'Service', name: 'buried', namespace: 'shop' } },
      },
    });
  });

  test('lets each of its pods reach what it has to, and no more', () => {
    const { find } = setup();
    const egress = (role: string) =>
      peersOf(find('NetworkPolicy', `events-broker-${role}`).spec.egress).filter(([name]) => name !== 'kube-dns');
    const ingress = ['events ingress', 8080];
    expect(egress('ingress')).toEqual([['rabbitmq', 5672]]);
    expect(egress('dispatcher')).toEqual(
      expect.arrayContaining([['rabbitmq', 5672], ingress, ['3scale-kourier-gateway', 8081]]),
    );
    expect(egress('dispatcher-dlq')).toEqual(expect.arrayContaining([['rabbitmq', 5672], ingress, ['buried', 8080]]));
    expect(egress('dispatcher-dlq')).toHaveLength(3);
  });

  test('buries in a worker too', () => {
    const { find, problems } = setup({
      more: (chart, { broker }) => {
        const grave = new KnativeWorker(chart, 'grave', minimal);
        const cluster = chart.node.findChild('rabbitmq') as RabbitmqCluster;
        new EventBroker(chart, 'other', { cluster, deadLetters: grave, retry: { times: 0 }, size: 'tiny' });
        expect(broker.name).toBe('events');
      },
    });
    expect(problems).toEqual([]);
    expect(find('Broker', 'other').spec.delivery).toMatchObject({
      retry: 0,
      deadLetterSink: { ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'grave' } },
    });
    expect(peersOf(find('NetworkPolicy', 'other-broker-dispatcher-dlq').spec.egress)).toContainEqual([
      '3scale-kourier-gateway',
      8081,
    ]);
  });

  test('whoever uses it is told where to publish, and let in there', () => {
    const { find } = setup({
      more: (chart, { broker }) => {
        new Workload(chart, 'publisher', { image: 'ghcr.io/owner/publisher:1.2.3', size: 'tiny', uses: [broker] });
      },
    });
    expect(find('ConfigMap', 'publisher').data).toEqual({ K_SINK: 'http://events-broker-ingress.shop.svc' });
    expect(peersOf(find('NetworkPolicy', 'events-broker-ingress').spec.ingress)).toContainEqual(['publisher', 8080]);
  });

  test('its pods run as the ServiceAccount of the namespace, by which the cluster knows them in a mesh', () => {
    const { find } = setup({ options: { mesh: 'linkerd' } });
    expect(find('MeshTLSAuthentication', 'rabbitmq-5672').spec.identityRefs).toEqual([
      { kind: 'ServiceAccount', name: 'default', namespace: 'shop' },
    ]);
  });

  test.each<[string, Setup, string]>([
    [
      'a restricted namespace',
      { podSecurity: 'restricted' },
      "namespace shop is restricted, and Knative's pods for a broker have no seccomp profile; give its Namespace podSecurity: 'baseline'",
    ],
    [
      'too many retries',
      { broker: { retry: { times: 21 } } },
      'retry.times: 21 tries, each pause twice the one before; use 0 to 20',
    ],
    [
      'a size that is none',
      { broker: { size: { cpu: '1x', memory: '1Mi' } } },
      'size.cpu: "1x" is not a quantity; write it like 100m, 2, 256Mi',
    ],
  ])('refuses %s', (_, given, problem) => {
    expect(setup(given).problems).toEqual([problem]);
  });

  test('refuses a cluster that takes no queues from its namespace', () => {
    const taking = (topologyFrom?: string[]) =>
      render(
        (chart) => {
          const cluster = new RabbitmqCluster(chart, 'rabbitmq', {
            members: 3,
            storage: '10Gi',
            size: 'large',
            image: 'rabbitmq:4.3.4-management',
            vhosts: { app: {} },
            topologyFrom,
          });
          Object.defineProperty(cluster, 'namespace', { value: 'messaging' });
          new EventBroker(chart, 'events', { cluster, deadLetters: new KnativeWorker(chart, 'grave', minimal) });
        },
        { nodes },
      ).problems;
    expect(taking(['shop'])).toEqual([]);
    expect(taking()).toEqual([
      "cluster: rabbitmq takes no queues from namespace shop; add it to the cluster's topologyFrom",
    ]);
  });
});
