// What the topology operator asks of a server for the rendered kinds, at its management API:
// https://github.com/rabbitmq/messaging-topology-operator/tree/main/internal
import type { KubernetesObject } from '../cluster/client.ts';

export interface Request {
  readonly method: 'PUT' | 'POST';
  readonly path: string;
  readonly body: object;
}

/** Things that come first: a right is of a user in a virtual host, a binding is between what is there. */
const ORDER = ['Vhost', 'User', 'Permission', 'Policy', 'Queue', 'Exchange', 'Binding'];

/** `account` is what the Secret of the user holds. */
export function requestsOf(
  objects: readonly KubernetesObject[],
  account: { readonly username: string; readonly password: string },
): Request[] {
  return objects
    .filter(({ apiVersion, kind }) => apiVersion === 'rabbitmq.com/v1beta1' && ORDER.includes(kind))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    .map(({ kind, spec }) => requestOf(kind, spec, account));
}

function requestOf(
  kind: string,
  spec: KubernetesObject['spec'],
  { username, password }: { readonly username: string; readonly password: string },
): Request {
  const put = (path: readonly string[], body: object): Request => ({
    method: 'PUT',
    path: path.map(encodeURIComponent).join('/'),
    body,
  });
  switch (kind) {
    case 'Vhost':
      return put(['vhosts', spec.name], { default_queue_type: spec.defaultQueueType });
    case 'User':
      return put(['users', username], { password, tags: (spec.tags ?? []).join(',') });
    case 'Permission':
      return put(['permissions', spec.vhost, username], spec.permissions);
    case 'Policy':
      return put(['policies', spec.vhost, spec.name], {
        pattern: spec.pattern,
        'apply-to': spec.applyTo,
        definition: spec.definition,
      });
    case 'Queue':
      return put(['queues', spec.vhost, spec.name], {
        durable: spec.durable,
        arguments: { 'x-queue-type': spec.type },
      });
    case 'Exchange':
      return put(['exchanges', spec.vhost, spec.name], { type: spec.type, durable: spec.durable });
    case 'Binding': {
      const path = ['bindings', spec.vhost, 'e', spec.source, 'q', spec.destination].map(encodeURIComponent).join('/');
      return { method: 'POST', path, body: { routing_key: spec.routingKey ?? '' } };
    }
    default:
      throw new Error(`${kind}: is no part of a topology`);
  }
}
