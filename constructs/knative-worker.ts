import { Construct } from 'constructs';
import { PodMonitor } from '../imports/custom.ts';
import type { Container } from '../imports/k8s.ts';
import { KnativeService, Trigger } from '../imports/knative.ts';
import { declare, identityOf, type PodSet, refuse } from '../imports/relations.ts';
import type { Callee, Endpoint } from './dependency.ts';
import { type EventFilter, type Retry, retryProblems } from './event-broker.ts';
import { portProblems } from './external.ts';
import { type Health, healthProblems, probes } from './health.ts';
import { ACTIVATOR, AUTOSCALER, GATEWAY, GATEWAY_PORT, QUEUE_PROXY, type Sink, sizeAnnotations } from './knative.ts';
import { type KnativeScale, scaleProblems } from './knative-scale.ts';
import { Pod, type PodProps, type Process } from './pod.ts';
import { type Size, sizeProblems } from './sizes.ts';
import { telemetryOf } from './telemetry.ts';

/** Knative mounts no token on request, has no claims, and stops a pod when its requests are done. */
export interface KnativeWorkerProps extends Omit<PodProps, 'api' | 'run'> {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  readonly run?: Omit<Process, 'stopSeconds'>;
  /** The events it works off, of which Knative posts one a request: `[events.event('notification.sms')]`. @default - none, it is only called */
  readonly on?: readonly EventFilter[];
  /** Of each delivery. @default - the broker's */
  readonly retry?: Retry;
  readonly scale: KnativeScale;
  /** The port it listens on, HTTP. @default 8080 */
  readonly port?: number;
  /** How to see that it works: paths, or `tcp`. @default - tcp, as Knative does */
  readonly health?: Omit<Health, 'port'>;
  /** A port of its own with metrics, at /metrics. @default - none */
  readonly metrics?: number;
  /** Seconds one request may take, up to 600. @default 300 */
  readonly timeoutSeconds?: number;
  /** Of queue-proxy, which Knative puts into every pod. @default - 25m, 64Mi up to 128Mi */
  readonly queueProxy?: Size;
  /** Whether it has an OpenTelemetry SDK, as of Workload. @default false */
  readonly telemetry?: boolean;
}

/**
 * A program that Knative scales by what there is to do, down to none: Knative Service, which only this cluster reaches,
 * ServiceAccount, ConfigMap, NetworkPolicy for Knative's gateway, activator and autoscaler, a Trigger per kind of event
 * beside its broker, and a PodMonitor if it has metrics. The construct's id is its name.
 *
 * Events are delivered at least once, as many at a time as all pods together take. What fails is retried, then goes to the
 * broker's dead letters.
 *
 * Refuses bounds that are none, requests longer than Knative waits for, ports that queue-proxy has, gRPC checks, and what Pod and Config refuse.
 * @see https://knative.dev/docs/serving/autoscaling/ and https://knative.dev/docs/eventing/triggers/
 */
export class KnativeWorker extends Construct implements Callee {
  readonly name: string;
  readonly namespace: string;
  readonly pods: PodSet;
  /** DNS name of its Service, from anywhere in the cluster. */
  readonly host: string;
  readonly url: string;
  /** Its `job` in Prometheus. */
  readonly job: string;
  /** For those who call it: everyone passes Knative's gateway. */
  readonly endpoints: readonly Endpoint[] = [{ to: GATEWAY, port: GATEWAY_PORT }];
  readonly sink: Sink;

  constructor(scope: Construct, constructId: string, props: KnativeWorkerProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { on = [], retry, scale, port = 8080, health, metrics, timeoutSeconds = 300, calls = [], env } = props;
    const { queueProxy = { cpu: '25m', memory: '64Mi', memoryLimit: '128Mi' } } = props;
    const { min = 0, max, concurrency } = scale;
    const telemetry = props.telemetry ? telemetryOf(this, id) : { env: {}, endpoints: [] };

    const pod = new Pod(this, 'pod', {
      ...props,
      env: { ...telemetry.env, ...env },
      calls: [...calls, telemetry],
      name: id,
    });
    const { labels, pods, policy } = pod;
    const { namespace } = pods;
    const metadata = { name: id, namespace, labels };
    this.name = id;
    this.namespace = namespace;
    this.pods = pods;
    this.host = `${id}.${namespace}.svc`;
    this.url = `http://${this.host}`;
    this.job = `${namespace}/${id}`;
    this.sink = {
      ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: id, namespace },
      endpoints: this.endpoints,
    };

