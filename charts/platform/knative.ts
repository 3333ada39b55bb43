import type { App } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { KnativeEventing, KnativeServing } from '../../imports/knative.ts';
import { declare } from '../../imports/relations.ts';
import { charts, sources } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

export interface KnativeFacts {
  /** Of each of its controllers; two survive the loss of a node. @default 2 */
  readonly replicas?: number;
}

/** A Deployment that the operator installs, its container and what that one requests at home: less than the manifests ask. */
interface Installed {
  readonly name: string;
  readonly container?: string;
  readonly cpu: string;
  readonly memory: string;
  readonly image: string;
}

const IMAGES = 'gcr.io/knative-releases/knative.dev';

const SERVING: readonly Installed[] = [
  { name: 'activator', cpu: '50m', memory: '60Mi', image: `${IMAGES}/serving/cmd/activator` },
  { name: 'autoscaler', cpu: '20m', memory: '100Mi', image: `${IMAGES}/serving/cmd/autoscaler` },
  { name: 'autoscaler-hpa', cpu: '20m', memory: '40Mi', image: `${IMAGES}/serving/cmd/autoscaler-hpa` },
  { name: 'controller', cpu: '20m', memory: '100Mi', image: `${IMAGES}/serving/cmd/controller` },
  { name: 'webhook', cpu: '20m', memory: '100Mi', image: `${IMAGES}/serving/cmd/webhook` },
  {
    name: 'net-kourier-controller',
    container: 'controller',
    cpu: '20m',
    memory: '200Mi',
    image: `${IMAGES}/net-kourier/cmd/kourier`,
  },
  {
    name: '3scale-kourier-gateway',
    container: 'kourier-gateway',
    cpu: '50m',
    memory: '200Mi',
    image: 'docker.io/envoyproxy/envoy',
  },
];

// The broker of channels in memory comes along, and nobody uses it.
const EVENTING: readonly Installed[] = [
  { name: 'eventing-controller', cpu: '20m', memory: '100Mi', image: `${IMAGES}/eventing/cmd/controller` },
  { name: 'eventing-webhook', cpu: '20m', memory: '50Mi', image: `${IMAGES}/eventing/cmd/webhook` },
  { name: 'job-sink', cpu: '10m', memory: '64Mi', image: `${IMAGES}/eventing/cmd/jobsink` },
  {
    name: 'imc-controller',
    container: 'controller',
    cpu: '10m',
    memory: '50Mi',
    image: `${IMAGES}/eventing/cmd/in_memory/channel_controller`,
  },
  {
    name: 'imc-dispatcher',
    container: 'dispatcher',
    cpu: '10m',
    memory: '50Mi',
    image: `${IMAGES}/eventing/cmd/in_memory/channel_dispatcher`,
  },
  {
    name: 'mt-broker-filter',
    container: 'filter',
    cpu: '10m',
    memory: '50Mi',
    image: `${IMAGES}/eventing/cmd/broker/filter`,
  },
  {
    name: 'mt-broker-ingress',
    container: 'ingress',
    cpu: '10m',
    memory: '50Mi',
    image: `${IMAGES}/eventing/cmd/broker/ingress`,
  },
  { name: 'mt-broker-controller', cpu: '10m', memory: '50Mi', image: `${IMAGES}/eventing/cmd/mtchannel_broker` },
  {
    name: 'rabbitmq-broker-controller',
    cpu: '20m',
    memory: '100Mi',
    image: `${IMAGES}/eventing-rabbitmq/cmd/controller/broker`,
  },
  {
    name: 'rabbitmq-broker-webhook',
    cpu: '20m',
    memory: '20Mi',
    image: `${IMAGES}/eventing-rabbitmq/cmd/webhook/broker`,
  },
];

const runsOf = (namespace: string, replicas: number, installed: readonly Installed[]) =>
  installed.map(({ name, cpu, memory, image }) => ({ namespace, name, pods: replicas, cpu, memory, images: [image] }));

/** Limits stay those of the manifests. */
const workloadsOf = (installed: readonly Installed[]) =>
  installed.map(({ name, container = name, cpu, memory }) => ({
    name,
    resources: [{ container, requests: { cpu, memory } }],
  }));

