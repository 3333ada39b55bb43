import type { Node, NodePool } from '../../imports/environment.ts';
import { type Labels, labelsOfNode, tolerates } from '../../imports/placement.ts';
import { quantity } from '../../imports/quantity.ts';
import { type Json, map, maps, strings } from '../resolve/json.ts';
import { isEmpty, matches, type Selector, selectorOf } from '../resolve/selectors.ts';
import type { Container, Workload } from '../resolve/workloads.ts';
import type { Rule } from './rule.ts';

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

/** The first of the scheduler's filters that no machine passes: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export function refusalOf(workload: Pick<Workload, 'containers' | 'pod'>, machines: readonly Machine[]) {
  const { pod } = workload;
  const names = (list: readonly Machine[]) => list.map(({ name }) => name).join(', ');
  const wanted: Selector = { labels: strings(pod.nodeSelector), expressions: [] };
  const selected = machines.filter(({ labels }) => matches(wanted, labels));
  if (!selected.length) {
    const labels = Object.entries(wanted.labels).map(([key, value]) => `${key}=${value}`);
    return {
      field: 'nodeSelector',
      message: `no node has ${labels.join(', ')}`,
      fix: `use labels that one of ${names(machines)} has`,
    };
  }
  const terms = maps(
    map(map(map(pod.affinity).nodeAffinity).requiredDuringSchedulingIgnoredDuringExecution).nodeSelectorTerms,
  );
  const liked = terms.length
    ? selected.filter((machine) => terms.some((term) => termMatches(term, machine)))
    : selected;
  if (!liked.length) {
    const message = `none of ${names(selected)} satisfies what is required`;
    return { field: 'affinity.nodeAffinity', message, fix: 'require labels that a node has, or prefer them' };
  }
  const tolerations = maps(pod.tolerations);
  const open = liked.filter(({ taints = [] }) => taints.every((taint) => tolerates(tolerations, taint)));
  if (!open.length) {
    const taints = [
      ...new Set(liked.flatMap(({ taints = [] }) => taints.map(({ key, effect }) => `${key}:${effect}`))),
    ];
    return {
      field: 'tolerations',
      message: `${names(liked)} refuse pods that do not tolerate ${taints.join(', ')}`,
      fix: 'add the toleration',
    };
  }
  const needs = requestsOf(workload);
  const fits = open.some(
    ({ cpu, memory }) => needs.cpu <= (quantity(cpu) ?? Infinity) && needs.memory <= (quantity(memory) ?? Infinity),
  );
  if (fits) return undefined;
  const sizes = [...new Set(open.map(({ name, cpu, memory }) => `${name} (${cpu} CPU, ${memory})`))];
  const asked = `${needs.cpu} CPU and ${Math.ceil(needs.memory / 2 ** 20)}Mi`;
  return {
    field: 'containers',
    message: `one pod requests ${asked}, more than any of ${sizes.join(', ')} has`,
    fix: 'lower the requests, or add a larger node',
  };
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

function termMatches(term: Json, { name, labels }: Machine): boolean {
  const fields = selectorOf({ matchExpressions: term.matchFields });
  const expressions = selectorOf({ matchExpressions: term.matchExpressions });
  if (isEmpty(fields) && isEmpty(expressions)) return false;
  return matches(fields, { 'metadata.name': name }) && matches(expressions, labels);
}

export const placementRules: readonly Rule[] = [unschedulable];
