import { Construct } from 'constructs';
import { ServiceMonitor } from '../imports/custom.ts';
import { KubeDeployment, KubePodDisruptionBudget, KubeService } from '../imports/k8s.ts';
import { type PodSet, refuse } from '../imports/relations.ts';
import { Autoscaler, type Scale, scaleProblems } from './autoscaler.ts';
import type { Callee, Endpoint } from './dependency.ts';
import { existingOf } from './existing.ts';
import { portProblems } from './external.ts';
import { type Health, healthProblems, type Listens, portOf, probes } from './health.ts';
import { Pod, type PodProps } from './pod.ts';
import { telemetryOf } from './telemetry.ts';

export interface WorkloadProps extends PodProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** @default - 2 replicas */
  readonly scale?: Scale;
  /** `Recreate` where two pods must never run at once; its rollouts are outages. @default RollingUpdate */
  readonly update?: 'RollingUpdate' | 'Recreate';
  /** Ports by name: `{ http: 8080, grpc: 9000, metrics: 9090 }`. The Service has http on 80. @default - none, and no Service */
  readonly listens?: Listens;
  /** How to see that it works; required of what listens. */
  readonly health?: Health;
  /** What Prometheus scrapes. @default - /metrics of the port metrics every 30s, if there is one */
  readonly metrics?: { readonly port?: string; readonly path?: string; readonly interval?: string };
  /** Whether it has an OpenTelemetry SDK, which then sends to the environment's receiver, or is off where there is none. @default false */
  readonly telemetry?: boolean;
}

/** Seconds in which the proxies learn that a pod is going, while it still answers. */
const WITHDRAWAL = 5;

/**
 * A stateless program: Deployment, ServiceAccount, ConfigMap and NetworkPolicy; Service and ServiceMonitor if it listens;
 * HorizontalPodAutoscaler if it scales; PodDisruptionBudget from two replicas on, for with one it would block every
 * drain. The construct's id is its name. Refuses 0 replicas, min above max, targets without a range, ports that are none
 * or used twice, checks of a port that is not listened on, one path for both checks, and what Pod and Config refuse. A
 * variable given in `env` replaces one of telemetry's.
 */
export class Workload extends Construct implements Callee {
  readonly name: string;
  readonly namespace: string;
  readonly pods: PodSet;
  /** DNS name of the Service, from anywhere in the cluster. */
  readonly host: string;
  /** Its `job` in Prometheus. */
  readonly job: string;
  readonly listens: Listens;
  readonly service?: InstanceType<typeof KubeService>;
  readonly #pod: Pod;

