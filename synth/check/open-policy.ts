import type { Workload } from '../resolve/workloads.ts';
import type { Index } from '../resolve.ts';
import { type Block, blockOf, contains, covers, rangeOf } from './addresses.ts';
import { type Direction, type Entry, isPods, type Policy, sayPeer } from './policies.ts';
import type { Problem, Rule } from './rule.ts';
import { trafficOf } from './traffic.ts';

/** What a policy lets through and no call needs. */
export const openPolicy: Rule = {
  name: 'open-policy',
  doc: 'A NetworkPolicy lets more through than the calls that are declared: a hole nobody asked for.',
  severity: 'warning',
  *check({ index, closed }) {
    // Where nothing is declared, nothing can be too much.
    if (!closed) return;
    for (const policy of trafficOf(index).network.policies) {
      yield* excess(policy, 'ingress', index);
      yield* excess(policy, 'egress', index);
    }
  },
  breaks: `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web, image: web }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, ingress: [{ from: [{ namespaceSelector: {} }] }] }
`,
  passes: `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web, image: web }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, ingress: [] }
`,
};

function* excess(policy: Policy, direction: Direction, index: Index): Iterable<Problem> {
  const { used, callsUnder } = trafficOf(index);
  const others = callsUnder(policy, direction).map((call) => (direction === 'egress' ? call.to : call.from));
  // Without the environment's facts nobody knows who the built-in ends are.
  if (others.includes('unknown')) return;
  const known = {
    blocks: [...new Set(others.filter((party): party is Block => !isPods(party)))],
    workloads: new Set(others.flatMap((party) => (isPods(party) ? (party.workload ?? []) : []))),
  };
  const way = direction === 'egress' ? 'out to' : 'in from';
  for (const entry of policy[direction] ?? []) {
    const { manifest } = policy;
    const reason = used.has(entry) ? wider(entry, policy, known, index) : 'no declared call needs that';
    const fix = `declare the call (uses, calls), or narrow ${entry.field}`;
    if (reason) {
      yield {
        manifest,
        field: entry.field,
        message: `traffic ${way} ${sayPeer(entry.peer)} is let through: ${reason}`,
        fix,
      };
      continue;
    }
    const idle = entry.ports === 'every' ? [] : entry.ports.filter((ports) => !used.has(ports));
    const open =
      entry.ports === 'every' ? 'every port' : idle.map(({ protocol, from }) => `${protocol} ${from}`).join(', ');
    if (open) {
      const message = `traffic ${way} ${sayPeer(entry.peer)} is let through on ${open}: no declared call needs that`;
      yield { manifest, field: entry.field, message, fix };
    }
  }
}

const EVERYWHERE = [blockOf('0.0.0.0/0')!, blockOf('::/0')!];

/** Why an entry that is needed lets too many in or out; undefined where it does not. */
function wider(
  { peer }: Entry,
  policy: Policy,
  known: { readonly blocks: readonly Block[]; readonly workloads: ReadonlySet<Workload> },
  index: Index,
): string | undefined {
  if (peer === 'everyone') {
    const declared = EVERYWHERE.some((all) => known.blocks.some((block) => covers(block, all)));
    return declared ? undefined : 'the declared calls are narrower';
  }
  if ('range' in peer) {
    if (!known.blocks.some((block) => covers(block, peer))) return 'the declared calls are narrower';
    const { pods, services } = index.world.cluster?.network ?? {};
    const inside = [pods, services].filter((cidr) => {
      const range = cidr && rangeOf(cidr);
      return range && contains(peer.range, range) && !peer.except.some((gap) => contains(gap, range));
    });
    return inside.length
      ? `that covers the cluster itself (${inside.join(', ')}), which belongs under except`
      : undefined;
  }
  const namespaces = peer.namespaces ? trafficOf(index).network.namespacesLike(peer.namespaces) : [policy.namespace];
  const strangers: string[] = [];
  for (const namespace of namespaces) {
    for (const workload of index.select(namespace, peer.pods)) {
      if (known.workloads.has(workload)) continue;
      strangers.push(workload.manifest.object.metadata.name);
      if (strangers.length === 3) return `${strangers.join(', ')} and others have no declared call`;
    }
  }
  return strangers.length
    ? `${strangers.join(', ')} ${strangers.length > 1 ? 'have' : 'has'} no declared call`
    : undefined;
}
