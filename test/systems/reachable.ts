// A second opinion on who may reach whom: NetworkPolicies as the API documents them, read from the rendered objects alone.
import type { RenderedObject } from '../../imports/environment.ts';
import type { End, PodSet, Relation } from '../../imports/relations.ts';
import type { Plain } from './environment.ts';

type Labels = Readonly<Record<string, string>>;

/** Pods that somebody renders or names; `name` is for people. */
export interface Pods extends PodSet {
  readonly name: string;
}

/** The pods of every rendered workload, and those that flows name and an operator makes. */
export function podsOf(
  objects: readonly RenderedObject[],
  declared: readonly Relation[],
  builtins: readonly PodSet[],
): Pods[] {
  const rendered = objects.flatMap((object): Pods[] => {
    const { kind, metadata, spec } = object;
    const template = kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template;
    if (!template?.spec?.containers) return [];
    const { labels } = template.metadata;
    return [{ name: `${metadata.namespace}/${metadata.name}`, namespace: metadata.namespace!, labels }];
  });
  const named = declared
    .flatMap(({ flows = [] }) => flows.flatMap(({ from, to }) => [from, to]))
    .concat(builtins)
    .filter((end): end is PodSet => 'labels' in end)
    .filter((end) => !rendered.some((pods) => isOf(pods, end)))
    .map((end) => ({ ...end, name: `${end.namespace}/${Object.values(end.labels).join('+')}` }));
  const unique = new Map([...rendered, ...named].map((pods) => [pods.name, pods]));
  return [...unique.values()];
}

export const isOf = (pods: PodSet, { namespace, labels }: PodSet) =>
  pods.namespace === namespace && Object.entries(labels).every(([key, value]) => pods.labels[key] === value);

/** `from -> to:port` for everything that the declared relations say, between these pods. */
export function declaredOf(
  all: readonly Pods[],
  declared: readonly Relation[],
  endOf: (end: End) => PodSet | undefined,
) {
  const said = new Set<string>();
  for (const { from, to, port, protocol = 'TCP' } of declared.flatMap(({ flows = [] }) => flows)) {
    const [source, target] = [endOf(from), endOf(to)];
    if (!source || !target || protocol !== 'TCP') continue;
    for (const a of all.filter((pods) => isOf(pods, source))) {
      for (const b of all.filter((pods) => isOf(pods, target))) said.add(`${a.name} -> ${b.name}:${port}`);
    }
  }
  return said;
}

/** The same for everything that the policies let through, at these ports. */
export function permitted(all: readonly Pods[], objects: readonly RenderedObject[], ports: readonly number[]) {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  const byPods = new Map(all.map((pods) => [pods, policies.filter((policy) => isSelected(pods, policy))]));
  const passes = (self: Pods, other: Pods, port: number, direction: 'ingress' | 'egress') => {
    const type = direction === 'ingress' ? 'Ingress' : 'Egress';
    const isolating = byPods.get(self)!.filter(({ spec }) => spec.policyTypes.includes(type));
    if (!isolating.length) return true;
    return isolating.some(({ metadata, spec }) =>
      (spec[direction] ?? []).some(
        (rule: Plain) =>
          (!rule.ports || rule.ports.some((each: Plain) => (each.protocol ?? 'TCP') === 'TCP' && each.port === port)) &&
          peersOf(rule, direction).some((peer: Plain) => isPeer(peer, metadata.namespace!, other)),
      ),
    );
  };
  const open = new Set<string>();
  for (const a of all) {
    for (const b of all) {
      for (const port of ports) {
        if (passes(a, b, port, 'egress') && passes(b, a, port, 'ingress')) open.add(`${a.name} -> ${b.name}:${port}`);
      }
    }
  }
  return open;
}

const peersOf = (rule: Plain, direction: 'ingress' | 'egress') => rule[direction === 'ingress' ? 'from' : 'to'] ?? [{}];

const isSelected = (pods: Pods, { metadata, spec }: RenderedObject) =>
  pods.namespace === metadata.namespace && matches(spec.podSelector, pods.labels);

/** Addresses are not pods: those that our policies name leave the pods' range out. */
function isPeer({ ipBlock, namespaceSelector, podSelector }: Plain, own: string, pods: Pods): boolean {
  if (ipBlock) return false;
  const namespaces = namespaceSelector
    ? matches(namespaceSelector, { 'kubernetes.io/metadata.name': pods.namespace })
    : pods.namespace === own || podSelector === undefined;
  return namespaces && (podSelector === undefined || matches(podSelector, pods.labels));
}

function matches({ matchLabels = {}, matchExpressions }: Plain, labels: Labels): boolean {
  if (matchExpressions) throw new Error('no rendered policy selects by expressions');
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}
