import { Construct, type IConstruct } from 'constructs';
import { Broker, type KnativeDelivery, RabbitmqBrokerConfig } from '../imports/knative.ts';
import { declare, identityOf, refuse } from '../imports/relations.ts';
import type { Dependency, Endpoint, Env } from './dependency.ts';
import { brokerPods, type Receiver, type Sink, sinkOf, sizeAnnotations } from './knative.ts';
import { labelsOf, nameProblems, namespaceOf } from './labels.ts';
import { podSecurityOf } from './namespace.ts';
import { NetworkPolicy } from './network-policy.ts';
import type { RabbitmqCluster } from './rabbitmq.ts';
import { type Size, sizeProblems } from './sizes.ts';

export interface EventBrokerProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** What carries the events; its `topologyFrom` has to name the namespace of the broker. */
  readonly cluster: RabbitmqCluster;
  /** Where an event ends that could not be delivered: a KnativeWorker, or a Workload that listens on http. */
  readonly deadLetters: Receiver;
  /** Of every delivery, before the event is a dead letter. */
  readonly retry?: Retry;
  /** Of each of its pods: one takes events in, one per trigger sends them on. @default - 25m, 64Mi up to 128Mi */
  readonly size?: Size;
}

export interface Retry {
  /** How often a delivery is tried again. @default 5 */
  readonly times?: number;
  /** Seconds before the second try; each pause after it is twice as long. @default 1 */
  readonly seconds?: number;
}

/** Which events: their type, and other attributes they have to have. */
export interface EventFilter {
  readonly broker: EventBroker;
  readonly attributes: Readonly<Record<string, string>>;
}

/** As small as it works: the operator's own defaults (64Mi, 4 cores) are meant for 1500 events a second. */
const SIZE: Size = { cpu: '25m', memory: '64Mi', memoryLimit: '128Mi' };

/**
 * A Knative Broker on RabbitMQ: Broker of class RabbitMQBroker, RabbitmqBrokerConfig with quorum queues, and NetworkPolicies for
 * the pods that Knative makes for it. What uses it publishes CloudEvents to `K_SINK`. The construct's id is its name.
 *
 * Refuses a cluster that does not take queues from here, a restricted namespace (the pods that Knative makes have no
 * seccomp profile, and would be turned away), and retries that are none.
 * @see https://github.com/knative-extensions/eventing-rabbitmq/blob/main/docs/broker/README.md
 */
export class EventBroker extends Construct implements Dependency {
  readonly name: string;
  readonly namespace: string;
  readonly env: Env;
  /** For those who publish. */
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct = this;
  /** Of its pods, and of those of its triggers. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly #deadLetters: Sink;
  readonly #dispatcher: NetworkPolicy;

  constructor(scope: Construct, constructId: string, props: EventBrokerProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { cluster, retry = {}, size = SIZE } = props;
    const namespace = namespaceOf(this);
    const metadata = { name: id, namespace, labels: labelsOf(this, id) };
    this.name = id;
    this.namespace = namespace;
    this.annotations = resourceAnnotations(size);
    this.#deadLetters = sinkOf(props.deadLetters);
    declare(this, { uses: [cluster] });

    new RabbitmqBrokerConfig(this, 'config', {
      metadata,
      spec: {
        rabbitmqClusterReference: { name: cluster.name, namespace: cluster.namespace },
        queueType: 'quorum',
      },
    });
    new Broker(this, 'broker', {
      metadata: {
        ...metadata,
        annotations: { 'eventing.knative.dev/broker.class': 'RabbitMQBroker', ...this.annotations },
      },
      spec: {
        config: { apiVersion: 'eventing.knative.dev/v1alpha1', kind: 'RabbitmqBrokerConfig', name: id },
        delivery: deliveryOf(retry, this.#deadLetters),
      },
    });

    const policy = (role: 'ingress' | 'dispatcher' | 'dispatcher-dlq') => {
      const rules = new NetworkPolicy(this, role, {
        name: `${id}-broker-${role}`,
        pods: brokerPods(namespace, id, role),
        serviceAccount: 'default',
      });
      for (const endpoint of cluster.endpoints) rules.allowTo(endpoint);
      return rules;
    };
    const ingress = policy('ingress');
    this.endpoints = [{ to: ingress.pods, port: INGRESS_PORT, admit: (from) => ingress.allowFrom(from, INGRESS_PORT) }];
    this.#dispatcher = policy('dispatcher');
    const buried = policy('dispatcher-dlq');
    for (const dispatcher of [this.#dispatcher, buried]) {
      // A subscriber's answer is an event too.
      for (const endpoint of this.endpoints) dispatcher.allowTo(endpoint);
    }
    for (const endpoint of this.#deadLetters.endpoints) buried.allowTo(endpoint);
    this.env = { K_SINK: `http://${id}-broker-ingress.${namespace}.svc` };

    refuse(this, [
      ...nameProblems(id),
      ...sizeProblems(size),
      ...retryProblems(retry),
      ...(cluster.takesFrom(namespace)
        ? []
        : [
            `cluster: ${cluster.name} takes no queues from namespace ${namespace}; add it to the cluster's topologyFrom`,
          ]),
      ...(podSecurityOf(this, namespace) === 'restricted'
        ? [
            `namespace ${namespace} is restricted, and Knative's pods for a broker have no seccomp profile; give its Namespace podSecurity: 'baseline'`,
          ]
        : []),
    ]);
  }

  /** Events of this type, and with these attributes besides, for a worker's `on`. */
  event(type: string, attributes: Readonly<Record<string, string>> = {}): EventFilter {
    return { broker: this, attributes: { type, ...attributes } };
  }

  /**
   * What a trigger with retries of its own says instead of the broker. Where its dead letters go has to be said again, or
   * there are none.
   */
  redelivery(retry: Retry): KnativeDelivery {
    this.deliverTo(this.#deadLetters);
    return deliveryOf(retry, this.#deadLetters);
  }

  /** Lets the dispatchers send to `sink`. */
  deliverTo(sink: Sink) {
    for (const endpoint of sink.endpoints) this.#dispatcher.allowTo(endpoint);
  }
}

const INGRESS_PORT = 8080;

const deliveryOf = ({ times = 5, seconds = 1 }: Retry, { ref }: Sink): KnativeDelivery => ({
  retry: times,
  backoffPolicy: 'exponential',
  backoffDelay: `PT${seconds}S`,
  deadLetterSink: { ref },
});

/** One of them given, the controller takes none of its own. @see https://github.com/knative-extensions/eventing-rabbitmq/tree/main/docs/pod-resources */
const resourceAnnotations = (size: Size) =>
  sizeAnnotations(size, (resource, bound) => `rabbitmq.eventing.knative.dev/${resource}-${bound}`);

export function retryProblems({ times = 5, seconds = 1 }: Retry): string[] {
  return [
    ...(Number.isInteger(times) && times >= 0 && times <= 20
      ? []
      : [`retry.times: ${times} tries, each pause twice the one before; use 0 to 20`]),
    ...(Number.isInteger(seconds) && seconds >= 1
      ? []
      : [`retry.seconds: ${seconds} is no pause, it has to be a whole number from 1; correct it`]),
  ];
}
