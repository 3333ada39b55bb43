import type { IConstruct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { declare, type End, type PodSet } from '../imports/relations.ts';

/** Port of every proxy for what comes from another one, whichever port it is meant for. */
export const PROXY_PORT = 4143;

/** Ports of every proxy for its metrics, and for who may look into its traffic. */
export const PROXY_ADMIN = { metrics: 4191, tap: 4190 } as const;

/** Requests and limits of a proxy: small services keep it idle. */
export const PROXY = { cpu: { request: '10m' }, memory: { request: '32Mi', limit: '128Mi' } } as const;

/** What a proxy asks before it lets anything through. @see https://linkerd.io/2-edge/reference/architecture/#control-plane */
export const CONTROL_PLANE: readonly { readonly to: PodSet; readonly port: number }[] = (
  [
    ['destination', 8086],
    ['destination', 8090],
    ['identity', 8080],
  ] as const
).map(([component, port]) => ({
  to: { namespace: 'linkerd', labels: { 'linkerd.io/control-plane-component': component } },
  port,
}));

/** Who looks into traffic for `linkerd viz`. */
export const TAP: PodSet = { namespace: 'linkerd-viz', labels: { component: 'tap' } };

/** Linkerd's own list, which an annotation replaces: mail, MySQL, Galera, PostgreSQL, Redis, Elasticsearch, Memcached. */
const OPAQUE_BY_DEFAULT = [25, 587, 3306, 4444, 5432, 6379, 9300, 11211];

/** epmd, AMQP, PgBouncer, Kafka's brokers and controllers, Erlang, Redis Sentinel, MongoDB. */
const OPAQUE_STORES = [4369, 5672, 6432, 9092, 9093, 9094, 25672, 26379, 27017];

/** Ports whose bytes are passed on as they come, where the proxy would look for HTTP in them. */
export const OPAQUE_PORTS = [...OPAQUE_BY_DEFAULT, ...OPAQUE_STORES].sort((a, b) => a - b);

/** What the injector puts into every pod of a namespace, and what the proxies do there with what nobody was let in for. */
export const meshAnnotations = {
  'linkerd.io/inject': 'enabled',
  'config.linkerd.io/default-inbound-policy': 'deny',
  'config.linkerd.io/opaque-ports': OPAQUE_PORTS.join(','),
  // A Job ends when its own containers do; the proxy follows.
  'config.linkerd.io/proxy-enable-native-sidecar': 'true',
  'config.linkerd.io/proxy-cpu-request': PROXY.cpu.request,
  'config.linkerd.io/proxy-memory-request': PROXY.memory.request,
  'config.linkerd.io/proxy-memory-limit': PROXY.memory.limit,
};

/** Who is in the mesh of an app. */
interface Members {
  readonly namespaces: Set<string>;
  /** ServiceAccounts of pods, by `keyOf`; empty for pods without a proxy. */
  readonly accounts: Map<string, string>;
  /** Namespaces that were taken to be outside. */
  readonly outside: Set<string>;
}

const meshes = new WeakMap<IConstruct, Members>();

function membersOf({ node: { root } }: IConstruct): Members {
  const members = meshes.get(root) ?? { namespaces: new Set(), accounts: new Map(), outside: new Set() };
  meshes.set(root, members);
  return members;
}

const keyOf = ({ namespace, labels }: PodSet) => `${namespace} ${JSON.stringify(labels)}`;

/** Puts a proxy into every pod of a namespace. Gives why it is too late for that. */
export function joinMesh(scope: IConstruct, namespace: string): string[] {
  const { namespaces, outside } = membersOf(scope);
  namespaces.add(namespace);
  return outside.has(namespace)
    ? [`namespace ${namespace}: its pods were made without a proxy before; construct the Namespace first`]
    : [];
}

/** Says what pods run as. Gives whether they have a proxy: their namespace has, and they are no exception. */
export function enrol(scope: IConstruct, pods: PodSet, serviceAccount: string, meshed = true): boolean {
  const { namespaces, accounts, outside } = membersOf(scope);
  const joined = namespaces.has(pods.namespace);
  if (!joined) outside.add(pods.namespace);
  accounts.set(keyOf(pods), joined && meshed ? serviceAccount : '');
  if (joined && !meshed) declare(scope, { unmeshed: [pods] });
  return joined && meshed;
}

/** The ServiceAccount by which a proxy proves who is calling; undefined for whoever has no proxy. */
export function identityOf(scope: IConstruct, end: End): { name: string; namespace: string } | undefined {
  if ('cidr' in end) return undefined;
  if ('builtin' in end) {
    const { mesh, network } = environmentOf(scope);
    // Whoever is on the platform may be constructed later: in a mesh its Traefik has a proxy, the others have none.
    return mesh === 'linkerd' && end.builtin === 'ingress' ? accountOf(network.ingress) : undefined;
  }
  const { namespaces, accounts, outside } = membersOf(scope);
  const { namespace } = end;
  const known = accounts.get(keyOf(end));
  if (known !== undefined) return known ? { name: known, namespace } : undefined;
  if (!namespaces.has(namespace)) {
    outside.add(namespace);
    return undefined;
  }
  return accountOf(end);
}

/** Pods run as what they are called. */
function accountOf({ namespace, labels }: PodSet) {
  const name = labels['app.kubernetes.io/name'];
  return name ? { name, namespace } : undefined;
}
