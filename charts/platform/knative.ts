import type { App } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { KnativeEventing, KnativeServing } from '../../imports/knative.ts';
import { declare } from '../../imports/relations.ts';
import { charts, sources } from '../versions.ts';
import { part } from './part.ts';

export interface KnativeFacts {
  /** Of each of its controllers; two survive the loss of a node. @default 2 */
  readonly replicas?: number;
}

/**
 * Knative's operator, Serving behind Kourier, and Eventing with brokers on RabbitMQ. The operator puts Kourier into Serving's
 * namespace and RabbitMQ's broker controller into Eventing's. Needs RabbitMQ's operators.
 * @see https://knative.dev/docs/install/operator/knative-with-operators/
 */
export function knative(app: App, rabbitmq: IConstruct, { replicas = 2 }: KnativeFacts) {
  const { version } = charts['knative-operator'];
  const resources = { requests: { cpu: '20m', memory: '100Mi' }, limits: { memory: '256Mi' } };
  // Its pods have no seccomp profile, nor a value for one.
  const operator = new ChartRelease(part(app, 'knative-operator', { podSecurity: 'baseline' }), 'knative-operator', {
    ...charts['knative-operator'],
    values: {
      knative_operator: {
        knative_operator: { resources },
        operator_webhook: { resources },
      },
    },
    provides: { kinds: ['operator.knative.dev/*'] },
  });

  const serving = new Construct(part(app, 'knative-serving'), 'serving');
  declare(serving, {
    layer: 'stores',
    uses: [operator],
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
      additionalManifests: [
        {
          URL: `${broker.from}/eventing-rabbitmq/releases/download/knative-${broker.version}/rabbitmq-broker.yaml`,
        },
      ],
    },
  });
}
