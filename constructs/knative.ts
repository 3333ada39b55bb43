import type { PodSet } from '../imports/relations.ts';
import type { Endpoint } from './dependency.ts';
import { resourcesOf, type Size } from './sizes.ts';

// What Knative's own pods are called and where they listen; Knative's operator puts Kourier beside Serving.

const SERVING = 'knative-serving';

/** Every request from within the cluster goes through it. */
export const GATEWAY: PodSet = { namespace: SERVING, labels: { app: '3scale-kourier-gateway' } };

/** Port of the gateway that is not published. */
export const GATEWAY_PORT = 8081;

/** Holds requests while there is no pod, and asks pods whether they are ready. */
export const ACTIVATOR: PodSet = { namespace: SERVING, labels: { app: 'activator' } };

/** Reads from the pods how busy they are. */
export const AUTOSCALER: PodSet = { namespace: SERVING, labels: { app: 'autoscaler' } };

/** Ports of queue-proxy, which Knative puts into every pod. https://github.com/knative/serving/blob/main/pkg/networking/constants.go */
export const QUEUE_PROXY = { requests: 8012, admin: 8022, autoscaling: 9090, metrics: 9091 } as const;

/** What an event can be sent to. */
export interface Sink {
  readonly ref: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace: string;
  };
  readonly endpoints: readonly Endpoint[];
}

/** What a sink is made of: a KnativeWorker, or a Workload that listens on http. */
export type Receiver =
  | { readonly sink: Sink }
  | {
      readonly name: string;
      readonly namespace: string;
      on(port: string): { readonly endpoints: readonly Endpoint[] };
    };

export const sinkOf = (receiver: Receiver): Sink =>
  'sink' in receiver
    ? receiver.sink
    : {
        ref: { apiVersion: 'v1', kind: 'Service', name: receiver.name, namespace: receiver.namespace },
        endpoints: receiver.on('http').endpoints,
      };

/** The pods of a broker that take events in, send them on, and send on what could not be delivered. */
export const brokerPods = (
  namespace: string,
  broker: string,
  role: 'ingress' | 'dispatcher' | 'dispatcher-dlq',
): PodSet => ({
  namespace,
  labels: { 'eventing.knative.dev/broker': broker, 'eventing.knative.dev/brokerRole': role },
});

/** Requests and limits of a container that Knative puts in, which it reads from annotations. */
export function sizeAnnotations(
  size: Size,
  key: (resource: string, bound: 'request' | 'limit') => string,
): Record<string, string> {
  const resources = resourcesOf(size);
  return Object.fromEntries(
    (['request', 'limit'] as const).flatMap((bound) =>
      Object.entries(resources[`${bound}s`] ?? {}).map(([resource, amount]) => [key(resource, bound), `${amount}`]),
    ),
  );
}