  constructor(scope: Construct, constructId: string, props: WorkloadProps) {
    super(scope, constructId);
    const { name: id } = existingOf(this, props.identity);
    const {
      listens = {},
      health,
      scale = {},
      update = 'RollingUpdate',
      run: { stopSeconds = 30 } = {},
      calls = [],
      env,
    } = props;
    const telemetry = props.telemetry ? telemetryOf(this, id) : { env: {}, endpoints: [] };
    const { metrics = listens['metrics'] ? {} : undefined } = props;
    const { min = 2, max = min } = scale;
    const listening = Object.keys(listens).length > 0;

    const pod = new Pod(this, 'pod', {
      ...props,
      name: id,
      env: { ...telemetry.env, ...env },
      calls: [...calls, telemetry],
    });
    const { labels, pods } = pod;
    const { namespace } = pods;
    const metadata = { name: id, namespace, labels };
    const selector = { matchLabels: { ...pods.labels } };
    this.#pod = pod;
    this.name = id;
    this.namespace = namespace;
    this.pods = pods;
    this.host = `${id}.${namespace}.svc`;
    this.job = id;
    this.listens = listens;

    new KubeDeployment(this, 'deployment', {
      metadata,
      spec: {
        replicas: max > min ? undefined : min,
        revisionHistoryLimit: 3,
        selector,
        strategy:
          update === 'Recreate'
            ? { type: update }
            : { type: update, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: pod.template({
          container: {
            ports: listening
              ? Object.entries(listens).map(([name, containerPort]) => ({ name, containerPort }))
              : undefined,
            lifecycle: listening ? { preStop: { sleep: { seconds: WITHDRAWAL } } } : undefined,
            ...(health && listening && probes(health, listens)),
          },
          pod: {
            // The wait counts against it.
            terminationGracePeriodSeconds: stopSeconds + (listening ? WITHDRAWAL : 0),
            topologySpreadConstraints: max > 1 ? spread(pods) : undefined,
          },
        }),
      },
    });
    if (listening) {
      this.service = new KubeService(this, 'service', {
        metadata,
        spec: { selector: { ...pods.labels }, ports: Object.entries(listens).map(servicePort) },
      });
    }
    if (metrics) {
      const { port = 'metrics', path = '/metrics', interval = '30s' } = metrics;
      new ServiceMonitor(this, 'service-monitor', {
        metadata,
        // The label is this name whatever the Service is called; alerts ask for it.
        spec: { jobLabel: 'app.kubernetes.io/name', selector, endpoints: [{ port, path, interval }] },
      });
      if (port in listens) pod.policy.allowFrom({ builtin: 'prometheus' }, this.port(port));
      else refuse(this, [`metrics.port: ${port} is not listened on; add it to listens`]);
    }
    if (max > min) new Autoscaler(this, 'autoscaler', { metadata, scale: { ...scale, min, max } });
    if (min > 1) {
      new KubePodDisruptionBudget(this, 'pod-disruption-budget', {
        metadata,
        // A pod that is broken anyway must not hold up the drain of its node.
        spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      });
    }
    if (health && [health.live, health.ready].some((check) => check.startsWith('grpc'))) {
      pod.policy.allowGrpcChecks(listens[portOf(health, listens)] ?? 0);
    }
    refuse(this, [
      ...scaleProblems(scale),
      ...(update === 'Recreate' && max > 1
        ? [`update: Recreate keeps two pods from running at once, and scale asks for ${max}; use 1, or leave it out`]
        : []),
      ...listenProblems(listens),
      ...healthProblems(health, listens),
    ]);
  }

  /** Every port but the one for metrics. */
  get endpoints(): readonly Endpoint[] {
    return Object.keys(this.listens)
      .filter((name) => name !== 'metrics')
      .map((name) => this.endpoint(name));
  }

  /** One of its ports, for `calls`. */
  on(port: string): Callee {
    return { endpoints: [this.endpoint(port)] };
  }

  /** Base URL of a port: `http://api.notifi.svc`. */
  url(port = 'http'): string {
    const { port: number } = servicePort([port, this.port(port)]);
    return `http://${this.host}${number === 80 ? '' : `:${number}`}`;
  }

  /** Connects to what is constructed only after it; two workloads may call each other. */
  call(...callees: readonly Callee[]) {
    for (const { endpoints } of callees) {
      for (const endpoint of endpoints) this.#pod.policy.allowTo(endpoint);
    }
  }

  /** Lets the ingress controller in. Gives the backend of an Ingress rule. */
  admitIngress(port = 'http') {
    this.#pod.policy.allowFrom({ builtin: 'ingress' }, this.port(port));
    return { service: { name: this.name, port: { name: port } } };
  }

  private endpoint(name: string): Endpoint {
    const port = this.port(name);
    return { to: this.pods, port, admit: (from) => this.#pod.policy.allowFrom(from, port) };
  }

  private port(name: string): number {
    const port = this.listens[name];
    if (port !== undefined) return port;
    const known = Object.keys(this.listens).join(', ');
    throw new Error(
      known
        ? `${this.name}: port ${name} is not listened on, only ${known}; use one of these or add it to listens`
        : `${this.name}: port ${name} is not listened on, nor any other; add it to listens`,
    );
  }
}

const servicePort = ([name, port]: [string, number]) => ({
  name,
  port: name === 'http' ? 80 : port,
  targetPort: name,
  appProtocol: name === 'grpc' ? 'kubernetes.io/h2c' : undefined,
});

/** A pod per node as far as nodes go, per revision: the old pods of a rollout must not push the new ones together. */
const spread = ({ labels }: PodSet) => [
  {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway' as const,
    labelSelector: { matchLabels: { ...labels } },
    matchLabelKeys: ['pod-template-hash'],
  },
];

function listenProblems(listens: Listens): string[] {
  const numbers = Object.values(listens);
  return Object.entries(listens).flatMap(([name, port], index) => [
    ...portProblems(`listens.${name}`, port),
    ...(/^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(name)
      ? []
      : [`listens.${name}: is not a port's name, at most 15 of a-z, 0-9 and - with a letter among them; rename it`]),
    ...(numbers.indexOf(port) === index ? [] : [`listens.${name}: ${port} is another port's number too; change one`]),
  ]);
}
