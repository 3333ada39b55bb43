import type { Node, NodePool } from '../../imports/environment.ts';
import { quantity } from '../../imports/quantity.ts';
import { type Filter, filtersOf, type Machine, machineOf } from '../check/placement.ts';
import { few } from '../check/wording.ts';
import type { Amount, Resident } from './residents.ts';

/** One node and who sits on it. */
export interface Seat {
  readonly node: string;
  readonly machine: Machine;
  readonly capacity: Amount & { readonly disk: number; readonly pods: number };
  readonly used: { cpu: number; memory: number; disk: number; pods: number };
  readonly residents: Map<Resident, number>;
}

/** Pods that found no node, and why none of the nodes took them. */
export interface Homeless {
  readonly resident: Resident;
  readonly pods: number;
  readonly why: string;
}

export interface Placement {
  readonly seats: readonly Seat[];
  readonly homeless: readonly Homeless[];
}

/** Pods that the kubelet takes: https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
const MOST_PODS = 110;

/** From here on the kubelet throws images away, and soon pods: https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
const FULL = 0.85;

/** The machines, each of a pool by itself. */
export const machinesOf = (nodes: readonly (Node | NodePool)[]): Machine[] =>
  nodes.flatMap((node) =>
    'count' in node
      ? Array.from({ length: node.count }, (_, i) => machineOf({ ...node, name: `${node.name}-${i + 1}` }))
      : [machineOf(node)],
  );

/** An empty node. */
export const seatOf = (machine: Machine): Seat => ({
  node: machine.name,
  machine,
  capacity: {
    cpu: quantity(machine.cpu) ?? Number.POSITIVE_INFINITY,
    memory: quantity(machine.memory) ?? Number.POSITIVE_INFINITY,
    disk: (quantity(machine.disk) ?? Number.POSITIVE_INFINITY) * FULL,
    pods: MOST_PODS,
  },
  used: { cpu: 0, memory: 0, disk: 0, pods: 0 },
  residents: new Map(),
});

/**
 * Gives every pod a node as the scheduler would: one after the other, to the node that has most left of those that may
 * take it. `count` says how many pods of each there are. What is there already stays where it is.
 */
export function place(
  seats: readonly Seat[],
  residents: readonly Resident[],
  count: (resident: Resident) => number,
): Placement {
  const homeless: Homeless[] = [];
  const openTo = (resident: Resident) => seats.filter(({ machine }) => mayTake(machine, resident));
  for (const resident of residents.filter(({ pods }) => pods === 'every-node')) {
    const open = openTo(resident);
    const without = open.filter((seat) => shortage(seat, resident));
    for (const seat of open) if (!without.includes(seat)) sit(seat, resident);
    if (without.length) homeless.push({ resident, pods: without.length, why: whyNot(without, resident) });
  }
  for (const resident of residents.filter(({ pods }) => pods !== 'every-node')) {
    const wanted = count(resident);
    const open = wanted ? openTo(resident) : [];
    const compared = wanted ? comparedFor(resident, seats) : [];
    for (let i = 0; i < wanted; i++) {
      const best = bestOf(open, resident, compared);
      if (best) sit(best, resident);
      else {
        const why = open.length ? whyNot(open, resident) : 'no node may take it';
        homeless.push({ resident, pods: wanted - i, why });
        break;
      }
    }
  }
  return { seats, homeless };
}

const filters = new WeakMap<Resident, readonly Filter[]>();

/** Asked of every machine in every situation, so what a pod asks for is read once. */
function filtersFor(resident: Resident): readonly Filter[] {
  const known = filters.get(resident) ?? filtersOf(resident.template);
  filters.set(resident, known);
  return known;
}

const mayTake = (machine: Machine, resident: Resident) => filtersFor(resident).every(({ passes }) => passes(machine));

/** The nodes over which pods are spread, those among them that take none of them included; none where no spread is required. */
function comparedFor(resident: Resident, seats: readonly Seat[]): readonly Seat[] {
  const { spread } = resident;
  if (!spread) return [];
  const asked = filtersFor(resident).filter(({ field }) => spread.fields.includes(field));
  return seats.filter(({ machine }) => asked.every(({ passes }) => passes(machine)));
}

function sit({ used, residents }: Seat, resident: Resident) {
  used.cpu += resident.requests.cpu;
  used.memory += resident.requests.memory;
  used.disk += resident.disk;
  used.pods += 1;
  residents.set(resident, (residents.get(resident) ?? 0) + 1);
}

/** Fewest of its own first, as spreading weighs most, then most room. */
function bestOf(open: readonly Seat[], resident: Resident, compared: readonly Seat[]): Seat | undefined {
  let best: Seat | undefined;
  let least = Number.POSITIVE_INFINITY;
  const { spread } = resident;
  const fewest = spread ? Math.min(...compared.map((seat) => seat.residents.get(resident) ?? 0)) : 0;
  for (const seat of open) {
    const own = seat.residents.get(resident) ?? 0;
    if (resident.alone && own) continue;
    if (spread && own + 1 - fewest > spread.skew) continue;
    if (shortage(seat, resident)) continue;
    const score = own + fullness(seat, resident.requests);
    if (score >= least) continue;
    [best, least] = [seat, score];
  }
  return best;
}

/** Part of the node that is taken once this comes to it, 0 to 1: the mean of CPU and memory. */
export const fullness = ({ used, capacity }: Seat, more: Amount) =>
  ((used.cpu + more.cpu) / capacity.cpu + (used.memory + more.memory) / capacity.memory) / 2;

/** Sums of quantities like 0.1 and 0.2 are a hair above 0.3. */
const HAIR = 1e-9;

function shortage({ used, capacity }: Seat, { requests, disk }: Resident): string | undefined {
  if (used.cpu + requests.cpu > capacity.cpu + HAIR) return 'CPU';
  if (used.memory + requests.memory > capacity.memory) return 'memory';
  if (disk && used.disk + disk > capacity.disk) return 'disk';
  return used.pods + 1 > capacity.pods ? `place for a pod after ${MOST_PODS}` : undefined;
}

/** `pi-1, pi-2: no CPU left; box-1: has one of them already`. */
function whyNot(seats: readonly Seat[], resident: Resident): string {
  const reasons = new Map<string, string[]>();
  for (const seat of seats) {
    const short = shortage(seat, resident);
    const apart = resident.alone && seat.residents.has(resident);
    const reason = apart ? 'has one of them already' : short ? `no ${short} left` : 'would have too many of them';
    reasons.set(reason, [...(reasons.get(reason) ?? []), seat.node]);
  }
  return [...reasons].map(([reason, nodes]) => `${few(nodes)}: ${reason}`).join('; ');
}
