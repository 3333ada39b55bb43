import type { Node, NodePool } from '../../imports/environment.ts';
import { type Labels, labelsOfNode, tolerates } from '../../imports/placement.ts';
import { quantity } from '../../imports/quantity.ts';
import { at, type Json, map, maps, strings } from '../resolve/json.ts';
import { isEmpty, matches, type Selector, selectorOf } from '../resolve/selectors.ts';
import type { Container, Workload } from '../resolve/workloads.ts';
import type { Rule } from './rule.ts';
import { few } from './wording.ts';

/** A machine as the scheduler sees it; one stands for all of a pool. */
export interface Machine extends Node {
  readonly labels: Labels;
}

export const machineOf = (node: Node | NodePool): Machine => ({ ...node, labels: labelsOfNode(node) });

const unschedulable: Rule = {
  name: 'unschedulable',
  doc: 'No node of the cluster takes these pods: they stay pending.',
  severity: 'error',
  *check({ index }) {
    const machines = (index.world.cluster?.nodes ?? [])
      .filter((node) => !('count' in node) || node.count > 0)
      .map(machineOf);
    if (!machines.length) return;
    for (const workload of index.workloads) {
      const { manifest, pod, podPath } = workload;
      // A DaemonSet may wait for nodes to come.
      if (manifest.object.kind === 'DaemonSet' || pod.nodeName) continue;
      const refusal = refusalOf(workload, machines);
      if (!refusal) continue;
      const { field, message, fix } = refusal;
      yield { manifest, field: `${podPath}.${field}`, message: `${podPath}.${field}: ${message}`, fix };
    }
  },
  breaks: pod('nodeSelector: {disk: ssd}'),
  passes: pod('tolerations: [{key: arm, operator: Exists}]'),
};

function pod(spec: string) {
  return `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, resources: {requests: {cpu: 3500m, memory: 4Gi}}}], ${spec}}
---
apiVersion: v1
kind: Node
metadata: {name: pi-1}
spec: {taints: [{key: arm, effect: NoSchedule}]}
status: {capacity: {cpu: "4", memory: 8Gi}}
`;
}

/** One of the scheduler's filters: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export interface Filter {
  readonly field: string;
  readonly passes: (machine: Machine) => boolean;
  /** Of machines none of which passes. */
  readonly refusal: (machines: readonly Machine[]) => { readonly message: string; readonly fix: string };
}

/** What a machine has to be to take these pods, in the scheduler's order. */
export function filtersOf(workload: Pick<Workload, 'containers' | 'pod'>): Filter[] {
  const { pod } = workload;
  const wanted: Selector = { labels: strings(pod.nodeSelector), expressions: [] };
  const terms = maps(at(pod, 'affinity', 'nodeAffinity', REQUIRED, 'nodeSelectorTerms')).map(termOf);
  const tolerations = maps(pod.tolerations);
  const needs = requestsOf(workload);
  const selected: Filter = {
    field: 'nodeSelector',
    passes: ({ labels }) => matches(wanted, labels),
    refusal: (machines) => {
      const labels = Object.entries(wanted.labels).map(([key, value]) => `${key}=${value}`);
      return { message: `no node has ${labels.join(', ')}`, fix: `use labels that one of ${namesOf(machines)} has` };
    },
  };
  const liked: Filter = {
    field: 'affinity.nodeAffinity',
    passes: (machine) => terms.some((matchesTerm) => matchesTerm(machine)),
    refusal: (machines) => ({
      message: `none of ${namesOf(machines)} satisfies what is required`,
      fix: 'require labels that a node has, or prefer them',
    }),
  };
  return [
    ...(isEmpty(wanted) ? [] : [selected]),
    ...(terms.length ? [liked] : []),
    {
      field: 'tolerations',
      passes: ({ taints = [] }) => taints.every((taint) => tolerates(tolerations, taint)),
      refusal: (machines) => {
        const all = machines.flatMap(({ taints = [] }) => taints.map(({ key, effect }) => `${key}:${effect}`));
        const taints = [...new Set(all)].join(', ');
        return {
          message: `${namesOf(machines)} refuse pods that do not tolerate ${taints}`,
          fix: 'add the toleration',
        };
      },
    },
    {
      field: 'containers',
      passes: ({ cpu, memory }) =>
        needs.cpu <= (quantity(cpu) ?? Number.POSITIVE_INFINITY) &&
        needs.memory <= (quantity(memory) ?? Number.POSITIVE_INFINITY),
      refusal: (machines) => {
        const sizes = [...new Set(machines.map(({ name, cpu, memory }) => `${name} (${cpu} CPU, ${memory})`))];
        const asked = `${needs.cpu} CPU and ${Math.ceil(needs.memory / 2 ** 20)}Mi`;
        return {
          message: `one pod requests ${asked}, more than any of ${few(sizes)} has`,
          fix: 'lower the requests, or add a larger node',
        };
      },
    },
  ];
}

const namesOf = (machines: readonly Machine[]) => few(machines.map(({ name }) => name));

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** The first filter that no machine passes, of those that passed the ones before. */
export function refusalOf(workload: Pick<Workload, 'containers' | 'pod'>, machines: readonly Machine[]) {
  let left = machines;
  for (const { field, passes, refusal } of filtersOf(workload)) {
    const passing = left.filter(passes);
    if (!passing.length) return { field, ...refusal(left) };
    left = passing;
  }
  return undefined;
}

/** What one pod takes: init containers run one by one, beside the sidecars started before them. */
export function requestsOf({ containers, pod }: Pick<Workload, 'containers' | 'pod'>): { cpu: number; memory: number } {
  const overhead = map(pod.overhead);
  const total = (resource: 'cpu' | 'memory') => {
    let running = 0;
    let peak = 0;
    for (const container of containers) {
      const request = requestOf(container, resource);
      if (container.role === 'init') peak = Math.max(peak, running + request);
      else running += request;
    }
    return Math.max(peak, running) + (quantity(overhead[resource]) ?? 0);
  };
  return { cpu: total('cpu'), memory: total('memory') };
}

const requestOf = ({ requests, limits }: Container, resource: string) =>
  quantity(requests[resource] ?? limits[resource]) ?? 0;

function termOf(term: Json): (machine: Machine) => boolean {
  const fields = selectorOf({ matchExpressions: term.matchFields });
  const expressions = selectorOf({ matchExpressions: term.matchExpressions });
  if (isEmpty(fields) && isEmpty(expressions)) return () => false;
  return ({ name, labels }) => matches(fields, { 'metadata.name': name }) && matches(expressions, labels);
}

export const placementRules: readonly Rule[] = [unschedulable];
