import { describe, expect, test } from '@jest/globals';
import type { Check } from '../../constructs/health.ts';
import { Workload, type WorkloadProps } from '../../constructs/workload.ts';
import type { OtlpReceiver } from '../../imports/environment.ts';
import { render } from './render.ts';

const minimal: WorkloadProps = { image: 'ghcr.io/owner/web:1.2.3', size: 'small' };
const web: WorkloadProps = { ...minimal, listens: { http: 8080 }, health: { live: '/live', ready: '/ready' } };

const workload = (props: WorkloadProps, id = 'web') => {
  let made: Workload | undefined;
  const rendered = render((chart) => {
    made = new Workload(chart, id, props);
  });
  const { find } = rendered;
  const deployment = find('Deployment', id);
  return { ...rendered, made: made!, deployment, container: deployment.spec.template.spec.containers[0] };
};

describe('Workload', () => {
  test('that listens on nothing: two spread replicas, no Service, nothing to stop for', () => {
    const { names, deployment, container, problems } = workload(minimal);
    expect(problems).toEqual([]);
    expect(names).toEqual([
      'Deployment shop/web',
      'NetworkPolicy shop/web',
      'PodDisruptionBudget shop/web',
      'ServiceAccount shop/web',
    ]);
    expect(deployment.spec).toMatchObject({
      replicas: 2,
      revisionHistoryLimit: 3,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    expect(deployment.spec.template.spec.topologySpreadConstraints).toEqual([
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
        matchLabelKeys: ['pod-template-hash'],
      },
    ]);
    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBe(30);
    expect(container.lifecycle).toBeUndefined();
  });

  test('what must never run twice stops before its successor starts', () => {
    const { find, problems } = workload({ ...minimal, update: 'Recreate', scale: { min: 1 } });
    expect(problems).toEqual([]);
    expect(find('Deployment', 'web').spec.strategy).toEqual({ type: 'Recreate' });
  });

  test('takes everything it may be given', () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 300 } };
    const props: Required<WorkloadProps> = {
      ...minimal,
      identity: 'web',
      scale: { min: 3, max: 15, cpu: 70, memory: 80, behavior },
      update: 'RollingUpdate',
      listens: { http: 8080, grpc: 9000, telemetry: 9464 },
      health: { port: 'http', live: '/live', ready: '/ready', startSeconds: 121 },
      metrics: { port: 'telemetry', path: '/prometheus', interval: '15s' },
      telemetry: true,
      run: { stopSeconds: 60 },
      env: { A: 1 },
      files: { '/etc/a': 'a' },
      uses: [],
      calls: [],
      api: [],
      placement: {},
    };
    const { find, problems, deployment, container } = workload(props);
    expect(problems).toEqual([]);
    expect(deployment.spec.replicas).toBeUndefined();
    expect(find('HorizontalPodAutoscaler', 'web').spec).toEqual({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 3,
      maxReplicas: 15,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
        { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
      behavior,
    });
    expect(find('Service', 'web').spec).toEqual({
      selector: { 'app.kubernetes.io/name': 'web' },
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'grpc', port: 9000, targetPort: 'grpc', appProtocol: 'kubernetes.io/h2c' },
        { name: 'telemetry', port: 9464, targetPort: 'telemetry' },
      ],
    });
    expect(find('ServiceMonitor', 'web').spec).toEqual({
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
      endpoints: [{ port: 'telemetry', path: '/prometheus', interval: '15s' }],
    });
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 5, failureThreshold: 25 },
      livenessProbe: { httpGet: { path: '/live', port: 'http' } },
      readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    });
    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBe(65);
    expect(find('NetworkPolicy', 'web').spec.ingress).toHaveLength(1);
  });

  test('one replica: no budget that would block a drain, nothing to spread', () => {
    const { names, deployment } = workload({ ...minimal, scale: { min: 1 } });
    expect(names).not.toContain('PodDisruptionBudget shop/web');
    expect(deployment.spec.replicas).toBe(1);
    expect(deployment.spec.template.spec.topologySpreadConstraints).toBeUndefined();
  });

  test('one that scales from one: spread, but no budget', () => {
    const { find, deployment } = workload({ ...minimal, scale: { min: 1, max: 3 } });
    expect(find('PodDisruptionBudget', 'web')).toBeUndefined();
    expect(find('HorizontalPodAutoscaler', 'web').spec.metrics[0].resource.target.averageUtilization).toBe(70);
    expect(deployment.spec.template.spec.topologySpreadConstraints).toHaveLength(1);
  });

  test('a port for metrics is scraped, from Prometheus only', () => {
    const { find, made } = workload({ ...web, listens: { http: 8080, metrics: 9090 } });
    expect(find('ServiceMonitor', 'web').spec.endpoints).toEqual([
      { port: 'metrics', path: '/metrics', interval: '30s' },
    ]);
    const [rule] = find('NetworkPolicy', 'web').spec.ingress;
    expect(rule.from[0].podSelector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'prometheus' });
    expect(made.endpoints.map(({ port }) => port)).toEqual([8080]);
    expect(made.job).toBe(find('Service', 'web').metadata.labels['app.kubernetes.io/name']);
  });

  test.each<[Check, object]>([
    ['tcp', { tcpSocket: { port: 'grpc' } }],
    ['grpc', { grpc: { port: 9000 } }],
    ['grpc:shop.Orders', { grpc: { port: 9000, service: 'shop.Orders' } }],
    ['/healthz', { httpGet: { path: '/healthz', port: 'grpc' } }],
  ])('checks by %s', (live, probe) => {
    const { container } = workload({ ...minimal, listens: { grpc: 9000 }, health: { live, ready: 'tcp' } });
    expect(container.livenessProbe).toEqual({ ...probe, periodSeconds: 10, timeoutSeconds: 5 });
  });

  describe('with an OpenTelemetry SDK', () => {
    const receiver = (port: number): OtlpReceiver => ({
      endpoint: `http://collector.telemetry.svc:${port}`,
      to: { namespace: 'telemetry', labels: { app: 'collector' } },
      port,
    });
    const traced = (otlp: OtlpReceiver | undefined, props: Partial<WorkloadProps> = {}) =>
      render((chart) => new Workload(chart, 'web', { ...minimal, telemetry: true, ...props }), { otlp });

    test('sends to the receiver of the environment, and may reach it', () => {
      const { find, problems, relations } = traced(receiver(4317));
      expect(problems).toEqual([]);
      expect(find('ConfigMap', 'web').data).toEqual({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.telemetry.svc:4317',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_SERVICE_NAME: 'web',
        OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop,deployment.environment.name=test',
      });
      expect(find('NetworkPolicy', 'web').spec.egress).toContainEqual({
        to: [
          {
            podSelector: { matchLabels: { app: 'collector' } },
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'telemetry' } },
          },
        ],
        ports: [{ protocol: 'TCP', port: 4317 }],
      });
      expect(relations.flatMap(({ flows = [] }) => flows).some(({ port }) => port === 4317)).toBe(true);
    });

    test('speaks HTTP to the port of OTLP over HTTP; its own variables win', () => {
      const { find } = traced(receiver(4318), { env: { OTEL_SERVICE_NAME: 'shop-web' } });
      expect(find('ConfigMap', 'web').data).toMatchObject({
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_SERVICE_NAME: 'shop-web',
      });
    });

    test('is off where nobody would receive', () => {
      const { find } = traced(undefined);
      expect(find('ConfigMap', 'web').data).toEqual({ OTEL_SDK_DISABLED: 'true' });
      expect(find('NetworkPolicy', 'web').spec.egress).toHaveLength(1);
    });
  });

  test('two may call each other; both NetworkPolicies say so', () => {
    const { find, relations } = render((chart) => {
      const first = new Workload(chart, 'first', web);
      const second = new Workload(chart, 'second', { ...web, listens: { http: 8081, grpc: 9000 }, calls: [first] });
      first.call(second.on('grpc'));
    });
    const peer = (name: string) => [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } }];
    const tcp = (port: number) => [{ protocol: 'TCP', port }];
    expect(find('NetworkPolicy', 'first').spec.ingress).toEqual([{ from: peer('second'), ports: tcp(8080) }]);
    expect(find('NetworkPolicy', 'first').spec.egress).toContainEqual({ to: peer('second'), ports: tcp(9000) });
    expect(find('NetworkPolicy', 'second').spec.ingress).toEqual([{ from: peer('first'), ports: tcp(9000) }]);
    expect(find('NetworkPolicy', 'second').spec.egress).toContainEqual({ to: peer('first'), ports: tcp(8080) });
    expect(relations.some(({ uses }) => uses)).toBe(false);
  });

  test('gives its address', () => {
    const { made } = workload({ ...web, listens: { http: 8080, grpc: 9000 } });
    expect([made.host, made.url(), made.url('grpc')]).toEqual([
      'web.shop.svc',
      'http://web.shop.svc',
      'http://web.shop.svc:9000',
    ]);
    expect(() => made.on('amqp')).toThrow(
      'web: port amqp is not listened on, only http, grpc; use one of these or add it to listens',
    );
  });

  test.each<[string, WorkloadProps, string]>([
    [
      '0 replicas',
      { ...minimal, scale: { min: 0 } },
      'scale.min: 0 replicas, it has to be a whole number from 1; remove the workload to stop it',
    ],
    [
      'min above max',
      { ...minimal, scale: { min: 3, max: 2 } },
      'scale.max: 2 is below min 3, it has to be a whole number from there; raise it',
    ],
    [
      'a target without a range',
      { ...minimal, scale: { min: 2, cpu: 70 } },
      'scale: has a target, but min and max are both 2, nothing scales; give a higher max',
    ],
    [
      'a target that is no percentage',
      { ...minimal, scale: { max: 4, cpu: 0 } },
      'scale.cpu: 0 is not a percentage of the request; use 1 to 100',
    ],
    [
      'a port out of range',
      { ...web, listens: { http: 80800 } },
      'listens.http: 80800 is not a port, it has to be a whole number from 1 to 65535; correct it',
    ],
    [
      'one port under two names',
      { ...web, listens: { http: 8080, admin: 8080 } },
      "listens.admin: 8080 is another port's number too; change one",
    ],
    [
      'a name that no port can have',
      { ...web, listens: { http: 8080, websocket_upgrade: 8081 } },
      "listens.websocket_upgrade: is not a port's name, at most 15 of a-z, 0-9 and - with a letter among them; rename it",
    ],
    [
      'no checks',
      { ...minimal, listens: { http: 8080 } },
      'health: missing, requests would reach pods that cannot answer yet; say what to check',
    ],
    [
      'checks of nothing',
      { ...minimal, health: { live: 'tcp', ready: 'tcp' } },
      'health: nothing is listened on, so there is nothing to check; add the port to listens, or leave health out',
    ],
    [
      'checks of a port that is not there',
      { ...web, health: { port: 'admin', live: '/live', ready: '/ready' } },
      'health.port: admin is not listened on; use one of http',
    ],
    [
      'one path for both checks',
      { ...web, health: { live: '/health', ready: '/health' } },
      'health: /health is both checks, an outage that readiness reports would restart every pod; give live its own path, or tcp',
    ],
    [
      'no time to start',
      { ...web, health: { live: '/live', ready: '/ready', startSeconds: 0 } },
      'health.startSeconds: 0 is no time to start; give 1 or more',
    ],
    [
      'two pods of what must never run twice',
      { ...minimal, update: 'Recreate', scale: { min: 2 } },
      'update: Recreate keeps two pods from running at once, and scale asks for 2; use 1, or leave it out',
    ],
    [
      'metrics of a port that is not there',
      { ...web, metrics: {} },
      'metrics.port: metrics is not listened on; add it to listens',
    ],
  ])('refuses %s', (_, props, problem) => {
    expect(workload(props).problems).toEqual([problem]);
  });

  test('says everything that is wrong at once', () => {
    const { problems } = workload({ image: 'web', size: 'big' as 'small', scale: { min: 0 }, listens: { http: 0 } });
    expect(problems).toHaveLength(5);
  });
});
