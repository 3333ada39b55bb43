import type { Node, NodePool } from '../../imports/environment.ts';
import { quantity } from '../../imports/quantity.ts';
import { machineOf, refusalOf, requestsOf } from '../check/placement.ts';
import { nameOf } from '../manifest.ts';
import { at, map, maps, number, strings } from '../resolve/json.ts';
import type { Workload } from '../resolve/workloads.ts';
import type { Index } from '../resolve.ts';
import { same } from './equal.ts';
import type { Caution } from './page.ts';
import type { Sides } from './sides.ts';

/** Cores and bytes. */
export interface Amount {
  readonly cpu: number;
  readonly memory: number;
}

export interface Load {
  readonly requests: Amount;
  readonly limits: Amount;
}

/** What pods ask for at rest (autoscalers at their minimum, no Jobs), and where it goes. */
export interface Capacity {
  readonly before: Load;
  readonly after: Load;
  /** One possible placement; empty where the nodes are not known. */
  readonly nodes: readonly {
    readonly node: string;
    readonly capacity: Amount;
    readonly before: Load;
    readonly after: Load;
  }[];
  /** Pods that find no room, after the change. */
  readonly unplaced: readonly string[];
}

type Machine = ReturnType<typeof machineOf>;

/** Undefined where the change moves nothing. */
export function capacityOf(base: Index, head: Index, nodes: readonly (Node | NodePool)[] = []): Capacity | undefined {
  const machines = nodes.flatMap((node) =>
    'count' in node
      ? Array.from({ length: node.count }, (_, i) => machineOf({ ...node, name: `${node.name}-${i + 1}` }))
      : machineOf(node),
  );
  const [old, now] = [placed(base, machines), placed(head, machines)];
  if (same(old.total, now.total) && same(old.unplaced, now.unplaced)) return undefined;
  return {
    before: old.total,
    after: now.total,
    nodes: machines.map((machine) => ({
      node: machine.name,
      capacity: { cpu: quantity(machine.cpu) ?? 0, memory: quantity(machine.memory) ?? 0 },
      before: old.loads.get(machine)!,
      after: now.loads.get(machine)!,
    })),
    unplaced: now.unplaced,
  };
}

/** Largest pods first, each to the node that has fewest of its kind and then most room. */
function placed(index: Index, machines: readonly Machine[]) {
  const loads = new Map<Machine, Load>(machines.map((machine) => [machine, NOTHING]));
  const unplaced: string[] = [];
  let total = NOTHING;
  const put = (machine: Machine, load: Load) => loads.set(machine, plus(loads.get(machine)!, load));
  const workloads = index.workloads.map((workload) => ({
    workload,
    load: loadOf(workload),
    pods: podsOf(workload, index),
  }));
  for (const { workload, load } of workloads) {
    if (workload.manifest.object.kind !== 'DaemonSet') continue;
    const takers = machines.filter((machine) => !refusalOf(workload, [machine]));
    for (const machine of takers) put(machine, load);
    for (let i = 0; i < (machines.length ? takers.length : 1); i++) total = plus(total, load);
  }
  for (const { workload, load, pods } of workloads.toSorted(
    (a, b) => b.load.requests.memory - a.load.requests.memory,
  )) {
    if (!pods) continue;
    const takers = machines.filter((machine) => !refusalOf(workload, [machine]));
    const here = new Map(takers.map((machine) => [machine, 0]));
    const alone = isAlone(workload);
    for (let i = 0; i < pods; i++) {
      total = plus(total, load);
      if (!machines.length) continue;
      const [best] = takers
        .filter((machine) => fits(machine, loads.get(machine)!, load) && !(alone && here.get(machine)))
        .sort((a, b) => here.get(a)! - here.get(b)! || room(b, loads.get(b)!) - room(a, loads.get(a)!));
      if (best) {
        put(best, load);
        here.set(best, here.get(best)! + 1);
      } else unplaced.push(`${nameOf(workload.manifest.object)} (${i + 1} of ${pods})`);
    }
  }
  return { loads, total, unplaced };
}

const NOTHING: Load = { requests: { cpu: 0, memory: 0 }, limits: { cpu: 0, memory: 0 } };

const plus = (a: Load, b: Load): Load => ({ requests: sum(a.requests, b.requests), limits: sum(a.limits, b.limits) });
/** Cores by the thousandth, as 0.1 + 0.2 is not 0.3. */
const sum = (a: Amount, b: Amount): Amount => ({
  cpu: Math.round((a.cpu + b.cpu) * 1000) / 1000,
  memory: a.memory + b.memory,
});

const fits = ({ cpu, memory }: Machine, { requests }: Load, { requests: more }: Load) =>
  requests.cpu + more.cpu <= (quantity(cpu) ?? Infinity) &&
  requests.memory + more.memory <= (quantity(memory) ?? Infinity);

const room = ({ memory }: Machine, { requests }: Load) => (quantity(memory) ?? 0) - requests.memory;

function loadOf(workload: Workload): Load {
  const limits = workload.containers.filter(({ role }) => role !== 'init').map((container) => container.limits);
  const total = (resource: 'cpu' | 'memory') =>
    limits.reduce((all, limit) => all + (quantity(limit[resource]) ?? 0), 0);
  return { requests: requestsOf(workload), limits: { cpu: total('cpu'), memory: total('memory') } };
}

/** Pods at rest. */
function podsOf({ manifest: { object }, replicas, annotations }: Workload, index: Index): number {
  if (/^(?:DaemonSet|Job|CronJob|ScaledJob|PodTemplate)$/.test(object.kind)) return 0;
  if (replicas === undefined) return Number(annotations['autoscaling.knative.dev/min-scale'] ?? 0);
  const scaler = index.byKind('HorizontalPodAutoscaler').find(({ object: { metadata, spec } }) => {
    const { kind, name } = map(at(spec, 'scaleTargetRef'));
    return metadata.namespace === object.metadata.namespace && kind === object.kind && name === object.metadata.name;
  });
  return scaler ? (number(at(scaler.object, 'spec', 'minReplicas')) ?? 1) : replicas;
}

/** No two of its pods on one node. */
function isAlone({ pod, labels }: Workload): boolean {
  const terms = maps(at(pod, 'affinity', 'podAntiAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'));
  return terms.some(
    (term) =>
      term.topologyKey === 'kubernetes.io/hostname' &&
      Object.entries(strings(at(term, 'labelSelector', 'matchLabels'))).every(([key, value]) => labels[key] === value),
  );
}

export function* capacityCautions({ head, entry }: Sides, capacity: Capacity | undefined): Iterable<Caution> {
  const [first, ...more] = capacity?.unplaced ?? [];
  if (!first) return;
  const message = `finds no node with room for what it requests${more.length ? `, nor do ${more.join(', ')}` : ''}: it stays pending`;
  yield {
    ...entry(head.workloads.find(({ manifest }) => first.startsWith(`${nameOf(manifest.object)} (`))!.manifest.object),
    rule: 'does-not-fit',
    level: 'risky',
    message,
  };
}

const GI = 2 ** 30;

/** `2.5 CPU, 4.0Gi`; what is nothing is left out. */
export const sayAmount = ({ cpu, memory }: Amount) =>
  [...(cpu ? [`${Math.round(cpu * 100) / 100} CPU`] : []), ...(memory ? [`${(memory / GI).toFixed(1)}Gi`] : [])].join(
    ', ',
  ) || 'nothing';
