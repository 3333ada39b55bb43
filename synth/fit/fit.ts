import type { Node, NodePool } from '../../imports/environment.ts';
import type { Index } from '../resolve.ts';
import { fullness, type Homeless, machinesOf, type Placement, place, type Seat, seatOf } from './place.ts';
import { type Resident, residentsOf } from './residents.ts';

/** One situation that the cluster may get into, and how its pods come through it. */
export interface Scenario {
  readonly name: string;
  readonly seats: readonly Seat[];
  /** Pods that wait for a node. */
  readonly homeless: readonly Homeless[];
  /** Members whose disk went with the node: they come back with it. */
  readonly away: readonly { readonly resident: Resident; readonly lost: number; readonly left: number }[];
  /** What a person should know of it beside that. */
  readonly notes: readonly string[];
}

export interface Fit {
  readonly residents: readonly Resident[];
  readonly scenarios: readonly Scenario[];
}

/** Label that K3s and kubeadm give the nodes with the API server. */
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

/**
 * Places all pods at rest, with each node gone, while everything is rolled out, and with every autoscaler at its most.
 * Jobs take room only while they run: they are placed last, one beside the other.
 */
export function fitOf(index: Index, nodes: readonly (Node | NodePool)[]): Fit {
  const residents = residentsOf(index);
  const lasting = residents.filter(({ passing }) => !passing);
  const machines = machinesOf(nodes);
  const rest = place(machines.map(seatOf), lasting, least);
  // What runs stays where it is; more comes to it.
  const beside = (more: (resident: Resident) => number) => {
    const { seats, homeless } = place(rest.seats.map(copyOf), lasting.filter(isCounted), more);
    return { seats, homeless: [...rest.homeless, ...homeless] };
  };
  const rolledOut = beside(({ surge }) => surge);
  const scaledOut = beside((resident) => most(resident) - least(resident));
  return {
    residents,
    scenarios: [
      { name: 'at rest', ...rest, away: [], notes: waitingJobs(rest.seats, residents) },
      ...losable(nodes, rest.seats).map((name) => withoutNode(rest, name, lasting)),
      // New pods come up before the old ones go.
      { name: 'everything rolled out at once', ...rolledOut, away: [], notes: [] },
      { name: 'every autoscaler at its most', ...scaledOut, away: [], notes: [] },
    ],
  };
}

/** Of more machines of one pool than this, only one is tried to be lost. */
const MANY = 20;

/** Each machine; of a large pool the fullest, whose loss is the hardest: what fits without it, fits without its likes. */
function losable(nodes: readonly (Node | NodePool)[], seats: readonly Seat[]): string[] {
  const byName = new Map(seats.map((seat) => [seat.node, seat]));
  const taken = (name: string) => fullness(byName.get(name)!, { cpu: 0, memory: 0 });
  return nodes.flatMap((node) => {
    const names = machinesOf([node]).map(({ name }) => name);
    if (names.length <= MANY) return names;
    return [names.reduce((a, b) => (taken(b) > taken(a) ? b : a))];
  });
}

const least = ({ pods }: Resident) => (pods === 'every-node' ? 0 : pods.least);
const most = ({ pods }: Resident) => (pods === 'every-node' ? 0 : pods.most);

const isCounted = ({ pods }: Resident) => pods !== 'every-node';

/** Jobs that find no room even alone beside what always runs. */
const waitingJobs = (seats: readonly Seat[], residents: readonly Resident[]): string[] =>
  residents
    .filter(({ passing }) => passing)
    .flatMap((job) => place(seats.map(copyOf), [job], least).homeless)
    .map(({ resident, why }) => `${resident.name} finds no room: ${why}`);

/** What sat there looks for another node; what has its volume there waits for it. */
function withoutNode(rest: Placement, node: string, residents: readonly Resident[]): Scenario {
  const lost = rest.seats.find((seat) => seat.node === node)!;
  const seats = rest.seats.filter((seat) => seat !== lost).map(copyOf);
  const moving = new Map<Resident, number>();
  const away: Scenario['away'][number][] = [];
  for (const [resident, pods] of lost.residents) {
    if (resident.pods === 'every-node') continue;
    if (resident.disk) away.push({ resident, lost: pods, left: least(resident) - pods });
    else moving.set(resident, pods);
  }
  const homeless = rest.homeless.filter(({ resident }) => !moving.has(resident));
  const moved = place(
    seats,
    residents.filter((resident) => moving.has(resident)),
    (resident) => moving.get(resident)!,
  );
  const notes =
    CONTROL_PLANE in lost.machine.labels ? ['the API server is gone with it: nothing is placed until it is back'] : [];
  return { name: `without ${node}`, seats, homeless: [...homeless, ...moved.homeless], away, notes };
}

const copyOf = (seat: Seat): Seat => ({ ...seat, used: { ...seat.used }, residents: new Map(seat.residents) });

/** Whether what is left does its work: more than half of members that vote, any one of others. */
export const goesOn = ({ resident, left, lost }: Scenario['away'][number]) => (resident.votes ? left > lost : left > 0);
