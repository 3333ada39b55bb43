import { callsOf } from './check/calls.ts';
import { sayParty } from './check/policies.ts';
import { trafficOf } from './check/traffic.ts';
import { groupBy } from './group-by.ts';
import { compare } from './layout.ts';
import { type KubeObject, type Manifest, nameOf, type Origin } from './manifest.ts';
import { at, maps, strings } from './resolve/json.ts';
import { type Selector, selectorOf } from './resolve/selectors.ts';
import { type Index, isManifest, type Provided, type Reference } from './resolve.ts';
import type { Synthesis } from './synthesize.ts';

/** One object named by another, and where. */
export interface Tie {
  /** `Secret lab/postgresql-ledger`. */
  readonly object: string;
  /** Fields that name it: `spec.selector`. */
  readonly fields: readonly string[];
  /** Keys of a Secret or ConfigMap, ports of a Service. */
  readonly parts: readonly (string | number)[];
  /** Whoever names it works without it. */
  readonly optional: boolean;
  /** Who makes it, where that is not the object itself: `SealedSecret`, `the cluster`, a construct's path. */
  readonly by?: string;
}

/** A connection of its pods: declared, or made by the cluster. */
export interface Connection {
  readonly peer: string;
  readonly ports: readonly string[];
}

/** Where an object comes from, what it needs, who uses it, and what stops to work without it. */
export interface Explanation {
  readonly object: string;
  readonly source?: Origin;
  readonly construct?: string;
  /** Relative to the repository; absent for what somebody else makes, like a sealed Secret. */
  readonly file?: string;
  readonly kustomization?: { readonly name: string; readonly after: readonly string[] };
  readonly needs: readonly Tie[];
  readonly neededBy: readonly Tie[];
  readonly calls: readonly Connection[];
  readonly calledBy: readonly Connection[];
  /** Directly or by way of others. */
  readonly breaks: readonly string[];
}

/** One object naming another: `Deployment lab/ledger` and `Secret lab/postgresql-ledger`. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly field: string;
  readonly part?: string | number;
  /** It goes on without, or is there only to serve it. */
  readonly optional: boolean;
  readonly by?: string;
}

/** Answers for the objects of one environment; what all answers share is worked out once. */
export function explainer(environment: string, { index, plan }: Pick<Synthesis, 'index' | 'plan'>) {
  const edges = [...index.references.flatMap(edgeOf), ...selections(index), ...addresses(index)];
  const outOf = groupBy(edges, ({ from }) => from);
  const into = groupBy(edges, ({ to }) => to);
  const calls = [...callsOf(index, trafficOf(index).network)].map(({ from, to, port, protocol }) => ({
    from: sayParty(from),
    to: sayParty(to),
    port: `${protocol} ${port}`,
  }));
  const files = new Map<string, string>();
  for (const [path, { manifests = [] }] of plan.files) {
    for (const { object } of manifests) files.set(nameOf(object), path);
  }
  const kustomizations = new Map(plan.kustomizations.map((object) => [object.metadata.name, object]));

  return (subject: Manifest | Provided): Explanation => {
    const { object, source, construct } = describe(subject);
    const file = files.get(object);
    const kustomization = kustomizations.get(file?.split('/')[0] ?? '');
    return {
      object,
      source,
      construct,
      ...(file && { file: `clusters/${environment}/${file}` }),
      ...(kustomization && { kustomization: { name: kustomization.metadata.name, after: before(kustomization) } }),
      // Every object needs its namespace: saying so would drown the rest.
      needs: ties(outOf.get(object)?.filter(({ field }) => field !== 'metadata.namespace') ?? [], ({ to }) => to),
      neededBy: ties(into.get(object) ?? [], ({ from }) => from).map(({ by: _, ...rest }) => rest),
      calls: connections(calls, 'from', 'to', object),
      calledBy: connections(calls, 'to', 'from', object),
      breaks: breaks(object, into, calls),
    };
  };
}

const describe = (subject: Manifest | Provided) =>
  isManifest(subject)
    ? { object: nameOf(subject.object), source: subject.source, construct: subject.path }
    : { object: named(subject), source: subject.by?.source, construct: subject.by?.path };