/** Four fifths of two pods are both of them: with what the manifests say, no node that has one could be drained. */
const oneAway = (...names: string[]) => names.map((name) => ({ name, maxUnavailable: 1 }));

/**
 * Knative's operator, Serving behind Kourier, and Eventing with brokers on RabbitMQ. The operator puts Kourier into Serving's
 * namespace and RabbitMQ's broker controller into Eventing's. Needs RabbitMQ's operators.
 * @see https://knative.dev/docs/install/operator/knative-with-operators/
 */
export function knative(app: App, rabbitmq: IConstruct, { replicas = 2 }: KnativeFacts) {
  const { version } = charts['knative-operator'];
  const resources = room('20m', '100Mi', '256Mi');
  // Its pods have no seccomp profile, nor a value for one.
  const operator = new ChartRelease(part(app, 'knative-operator', { podSecurity: 'baseline' }), 'knative-operator', {
    ...charts['knative-operator'],
    values: {
      knative_operator: {
        knative_operator: { resources },
        operator_webhook: { resources },
      },
    },
    runs: [
      pods('knative-operator', 1, resources, [`${IMAGES}/operator/cmd/operator`]),
      pods('operator-webhook', 1, resources, [`${IMAGES}/operator/cmd/webhook`]),
    ],
    provides: { kinds: ['operator.knative.dev/*'] },
  });

  const serving = new Construct(part(app, 'knative-serving'), 'serving');
  declare(serving, {
    layer: 'stores',
    uses: [operator],
    runs: runsOf('knative-serving', replicas, SERVING),
    provides: {
      kinds: ['serving.knative.dev/*', 'networking.internal.knative.dev/*', 'caching.internal.knative.dev/*'],
      objects: [
        { kind: 'Service', namespace: 'knative-serving', name: 'kourier', ports: [80, 'http2', 443, 'https'] },
        { kind: 'Service', namespace: 'knative-serving', name: 'kourier-internal', ports: [80, 'http2', 443, 'https'] },
      ],
    },
  });
  new KnativeServing(serving, 'knative-serving', {
    metadata: { name: 'knative-serving', namespace: 'knative-serving' },
    spec: {
      version,
      'high-availability': { replicas },
      workloads: workloadsOf(SERVING),
      podDisruptionBudgets: oneAway('activator-pdb', 'webhook-pdb', '3scale-kourier-gateway-pdb'),
      // Requests from outside come through the environment's own ingress.
      ingress: { kourier: { enabled: true, 'service-type': 'ClusterIP' } },
      config: {
        network: { 'ingress-class': 'kourier.ingress.networking.knative.dev' },
        // What a worker may say of its pods beside what Knative allows by itself.
        features: {
          'kubernetes.podspec-fieldref': 'enabled',
          'kubernetes.podspec-init-containers': 'enabled',
          'kubernetes.podspec-nodeselector': 'enabled',
          'kubernetes.podspec-persistent-volume-claim': 'enabled',
          'kubernetes.podspec-persistent-volume-write': 'enabled',
          'kubernetes.podspec-priorityclassname': 'enabled',
          'kubernetes.podspec-tolerations': 'enabled',
        },
      },
    },
  });

  // The broker's controller has no seccomp profile.
  const eventing = new Construct(part(app, 'knative-eventing', { podSecurity: 'baseline' }), 'eventing');
  declare(eventing, {
    layer: 'stores',
    uses: [operator, rabbitmq],
    runs: runsOf('knative-eventing', replicas, EVENTING),
    provides: {
      kinds: [
        'eventing.knative.dev/*',
        'messaging.knative.dev/*',
        'sources.knative.dev/*',
        'flows.knative.dev/*',
        'sinks.knative.dev/*',
      ],
    },
  });
  const broker = sources['eventing-rabbitmq'];
  new KnativeEventing(eventing, 'knative-eventing', {
    metadata: { name: 'knative-eventing', namespace: 'knative-eventing' },
    spec: {
      version,
      'high-availability': { replicas },
      workloads: workloadsOf(EVENTING),
      podDisruptionBudgets: oneAway('eventing-webhook'),
      additionalManifests: [
        {
          URL: `${broker.from}/eventing-rabbitmq/releases/download/knative-${broker.version}/rabbitmq-broker.yaml`,
        },
      ],
    },
  });
}
