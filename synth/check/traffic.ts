import { push } from '../group-by.ts';
import { type Call, callsOf } from './calls.ts';
import { oncePerIndex } from './once.ts';
import { type Direction, type Entry, opens, type Policy, type Ports } from './policies.ts';
import { meshPort } from './proxies.ts';
import { Network } from './reach.ts';
import { closesPorts } from './servers.ts';

/** A call that the policies of one side do not let through. */
export interface Blocked {
  readonly call: Call;
  /** The call's own, or that of the receiving proxy. */
  readonly port: number;
  readonly direction: Direction;
  /** Every policy that isolates that side; none of them allows the call. */
  readonly by: readonly Policy[];
}

/** Every call of a cluster held against every policy. */
export interface Traffic {
  readonly network: Network;
  readonly calls: readonly Call[];
  readonly blocked: readonly Blocked[];
  /** Entries and ports that some call passes through. */
  readonly used: ReadonlySet<Entry | Ports>;
  /** The calls of the pods that a policy isolates. */
  callsUnder(policy: Policy, direction: Direction): readonly Call[];
}

/** Worked out once for all rules. */
export const trafficOf = oncePerIndex((index): Traffic => {
  const network = new Network(index);
  const blocked: Blocked[] = [];
  const used = new Set<Entry | Ports>();
  const under = { ingress: new Map<Policy, Call[]>(), egress: new Map<Policy, Call[]>() };

  const pass = (call: Call, port: number, direction: Direction) => {
    const [self, other] = direction === 'egress' ? [call.from, call.to] : [call.to, call.from];
    const by = network.isolating(self, direction);
    let passes = !by.length;
    for (const policy of by) {
      push(under[direction], policy, call);
      for (const entry of network.allowing(policy, direction, other, call.to, port, call.protocol)) {
        passes = true;
        used.add(entry);
        if (entry.ports === 'every') continue;
        for (const ports of entry.ports) if (opens(ports, port, call.protocol, call.to)) used.add(ports);
      }
    }
    if (!passes) blocked.push({ call, port, direction, by });
  };

  const calls = network.policies.length || closesPorts(index) ? [...callsOf(index, network)] : [];
  for (const call of calls) {
    const proxy = meshPort(call, index);
    for (const port of proxy ? [call.port, proxy] : [call.port]) {
      pass(call, port, 'egress');
      pass(call, port, 'ingress');
    }
  }
  return { network, calls, blocked, used, callsUnder: (policy, direction) => under[direction].get(policy) ?? [] };
});
