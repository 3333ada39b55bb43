import { type Entry, type Policy, sayPeer, saySelector } from '../check/policies.ts';
import { trafficOf } from '../check/traffic.ts';
import { compare } from '../layout.ts';
import { nameOf } from '../manifest.ts';
import type { Index } from '../resolve.ts';

/** One NetworkPolicy in words. */
export interface PolicyRow {
  readonly object: string;
  readonly namespace: string;
  /** `pods app=api`. */
  readonly pods: string;
  /** Absent where the policy does not restrict that direction; empty where nothing may pass. */
  readonly in?: readonly string[];
  readonly out?: readonly string[];
}

export const policyRows = (index: Index): PolicyRow[] =>
  trafficOf(index)
    .network.policies.map((policy: Policy) => ({
      object: nameOf(policy.manifest.object),
      namespace: policy.namespace,
      pods: saySelector(policy.selector, 'pod'),
      in: policy.ingress?.map(sayEntry),
      out: policy.egress?.map(sayEntry),
    }))
    .sort((a, b) => compare(a.object, b.object));

function sayEntry({ peer, ports }: Entry): string {
  const where =
    ports === 'every'
      ? 'every port'
      : ports.map(({ protocol, from, to }) => `${protocol} ${from === to ? from : `${from}-${to}`}`).join(', ');
  return `${sayPeer(peer)} on ${where}`;
}
