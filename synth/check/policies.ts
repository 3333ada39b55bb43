import type { PodSet } from '../../imports/relations.ts';
import { type Manifest, nameOf } from '../manifest.ts';
import { at, map, maps, number, port as portOf, text, texts } from '../resolve/json.ts';
import { isEmpty, type Selector, selectorOf } from '../resolve/selectors.ts';
import type { Workload } from '../resolve/workloads.ts';
import { type Block, blockOf } from './addresses.ts';

// NetworkPolicy as https://kubernetes.io/docs/concepts/services-networking/network-policies/ defines it: a pod that no
// policy selects for a direction is open in it; else what any one of them allows passes, and nothing else.

export type Direction = 'ingress' | 'egress';
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** Pods of one workload, or pods that are only known by their labels. */
export interface Pods extends PodSet {
  readonly workload?: Workload;
}

/** One end of a call. `unknown`: a stranger's YAML does not say who that is, so any rule may mean it. */
export type Party = Pods | Block | 'unknown';

export const isPods = (party: Party): party is Pods => typeof party === 'object' && 'labels' in party;

export interface Ports {
  readonly protocol: Protocol;
  readonly from: number | string;
  readonly to: number | string;
}

/** One peer of one rule. */
export interface Entry {
  /** `spec.egress[0].to[1]`, or the rule where it names no peer. */
  readonly field: string;
  /** Peers by labels (`namespaces` is absent for the policy's own namespace), by address, or everyone. */
  readonly peer: { readonly namespaces?: Selector; readonly pods: Selector } | Block | 'everyone';
  readonly ports: readonly Ports[] | 'every';
}

export interface Policy {
  readonly manifest: Manifest;
  readonly namespace: string;
  readonly selector: Selector;
  /** Absent where the policy does not isolate in that direction. */
  readonly ingress?: readonly Entry[];
  readonly egress?: readonly Entry[];
}

export function policyOf(manifest: Manifest): Policy {
  const spec = map(manifest.object.spec);
  const given = texts(spec.policyTypes);
  const types = given.length ? given : ['Ingress', ...(maps(spec.egress).length ? ['Egress'] : [])];
  return {
    manifest,
    namespace: manifest.object.metadata.namespace ?? '',
    selector: selectorOf(spec.podSelector),
    ingress: types.includes('Ingress') ? entries(spec.ingress, 'ingress', 'from') : undefined,
    egress: types.includes('Egress') ? entries(spec.egress, 'egress', 'to') : undefined,
  };
}

function entries(rules: unknown, direction: Direction, side: 'from' | 'to'): Entry[] {
  return maps(rules).flatMap((rule, number): Entry[] => {
    const field = `spec.${direction}[${number}]`;
    const ports = maps(rule.ports).length ? maps(rule.ports).map(portsOf) : 'every';
    const peers = maps(rule[side]);
    if (!peers.length) return [{ field, peer: 'everyone', ports }];
    return peers.flatMap((peer, at) => {
      const read = peerOf(peer);
      return read ? [{ field: `${field}.${side}[${at}]`, peer: read, ports }] : [];
    });
  });
}

function peerOf(peer: Readonly<Record<string, unknown>>): Exclude<Entry['peer'], 'everyone'> | undefined {
  const cidr = text(at(peer, 'ipBlock', 'cidr'));
  if (cidr) return blockOf(cidr, texts(at(peer, 'ipBlock', 'except')));
  if (!peer.podSelector && !peer.namespaceSelector) return undefined;
  return {
    namespaces: peer.namespaceSelector ? selectorOf(peer.namespaceSelector) : undefined,
    pods: selectorOf(peer.podSelector),
  };
}

function portsOf(source: Readonly<Record<string, unknown>>): Ports {
  const from = portOf(source.port) ?? 0;
  const to = source.port === undefined ? 65535 : (number(source.endPort) ?? from);
  return { protocol: (text(source.protocol) ?? 'TCP') as Protocol, from, to };
}

export const podsOf = (workload: Workload): Pods => ({
  namespace: workload.namespace,
  labels: workload.labels,
  workload,
});

/** True where the range takes the port; a name counts as the number that the receiving pod gives it. */
export function opens({ protocol, from, to }: Ports, port: number, of: Protocol, receiver: Party): boolean {
  if (protocol !== of) return false;
  if (typeof from === 'number') return from <= port && port <= Number(to);
  if (!isPods(receiver) || !receiver.workload) return true;
  return namedPorts(receiver.workload).get(`${protocol}/${from}`) === port;
}

/** `TCP/http` to its number. */
export function namedPorts({ containers }: Workload): ReadonlyMap<string, number> {
  return new Map(
    containers.flatMap(({ ports }) =>
      ports.map((port) => [
        `${text(port.protocol) ?? 'TCP'}/${text(port.name) ?? ''}`,
        number(port.containerPort) ?? 0,
      ]),
    ),
  );
}

/** `app=api` of each label. */
export const pairsOf = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`);

/** `pods app=api in namespaces kubernetes.io/metadata.name=notifi`, for people. */
export function sayPeer(peer: Entry['peer']): string {
  if (peer === 'everyone') return 'everyone';
  if ('range' in peer) return peer.cidr;
  const pods = saySelector(peer.pods, 'pod');
  return peer.namespaces ? `${pods} of ${saySelector(peer.namespaces, 'namespace')}` : pods;
}

/** `pods app=api`, `every namespace`. */
export function saySelector(selector: Selector, noun: 'pod' | 'namespace'): string {
  if (isEmpty(selector)) return `every ${noun}`;
  const terms = selector.expressions.map(({ key, operator, values }) =>
    [key, operator, ...(values.length ? [`(${values.join(', ')})`] : [])].join(' '),
  );
  return `${noun}s ${[...pairsOf(selector.labels), ...terms].join(', ')}`;
}

export function sayParty(party: Party): string {
  if (party === 'unknown') return 'anyone';
  if (!isPods(party)) return party.cidr;
  if (party.workload) return nameOf(party.workload.manifest.object);
  return `${saySelector({ labels: party.labels, expressions: [] }, 'pod')} of namespace ${party.namespace}`;
}
