import type { End, PodSet } from '../../imports/relations.ts';
import type { Manifest } from '../manifest.ts';
import { at, type Json, map, maps, number, port as portOf, strings, text } from '../resolve/json.ts';
import { selectorOf } from '../resolve/selectors.ts';
import type { Workload } from '../resolve/workloads.ts';
import { type Index, isManifest } from '../resolve.ts';
import { blockOf } from './addresses.ts';
import { namedPorts, type Party, type Protocol, podsOf } from './policies.ts';
import { isMeshed } from './proxies.ts';
import { boundAccounts } from './rbac.ts';
import type { Network } from './reach.ts';
import { monitoredNamespaces } from './selectors.ts';

/** A connection that has to work. */
export interface Call {
  readonly from: Party;
  readonly to: Party;
  readonly port: number;
  readonly protocol: Protocol;
  /** Who calls and why, where nobody declared it: `DNS`, `Ingress shop/web`. */
  readonly why?: string;
  readonly builtin?: 'dns' | 'api-server' | 'ingress' | 'prometheus' | 'mesh';
}

/** Declared calls, and those every cluster makes without being asked. Kubelet's are left out: nothing may block them. */
export function* callsOf(index: Index, network: Network): Iterable<Call> {
  yield* declared(index, network);
  yield* lookups(index, network);
  yield* routed(index, network);
  yield* scraped(index, network);
  yield* toApiServer(index, network);
  if (index.world.cluster?.mesh === 'linkerd') yield* toMesh(index, network);
}

function* declared(index: Index, network: Network): Iterable<Call> {
  for (const { flows = [] } of index.declared) {
    for (const { from, to, port, protocol = 'TCP' } of flows) {
      // A pod's own node always reaches it, probes included: no policy applies to kubelet.
      if ('builtin' in from && from.builtin === 'kubelet') continue;
      for (const caller of partiesOf(from, index, network)) {
        for (const callee of partiesOf(to, index, network)) yield { from: caller, to: callee, port, protocol };
      }
    }
  }
}

function partiesOf(end: End, index: Index, network: Network): readonly Party[] {
  if ('builtin' in end) return builtin(end.builtin, index, network);
  if ('cidr' in end) return [blockOf(end.cidr, end.except) ?? 'unknown'];
  return network.podsOf(end);
}

function builtin(
  name: 'dns' | 'api-server' | 'ingress' | 'prometheus' | 'kubelet',
  index: Index,
  network: Network,
): readonly Party[] {
  const facts = index.world.cluster?.network;
  if (!facts) return ['unknown'];
  if (name === 'api-server') return [blockOf(facts.apiServer.cidr) ?? 'unknown'];
  if (name === 'kubelet') return facts.nodes.map((cidr) => blockOf(cidr) ?? 'unknown');
  return network.podsOf(facts[name]);
}

/** Every pod looks names up, over UDP and, for long answers, over TCP. */
function* lookups(index: Index, network: Network): Iterable<Call> {
  const servers = builtin('dns', index, network);
  for (const workload of index.workloads) {
    const from = podsOf(workload);
    if (workload.pod.dnsPolicy === 'None' || !network.isolating(from, 'egress').length) continue;
    for (const to of servers) {
      for (const protocol of ['UDP', 'TCP'] as const)
        yield { from, to, port: 53, protocol, why: 'DNS', builtin: 'dns' };
    }
  }
}

const CALLERS: Readonly<Record<string, 'ingress' | 'api-server'>> = {
  Ingress: 'ingress',
  IngressRoute: 'ingress',
  IngressRouteTCP: 'ingress',
  IngressRouteUDP: 'ingress',
  HTTPRoute: 'ingress',
  GRPCRoute: 'ingress',
  TLSRoute: 'ingress',
  TCPRoute: 'ingress',
  UDPRoute: 'ingress',
  ValidatingWebhookConfiguration: 'api-server',
  MutatingWebhookConfiguration: 'api-server',
  APIService: 'api-server',
  CustomResourceDefinition: 'api-server',
};

/** The ingress controller calls the backends of routes; the API server calls webhooks and aggregated APIs. */
function* routed(index: Index, network: Network): Iterable<Call> {
  for (const { from: route, kind, group, target, port } of index.references) {
    const caller = CALLERS[route.object.kind];
    if (!caller || kind !== 'Service' || group || !target || !isManifest(target)) continue;
    for (const backend of backends(index, target, port ?? (caller === 'api-server' ? 443 : undefined))) {
      for (const from of builtin(caller, index, network)) {
        yield { from, ...backend, why: `${route.object.kind} ${route.object.metadata.name}`, builtin: caller };
      }
    }
  }
}

