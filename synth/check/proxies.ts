import type { PodSet } from '../../imports/relations.ts';
import { at, map, maps } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import { oncePerIndex } from './once.ts';
import { isPods, type Party, type Pods } from './policies.ts';

/**
 * The injector reads annotations of the pod, then of the namespace; never labels, never the Deployment's own. Of pods that only
 * the cluster makes, the namespace tells, and what is declared of them.
 */
export function isMeshed(party: Party, index: Index): boolean {
  if (!isPods(party) || party.workload?.pod.hostNetwork === true) return false;
  const namespace = index.byId(`/Namespace//${party.namespace}`);
  const inject = party.workload?.annotations[INJECT] ?? namespace?.object.metadata.annotations?.[INJECT];
  const meshed = inject === 'enabled' || inject === 'ingress';
  if (party.workload) return meshed;
  const { inside, outside, solversAreOut } = exceptionsOf(index);
  if (!meshed) return inside.some((set) => isPartOf(party, set));
  return !(solversAreOut && SOLVER in party.labels) && !outside.some((set) => isPartOf(party, set));
}

/** Pods that have a proxy or none though their namespace says otherwise. */
interface Exceptions {
  readonly inside: readonly PodSet[];
  readonly outside: readonly PodSet[];
  readonly solversAreOut: boolean;
}

const exceptionsOf = oncePerIndex((index): Exceptions => {
  const issuers = ['ClusterIssuer', 'Issuer'].flatMap((kind) => index.byKind(kind, 'cert-manager.io'));
  return {
    inside: index.declared.flatMap(({ meshed = [] }) => meshed),
    outside: index.declared.flatMap(({ unmeshed = [] }) => unmeshed),
    solversAreOut: issuers
      .flatMap(({ object }) => maps(at(object, 'spec', 'acme', 'solvers')))
      .some(
        (solver) =>
          map(at(solver, 'http01', 'ingress', 'podTemplate', 'metadata', 'annotations'))[INJECT] === 'disabled',
      ),
  };
});

const isPartOf = (pods: PodSet, { namespace, labels }: PodSet) =>
  pods.namespace === namespace && Object.entries(labels).every(([key, value]) => pods.labels[key] === value);

/** Pods that cert-manager makes to prove a domain. */
const SOLVER = 'acme.cert-manager.io/http01-solver';

const INJECT = 'linkerd.io/inject';

/** The port on which a call reaches the receiving pod's proxy, where both ends have one. */
export function meshPort(
  { from, to, port, protocol }: { from: Party; to: Party; port: number; protocol: string },
  index: Index,
): number | undefined {
  if (protocol !== 'TCP' || !isMeshed(from, index) || !isMeshed(to, index)) return undefined;
  const skipped = (party: Pods, side: 'inbound' | 'outbound') =>
    (party.workload?.annotations[`config.linkerd.io/skip-${side}-ports`] ?? '').split(',').some((part) => {
      const [low = Number.NaN, high = low] = part.split('-').map(Number);
      return low <= port && port <= high;
    });
  return skipped(from as Pods, 'outbound') || skipped(to as Pods, 'inbound') ? undefined : 4143;
}
