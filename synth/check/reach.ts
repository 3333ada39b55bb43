import type { PodSet } from '../../imports/relations.ts';
import { push } from '../group-by.ts';
import { strings, text } from '../resolve/json.ts';
import { matches, type Selector } from '../resolve/selectors.ts';
import type { Workload } from '../resolve/workloads.ts';
import type { Index } from '../resolve.ts';
import { covers } from './addresses.ts';
import {
  type Direction,
  type Entry,
  isPods,
  opens,
  type Party,
  type Pods,
  type Policy,
  type Protocol,
  pairsOf,
  podsOf,
  policyOf,
} from './policies.ts';

/** Every NetworkPolicy of one cluster, ready to be asked. */
export class Network {
  readonly policies: readonly Policy[];
  readonly #index: Index;
  readonly #byNamespace = new Map<string, Policy[]>();
  readonly #byWorkload = new Map<Workload, Policy[]>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** The same with the automatic label, as far as they were asked for: every call asks. */
  readonly #labelled = new Map<string, Readonly<Record<string, string>>>();
  readonly #known: ReadonlySet<string>;
  readonly #tables = new WeakMap<readonly Entry[], Table>();

  constructor(index: Index) {
    this.#index = index;
    this.policies = index.byKind('NetworkPolicy', 'networking.k8s.io').map(policyOf);
    for (const policy of this.policies) {
      push(this.#byNamespace, policy.namespace, policy);
      for (const workload of index.select(policy.namespace, policy.selector)) push(this.#byWorkload, workload, policy);
    }
    for (const { object } of index.byKind('Namespace', '')) {
      this.#namespaces.set(object.metadata.name, strings(object.metadata.labels));
    }
    const { provides, cluster } = index.world;
    const { dns, ingress, prometheus } = cluster?.network ?? {};
    const provided = [...provides, ...index.declared.flatMap((declared) => declared.provides ?? [])].flatMap(
      ({ objects = [] }) =>
        objects.flatMap(({ kind, namespace, name }) => (kind === 'Namespace' ? name : (namespace ?? []))),
    );
    const known = [
      ...['default', 'kube-system', 'kube-public', 'kube-node-lease', ...provided, ...this.#namespaces.keys()],
      ...[dns, ingress, prometheus].map((set) => set?.namespace),
      ...index.workloads.map(({ namespace }) => namespace),
    ];
    // Charts render `namespace: ""`.
    this.#known = new Set(known.flatMap((namespace) => text(namespace) ?? []));
  }

  /** The workloads whose pods are meant, or the labels alone where nothing rendered carries them. */
  podsOf(set: PodSet): readonly Pods[] {
    const found = this.#index.select(set.namespace, { labels: set.labels, expressions: [] });
    return found.length ? found.map(podsOf) : [set];
  }

  /** Labels of a namespace, the automatic one included; undefined where the object does not say its namespace. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined {
    if (!namespace) return undefined;
    const known = this.#labelled.get(namespace);
    if (known) return known;
    const labels = { ...this.#namespaces.get(namespace), 'kubernetes.io/metadata.name': namespace };
    this.#labelled.set(namespace, labels);
    return labels;
  }

  /** Names of the namespaces that carry these labels, among all that are known. */
  namespacesLike(selector: Selector): readonly string[] {
    return [...this.#known].filter((name) => matches(selector, this.namespaceLabels(name)!));
  }

  /** The policies that isolate these pods in one direction; pods on the host's network are out of reach of any. */
  isolating(party: Party, direction: Direction): readonly Policy[] {
    if (!isPods(party) || party.workload?.pod.hostNetwork === true) return [];
    const selecting = party.workload
      ? this.#byWorkload.get(party.workload)
      : this.#byNamespace.get(party.namespace)?.filter(({ selector }) => matches(selector, party.labels));
    return selecting?.filter((policy) => policy[direction]) ?? [];
  }

  /** The entries of `policy` that let `other` through, on the port that `receiver` is called on. */
  allowing(
    policy: Policy,
    direction: Direction,
    other: Party,
    receiver: Party,
    port: number,
    protocol: Protocol,
  ): readonly Entry[] {
    return this.#table(policy[direction]!)
      .candidates(other)
      .filter(
        (entry) =>
          this.#isPeer(entry, policy, other) &&
          (entry.ports === 'every' || entry.ports.some((ports) => opens(ports, port, protocol, receiver))),
      );
  }

  #isPeer({ peer }: Entry, policy: Policy, other: Party): boolean {
    if (peer === 'everyone' || other === 'unknown') return true;
    if ('range' in peer) return isPods(other) ? !this.#index.world.closed : covers(peer, other);
    if (!isPods(other)) return false;
    // On the host's network a pod has its node's address, which every plugin treats in its own way.
    if (other.workload?.pod.hostNetwork === true) return true;
    if (!matches(peer.pods, other.labels)) return false;
    if (!peer.namespaces) return other.namespace === policy.namespace;
    const labels = this.namespaceLabels(other.namespace);
    return !labels || matches(peer.namespaces, labels);
  }

  #table(list: readonly Entry[]): Table {
    const table = this.#tables.get(list) ?? new Table(list);
    this.#tables.set(list, table);
    return table;
  }
}

/** Entries by a label their peer must carry: a store that thousands may call is not searched for each of them. */
class Table {
  readonly #byPair = new Map<string, Entry[]>();
  readonly #rest: Entry[] = [];
  readonly #all: readonly Entry[];

  constructor(all: readonly Entry[]) {
    this.#all = all;
    const pairs = all.map(({ peer }) => (typeof peer === 'object' && 'pods' in peer ? pairsOf(peer.pods.labels) : []));
    const uses = new Map<string, number>();
    for (const pair of pairs.flat()) uses.set(pair, (uses.get(pair) ?? 0) + 1);
    for (const [number, entry] of all.entries()) {
      const rarest = pairs[number]!.toSorted((a, b) => uses.get(a)! - uses.get(b)!)[0];
      if (rarest) push(this.#byPair, rarest, entry);
      else this.#rest.push(entry);
    }
  }

  candidates(other: Party): readonly Entry[] {
    if (other === 'unknown') return this.#all;
    if (!isPods(other)) return this.#rest;
    return [...this.#rest, ...pairsOf(other.labels).flatMap((pair) => this.#byPair.get(pair) ?? [])];
  }
}
