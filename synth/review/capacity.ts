import { gibibytes, quantity } from '../../imports/quantity.ts';
import { fitRules, knownFit } from '../check/fit.ts';
import { placementRules } from '../check/placement.ts';
import { platformRules } from '../check/platforms.ts';
import { type Amount, type Resident, residentsOf } from '../fit/residents.ts';
import { idOf } from '../manifest.ts';
import type { Index } from '../resolve.ts';
import { same } from './equal.ts';
import type { Caution } from './page.ts';
import type { Sides } from './sides.ts';

export interface Load {
  readonly requests: Amount;
  readonly limits: Amount;
}

/** What pods ask for at rest (autoscalers at their minimum, no Jobs), and where it goes. */
export interface Capacity {
  readonly before: Load;
  readonly after: Load;
  /** As `npm run fit` places them; empty where the nodes are not known. */
  readonly nodes: readonly {
    readonly node: string;
    readonly capacity: Amount;
    readonly before: Load;
    readonly after: Load;
  }[];
  /** Whether every pod finds a node; undefined where the nodes are not known. */
  readonly fits?: boolean;
}

/** Undefined where the change moves nothing. */
export function capacityOf({ base, head }: Pick<Sides, 'base' | 'head'>): Capacity | undefined {
  const [before, after] = [totalOf(base), totalOf(head)];
  if (same(before, after)) return undefined;
  const [old, now] = [base, head].map((index) => knownFit(index)?.scenarios[0]);
  const was = new Map(old?.seats.map(({ node, residents }) => [node, loadOf(residents)]));
  return {
    before,
    after,
    nodes: (now?.seats ?? []).map(({ node, capacity: { cpu, memory }, residents }) => ({
      node,
      capacity: { cpu, memory },
      before: was.get(node) ?? NOTHING,
      after: loadOf(residents),
    })),
    ...(now ? { fits: now.homeless.length === 0 } : {}),
  };
}

const NOTHING: Load = { requests: { cpu: 0, memory: 0 }, limits: { cpu: 0, memory: 0 } };

const totalOf = (index: Index) =>
  loadOf(
    residentsOf(index).flatMap((resident) => {
      const { pods, passing } = resident;
      return passing ? [] : [[resident, pods === 'every-node' ? 1 : pods.least] as const];
    }),
  );

/** Cores by the thousandth, as 0.1 + 0.2 is not 0.3. */
function loadOf(residents: Iterable<readonly [Resident, number]>): Load {
  const sums = { requests: { cpu: 0, memory: 0 }, limits: { cpu: 0, memory: 0 } };
  for (const [{ requests, template }, pods] of residents) {
    const running = template.containers.filter(({ role }) => role !== 'init');
    for (const resource of ['cpu', 'memory'] as const) {
      sums.requests[resource] += pods * requests[resource];
      for (const { limits } of running) sums.limits[resource] += pods * (quantity(limits[resource]) ?? 0);
    }
  }
  for (const load of [sums.requests, sums.limits]) load.cpu = Math.round(load.cpu * 1000) / 1000;
  return sums;
}

/** A maximum that cannot be reached is a wish. */
const RULES = [...placementRules, ...platformRules, ...fitRules].filter(({ name }) => name !== 'no-room-to-scale');

/** What fitted before and does not any more: at rest, with a node gone, or while it is rolled out. */
export function* capacityCautions({ base, head, entry }: Sides): Iterable<Caution> {
  if (!knownFit(head)) return;
  for (const rule of RULES) {
    const problems = (index: Index) => [...rule.check({ index, closed: false, committed: () => undefined })];
    const known = new Set(problems(base).map(({ manifest }) => idOf(manifest.object)));
    for (const { manifest, message, fix } of problems(head)) {
      if (known.has(idOf(manifest.object))) continue;
      yield { ...entry(manifest.object), rule: rule.name, level: 'risky', message, steps: [fix] };
    }
  }
}

/** `2.5 CPU, 4.0Gi`; what is nothing is left out. */
export const sayAmount = ({ cpu, memory }: Amount) =>
  [...(cpu ? [`${Math.round(cpu * 100) / 100} CPU`] : []), ...(memory ? [gibibytes(memory)] : [])].join(', ') ||
  'nothing';
