import { covers } from '../check/addresses.ts';
import { type Direction, type Ports, podsOf, type Entry as Rule, sayPeer } from '../check/policies.ts';
import { Network } from '../check/reach.ts';
import { groupBy } from '../group-by.ts';
import { idOf } from '../manifest.ts';
import { isEmpty } from '../resolve/selectors.ts';
import type { Workload } from '../resolve/workloads.ts';
import { same } from './equal.ts';
import type { Caution, Reach } from './page.ts';
import { plural, type Sides } from './sides.ts';

/** What may be reached, per workload and direction, that could not before, or no longer. */
export function networkReach(sides: Sides): Reach[] {
  const { base, head, changes, entry } = sides;
  const touches = /^(?:NetworkPolicy|Namespace)$/;
  const isTouched = changes.some((change) => {
    const { kind } = change.kind === 'removed' ? change.before : change.after;
    return touches.test(kind) || change.kind === 'changed';
  });
  if (!isTouched || !(base.byKind('NetworkPolicy').length + head.byKind('NetworkPolicy').length)) return [];
  const [before, after] = [new Network(base), new Network(head)];
  const reaches = head.workloads.flatMap((workload): Reach[] => {
    const was = base.byId(idOf(workload.manifest.object));
    const old = was && base.workloadOf(was);
    if (!old) return [];
    return (['ingress', 'egress'] as const).flatMap((direction) => {
      const [then, now] = [open(before, old, direction), open(after, workload, direction)];
      if (same(then.map(sayRule), now.map(sayRule))) return [];
      const came = now.filter((rule) => !then.some((other) => includes(other, rule)));
      const went = then.filter((rule) => !now.some((other) => includes(other, rule)));
      const verb = direction === 'ingress' ? 'can be called by' : 'can call';
      const narrowed = now.length ? `${verb} ${list(went)} no longer` : `${verb} nobody any more`;
      return [...said('widened', `${verb} ${list(came)}`, came), ...said('narrowed', narrowed, went)];
    });
    function said(way: Reach['direction'], message: string, rules: readonly Rule[]): Reach[] {
      return rules.length ? [{ ...entry(workload.manifest.object), direction: way, by: 'network', message }] : [];
    }
  });
  return folded(reaches);
}

/** The same message over many workloads is said once. */
const folded = (reaches: readonly Reach[]): Reach[] =>
  [...groupBy(reaches, ({ direction, message }) => `${direction} ${message}`).values()].map((group) =>
    group.length > 3
      ? { ...group[0]!, object: `${group[0]!.object} and ${plural(group.length - 1, 'other workload')}` }
      : { ...group[0]!, object: group.map(({ object }) => object).join(', ') },
  );

const EVERYONE: Rule = { field: '', peer: 'everyone', ports: 'every' };

/** What passes: everything where no policy isolates the pods, else what any of them allows. */
function open(network: Network, workload: Workload, direction: Direction): readonly Rule[] {
  const isolating = network.isolating(podsOf(workload), direction);
  return isolating.length
    ? isolating.flatMap((policy) => (policy[direction] ?? []).map((rule) => withNamespace(rule, policy.namespace)))
    : [EVERYONE];
}

/** A peer without a namespace selector means the policy's own. */
const withNamespace = (rule: Rule, namespace: string): Rule => {
  const { peer } = rule;
  if (typeof peer === 'string' || 'range' in peer || peer.namespaces) return rule;
  return {
    ...rule,
    peer: { ...peer, namespaces: { labels: { 'kubernetes.io/metadata.name': namespace }, expressions: [] } },
  };
};

/** Whether `outer` lets through all that `inner` does, as far as selectors tell. */
function includes(outer: Rule, inner: Rule): boolean {
  return peerIncludes(outer.peer, inner.peer) && portsInclude(outer.ports, inner.ports);
}

function peerIncludes(outer: Rule['peer'], inner: Rule['peer']): boolean {
  if (outer === 'everyone') return true;
  if (inner === 'everyone') return false;
  if ('range' in outer || 'range' in inner) return 'range' in outer && 'range' in inner && covers(outer, inner);
  const namespaces = !outer.namespaces || isEmpty(outer.namespaces) || same(outer.namespaces, inner.namespaces);
  return namespaces && (isEmpty(outer.pods) || same(outer.pods, inner.pods));
}

function portsInclude(outer: Rule['ports'], inner: Rule['ports']): boolean {
  if (outer === 'every') return true;
  if (inner === 'every') return false;
  return inner.every((port) => outer.some((range) => spans(range, port)));
}

const spans = (outer: Ports, inner: Ports) =>
  outer.protocol === inner.protocol &&
  (same(outer, inner) ||
    (typeof outer.from === 'number' &&
      typeof inner.from === 'number' &&
      outer.from <= inner.from &&
      Number(inner.to) <= Number(outer.to)));

const sayRule = ({ peer, ports }: Rule) => `${sayPeer(peer)}${sayPorts(ports)}`;

const sayPorts = (ports: Rule['ports']) =>
  ports === 'every'
    ? ''
    : ` on ${ports.map(({ protocol, from, to }) => `${protocol === 'TCP' ? '' : `${protocol} `}${from}${to === from ? '' : `-${to}`}`).join(', ')}`;

const list = (rules: readonly Rule[]) => [...new Set(rules.map(sayRule))].join('; ');

/** A door wide open is a caution, and so is one that shuts for all; one caller more or less is for the reader to judge. */
export function* networkCautions(reaches: readonly Reach[]): Iterable<Caution> {
  for (const { object, source, direction, by, message } of reaches) {
    if (by !== 'network') continue;
    if (direction === 'widened' && / (?:everyone|0\.0\.0\.0\/0|::\/0|every pod of every namespace)/.test(message)) {
      yield { object, source, rule: 'network-opened', level: 'risky', message };
    }
    if (message.endsWith(' nobody any more')) {
      yield {
        object,
        source,
        rule: 'network-closed',
        level: 'risky',
        message: `${message}: no policy lets anything through`,
      };
    }
  }
}