/** The pod ports behind one port of a Service, or behind its only one. */
function* backends(
  index: Index,
  service: Manifest,
  port: number | string | undefined,
): Iterable<Pick<Call, 'to' | 'port' | 'protocol'>> {
  const { metadata, spec } = service.object;
  const labels = strings(at(spec, 'selector'));
  const ports = maps(at(spec, 'ports'));
  const found =
    ports.find((entry) => entry.port === port || entry.name === port) ?? (ports.length === 1 ? ports[0] : undefined);
  if (!found || !Object.keys(labels).length) return;
  const protocol = (text(found.protocol) ?? 'TCP') as Protocol;
  for (const workload of index.select(metadata.namespace ?? '', { labels, expressions: [] })) {
    const target = portOn(workload, portOf(found.targetPort) ?? number(found.port), protocol);
    if (target) yield { to: podsOf(workload), port: target, protocol };
  }
}

const portOn = (workload: Workload, port: number | string | undefined, protocol: Protocol = 'TCP') =>
  typeof port === 'string' ? namedPorts(workload).get(`${protocol}/${port}`) : port;

/** Prometheus calls every target of a ServiceMonitor and a PodMonitor. */
function* scraped(index: Index, network: Network): Iterable<Call> {
  const callers = builtin('prometheus', index, network);
  const targets = function* (monitor: Manifest): Iterable<Pick<Call, 'to' | 'port' | 'protocol'>> {
    const spec = map(monitor.object.spec);
    const selector = selectorOf(spec.selector);
    for (const namespace of monitoredNamespaces(monitor)) {
      for (const service of spec.endpoints ? index.selectServices(namespace, selector) : []) {
        for (const endpoint of maps(spec.endpoints)) yield* backends(index, service, text(endpoint.port));
      }
      for (const workload of spec.podMetricsEndpoints ? index.select(namespace, selector) : []) {
        for (const endpoint of maps(spec.podMetricsEndpoints)) {
          const port = portOn(workload, relabelled(endpoint) ?? number(endpoint.portNumber) ?? portOf(endpoint.port));
          if (port) yield { to: podsOf(workload), port, protocol: 'TCP' };
        }
      }
    }
  };
  for (const kind of ['ServiceMonitor', 'PodMonitor']) {
    for (const monitor of index.byKind(kind, 'monitoring.coreos.com')) {
      for (const target of targets(monitor)) {
        for (const from of callers) {
          yield { from, ...target, why: `${kind} ${monitor.object.metadata.name}`, builtin: 'prometheus' };
        }
      }
    }
  }
}

/** The port that a relabelling sends Prometheus to instead of the one that was found: `$1:9464`. */
function relabelled({ relabelings }: Json): number | undefined {
  const address = maps(relabelings).findLast(({ targetLabel }) => targetLabel === '__address__');
  const port = /:(\d+)$/.exec(text(address?.replacement) ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}

/** Pods that mount a token and may do something with it call the API server. Its address is only known of a cluster of ours. */
function* toApiServer(index: Index, network: Network): Iterable<Call> {
  const port = index.world.cluster?.network?.apiServer.port;
  if (!port) return;
  const isBound = boundAccounts(index);
  for (const workload of index.workloads) {
    const { namespace, serviceAccount, pod } = workload;
    const account = index.find('ServiceAccount', namespace, serviceAccount);
    const ofAccount = account && isManifest(account) ? account.object.automountServiceAccountToken : undefined;
    if ((pod.automountServiceAccountToken ?? ofAccount) === false || !isBound(namespace, serviceAccount)) continue;
    for (const to of builtin('api-server', index, network)) {
      yield { from: podsOf(workload), to, port, protocol: 'TCP', why: 'the API server', builtin: 'api-server' };
    }
  }
}

/** Linkerd's proxy does not start without its control plane: https://linkerd.io/2/reference/architecture/#control-plane. */
const CONTROL_PLANE: readonly (readonly [component: string, port: number])[] = [
  ['destination', 8086],
  ['destination', 8090],
  ['identity', 8080],
];

function* toMesh(index: Index, network: Network): Iterable<Call> {
  for (const workload of index.workloads) {
    const from = podsOf(workload);
    if (!isMeshed(from, index) || !network.isolating(from, 'egress').length) continue;
    for (const [component, port] of CONTROL_PLANE) {
      const set: PodSet = { namespace: 'linkerd', labels: { 'linkerd.io/control-plane-component': component } };
      for (const to of network.podsOf(set))
        yield { from, to, port, protocol: 'TCP', why: `Linkerd's ${component}`, builtin: 'mesh' };
    }
  }
}
