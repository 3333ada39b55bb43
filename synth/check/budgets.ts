import type { Manifest } from '../manifest.ts';
import { map, number, text } from '../resolve/json.ts';
import { selectorOf } from '../resolve/selectors.ts';
import type { Workload } from '../resolve/workloads.ts';
import type { Rule } from './rule.ts';
import { scaled } from './scaling.ts';

const deployment = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec: {replicas: ${replicas}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api}]}}}
`;
const budget = (spec: string) => `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}, ${spec}}
`;

const budgetBlocksDrain: Rule = {
  name: 'budget-blocks-drain',
  doc: 'A PodDisruptionBudget that allows no eviction at rest: a node drain, and with it every upgrade, never ends.',
  severity: 'error',
  *check({ index, closed }) {
    const scalers = scaled(index);
    for (const manifest of index.byKind('PodDisruptionBudget', 'policy')) {
      const { minAvailable, maxUnavailable, selector } = map(manifest.object.spec);
      const pods = index.select(manifest.object.metadata.namespace ?? '', selectorOf(selector));
      const replicas = pods.reduce((sum, workload) => sum + (atLeast(workload, scalers) ?? Number.NaN), 0);
      const field = maxUnavailable === undefined ? 'minAvailable' : 'maxUnavailable';
      const value = maxUnavailable ?? minAvailable;
      const part = share(value, Number.isNaN(replicas) ? 1 : replicas);
      if (part === undefined || !pods.length || !selector) continue;
      const always = maxUnavailable !== undefined ? part === 0 : value === '100%';
      // With no pod at all there is nothing to drain, and the number of a DaemonSet's pods is not known.
      if (!always && !(replicas > 0 && minAvailable !== undefined && part >= replicas)) continue;
      yield {
        manifest,
        field: `spec.${field}`,
        severity: closed ? 'error' : 'warning',
        message: `spec.${field}: ${value} of ${Number.isNaN(replicas) ? 'all' : replicas} pods leaves none that may be evicted`,
        fix: 'use maxUnavailable: 1, or run one replica more',
      };
    }
  },
  breaks: deployment(2) + budget('minAvailable: 2'),
  passes: deployment(3) + budget('minAvailable: 2'),
};

/** Pods that the workload has at the least; undefined where only the cluster knows. */
function atLeast({ manifest, replicas }: Workload, scalers: ReadonlyMap<Manifest, Manifest>): number | undefined {
  const scaler = scalers.get(manifest);
  if (!scaler) return replicas;
  const { minReplicas, minReplicaCount } = map(scaler.object.spec);
  return number(minReplicas) ?? number(minReplicaCount) ?? (scaler.object.kind === 'ScaledObject' ? 0 : 1);
}

/** A number of pods, or a percentage of them, rounded up as the disruption controller does. */
function share(value: unknown, of: number): number | undefined {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(text(value) ?? '')?.[1];
  return percent === undefined ? undefined : Math.ceil((Number(percent) * of) / 100);
}

const overlappingBudgets: Rule = {
  name: 'overlapping-budgets',
  doc: 'Two PodDisruptionBudgets select the same pods: the eviction API then refuses to evict any of them.',
  severity: 'error',
  *check({ index }) {
    const first = new Map<Workload, Manifest>();
    for (const manifest of index.byKind('PodDisruptionBudget', 'policy')) {
      const { selector } = map(manifest.object.spec);
      if (!selector) continue;
      for (const workload of index.select(manifest.object.metadata.namespace ?? '', selectorOf(selector))) {
        const other = first.get(workload);
        first.set(workload, manifest);
        if (!other || other.object.metadata.name === manifest.object.metadata.name) continue;
        const { kind, metadata } = workload.manifest.object;
        yield {
          manifest,
          field: 'spec.selector',
          message: `spec.selector: the pods of ${kind} "${metadata.name}" are in PodDisruptionBudget "${other.object.metadata.name}" too`,
          fix: 'keep one budget per workload',
        };
      }
    }
  },
  breaks: deployment(3) + budget('maxUnavailable: 1') + budget('maxUnavailable: 1').replace('name: api', 'name: web'),
  passes: deployment(3) + budget('maxUnavailable: 1'),
};

export const budgetRules: readonly Rule[] = [budgetBlocksDrain, overlappingBudgets];