    for (const [caller, to] of [
      [GATEWAY, QUEUE_PROXY.requests],
      [ACTIVATOR, QUEUE_PROXY.requests],
      [AUTOSCALER, QUEUE_PROXY.autoscaling],
    ] as const) {
      policy.allowFrom(caller, to);
      declare(this, { flows: [{ from: caller, to: pods, port: to }] });
    }
    // Asked before a pod stops, whether its requests are done.
    policy.allowKubelet(QUEUE_PROXY.admin);

    const template = pod.template({
      container: {
        ports: [{ name: PORT, containerPort: port }],
        ...(health && probes({ ...health, port: PORT }, { [PORT]: port })),
      },
    });
    // Knative has fields of its own for how long a pod may stop, and knows the security of containers only.
    const { terminationGracePeriodSeconds, securityContext, initContainers, containers, ...rest } = template.spec!;
    const secured = (container: Container): Container => ({
      ...container,
      securityContext: { ...securityContext, ...container.securityContext },
    });
    new KnativeService(this, 'service', {
      metadata: { ...metadata, labels: { ...labels, 'networking.knative.dev/visibility': 'cluster-local' } },
      spec: {
        template: {
          metadata: {
            labels: template.metadata!.labels,
            annotations: {
              ...template.metadata!.annotations,
              'autoscaling.knative.dev/min-scale': `${min}`,
              'autoscaling.knative.dev/max-scale': `${max}`,
              ...queueProxyAnnotations(queueProxy),
            },
          },
          spec: {
            ...rest,
            initContainers: initContainers?.map(secured),
            containers: containers.map(secured),
            containerConcurrency: concurrency,
            timeoutSeconds,
          },
        },
      },
    });

    for (const [index, { broker, attributes }] of on.entries()) {
      const name = on.length > 1 ? `${id}-${slug(Object.values(attributes).join('-'))}` : id;
      broker.deliverTo(this.sink);
      new Trigger(this, `trigger-${index}`, {
        metadata: {
          name,
          namespace: broker.namespace,
          labels,
          annotations: {
            ...broker.annotations,
            'rabbitmq.eventing.knative.dev/parallelism': `${Math.min(max * concurrency, 1000)}`,
          },
        },
        spec: {
          broker: broker.name,
          filter: { attributes: { ...attributes } },
          subscriber: { ref: this.sink.ref },
          delivery: retry && broker.redelivery(retry),
        },
      });
    }
    if (metrics) {
      policy.allowFrom({ builtin: 'prometheus' }, metrics);
      new PodMonitor(this, 'pod-monitor', {
        metadata,
        spec: {
          selector: { matchLabels: { ...pods.labels } },
          // Knative lets a container declare one port alone, and an undeclared one is no target: so from the one to the other.
          podMetricsEndpoints: [
            {
              portNumber: port,
              path: '/metrics',
              interval: '30s',
              relabelings: [
                {
                  sourceLabels: ['__meta_kubernetes_pod_ip'],
                  targetLabel: '__address__',
                  replacement: `$1:${metrics}`,
                },
              ],
            },
          ],
        },
      });
    }

    refuse(this, [
      ...scaleProblems(scale),
      ...(Number.isInteger(timeoutSeconds) && timeoutSeconds >= 1 && timeoutSeconds <= 600
        ? []
        : [`timeoutSeconds: ${timeoutSeconds} seconds, Knative lets a request take 1 to 600; correct it`]),
      ...sizeProblems(queueProxy),
      ...ownPortProblems('port', port),
      ...(metrics === undefined ? [] : ownPortProblems('metrics', metrics)),
      ...(retry ? retryProblems(retry) : []),
      ...(health ? healthProblems({ ...health, port: PORT }, { [PORT]: port }) : []),
      ...twice(on),
    ]);
  }
}

/** One of the two names that Knative takes. */
const PORT = 'http1';

/** @see https://knative.dev/docs/serving/services/configure-requests-limits-services/ */
const queueProxyAnnotations = (size: Size) =>
  sizeAnnotations(size, (resource, bound) => `queue.sidecar.serving.knative.dev/${resource}-resource-${bound}`);

const slug = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const ownPortProblems = (field: string, port: number) => [
  ...portProblems(field, port),
  ...(RESERVED.includes(port) ? [`${field}: ${port} is one of queue-proxy's in the same pod; use another`] : []),
];

/** Also for requests over HTTP/2 and over TLS, and for profiling. */
const RESERVED: readonly number[] = [...Object.values(QUEUE_PROXY), 8013, 8112, 8008];

function twice(on: readonly EventFilter[]): string[] {
  const keys = on.map(({ broker, attributes }) => JSON.stringify([broker.node.path, attributes]));
  return on
    .filter((_, index) => keys.indexOf(keys[index]!) < index)
    .map(({ attributes }) => `on: ${attributes['type']} is there twice, each event would come twice; remove one`);
}