const named = ({ kind, namespace, name }: Pick<Provided, 'kind' | 'namespace' | 'name'>) =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`;

function edgeOf({ from, field, kind, namespace, name, key, port, optional, target }: Reference): Edge[] {
  const to = named({ kind, namespace, name });
  const source = nameOf(from.object);
  if (to === source) return [];
  const attached = ATTACHED.has(from.object.kind);
  return [{ from: source, to, field, part: key ?? port, optional: optional || attached, by: makerOf(kind, target) }];
}

/** Who makes it, where that is not an object of its own kind. */
function makerOf(kind: string, target: Reference['target']): string | undefined {
  if (!target) return 'nobody';
  if (!isManifest(target)) return target.by?.path ?? 'the cluster';
  return target.object.kind === kind ? undefined : nameOf(target.object);
}

/** They serve what they name, and nothing stops with them. */
const ATTACHED = new Set([
  'HorizontalPodAutoscaler',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'PodMonitor',
  'ServiceMonitor',
]);

/** Kinds that name pods, or Services, by labels. */
function selections(index: Index): Edge[] {
  const edges = (from: Manifest, field: string, selected: readonly Manifest[]) =>
    selected.map((to) => ({
      from: nameOf(from.object),
      to: nameOf(to.object),
      field: `spec.${field}`,
      optional: ATTACHED.has(from.object.kind),
    }));
  const pods = (from: Manifest, selector: Selector) =>
    index.select(from.object.metadata.namespace, selector).map(({ manifest }) => manifest);
  return [
    ...index.byKind('Service', '').flatMap((from) => {
      const labels = strings(at(from.object, 'spec', 'selector'));
      // Without a selector its endpoints are somebody else's.
      return Object.keys(labels).length ? edges(from, 'selector', pods(from, { labels, expressions: [] })) : [];
    }),
    ...index.byKind('ServiceMonitor').flatMap((from) => {
      const selector = selectorOf(at(from.object, 'spec', 'selector'));
      return edges(from, 'selector', index.selectServices(from.object.metadata.namespace, selector));
    }),
    ...['PodDisruptionBudget', 'PodMonitor', 'NetworkPolicy'].flatMap((kind) =>
      index.byKind(kind).flatMap((from) => {
        const field = kind === 'NetworkPolicy' ? 'podSelector' : 'selector';
        return edges(from, field, pods(from, selectorOf(at(from.object, 'spec', field))));
      }),
    ),
  ];
}

/** Services that are called by name: `ledger.lab.svc`, in a variable or a file. */
function addresses(index: Index): Edge[] {
  return index.manifests.flatMap(({ object }) => {
    const from = nameOf(object);
    const hosts = JSON.stringify(object).matchAll(/([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b/g);
    return unique([...hosts].map(([, name, namespace]) => `Service ${namespace}/${name}`)).flatMap((to) =>
      to !== from && index.byId(`/${to.replace(' ', '/')}`) ? [{ from, to, field: 'by name', optional: false }] : [],
    );
  });
}

/** One line per object, whatever the number of fields that name it. */
const ties = (edges: readonly Edge[], end: (edge: Edge) => string): Tie[] =>
  [...groupBy(edges, end)]
    .map(([object, same]) => ({
      object,
      fields: unique(same.map(({ field }) => field)),
      parts: unique(same.flatMap(({ part }) => part ?? [])),
      optional: same.every(({ optional }) => optional),
      by: same[0]!.by,
    }))
    .sort(byName(({ object }) => object));

interface Call {
  readonly from: string;
  readonly to: string;
  readonly port: string;
}

const connections = (calls: readonly Call[], own: 'from' | 'to', other: 'from' | 'to', object: string): Connection[] =>
  [
    ...groupBy(
      calls.filter((call) => call[own] === object),
      (call) => call[other],
    ),
  ]
    .map(([peer, same]) => ({ peer, ports: unique(same.map(({ port }) => port)).sort() }))
    .sort(byName(({ peer }) => peer));

/** What cannot do without it, and what cannot do without that. */
function breaks(object: string, into: ReadonlyMap<string, readonly Edge[]>, calls: readonly Call[]): string[] {
  const callers = groupBy(calls, ({ to }) => to);
  const broken = new Set([object]);
  for (const lost of broken) {
    for (const { from, optional } of into.get(lost) ?? []) if (!optional) broken.add(from);
    for (const { from } of callers.get(lost) ?? []) broken.add(from);
  }
  broken.delete(object);
  return [...broken].sort();
}

const before = (kustomization: KubeObject) =>
  maps(at(kustomization, 'spec', 'dependsOn')).map(({ name }) => String(name));

const byName =
  <T>(name: (item: T) => string) =>
  (a: T, b: T) =>
    compare(name(a), name(b));

const unique = <T>(items: readonly T[]) => [...new Set(items)];
