import type { Manifest } from '../manifest.ts';
import { map, maps, number, text } from '../resolve/json.ts';
import { type Index, isManifest } from '../resolve.ts';
import { containerDefaults } from './resources.ts';
import type { Rule } from './rule.ts';

const deployment = (spec: string, container = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec:
  ${spec}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, ${container}}]}}
`;
const scaler = (spec: string) => `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: notifi}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, ${spec}}
`;

/** What is scaled, with its autoscaler. */
export function scaled(index: Index): ReadonlyMap<Manifest, Manifest> {
  const found = new Map<Manifest, Manifest>();
  for (const { from, field, target } of index.references) {
    const scales = field === 'spec.scaleTargetRef' && target && isManifest(target);
    if (scales && !found.has(target)) found.set(target, from);
  }
  return found;
}

const replicasWithAutoscaler: Rule = {
  name: 'replicas-with-autoscaler',
  doc: 'A workload sets replicas though an autoscaler does: every reconcile throws its pods away or starts too many.',
  severity: 'error',
  *check({ index, closed }) {
    for (const [manifest, by] of scaled(index)) {
      const replicas = map(manifest.object.spec).replicas;
      if (replicas === undefined) continue;
      yield {
        manifest,
        field: 'spec.replicas',
        severity: closed ? 'error' : 'warning',
        message: `spec.replicas: ${replicas} is set, and ${by.object.kind} "${by.object.metadata.name}" scales it`,
        fix: 'leave replicas out',
      };
    }
  },
  breaks: deployment('replicas: 3') + scaler('maxReplicas: 5'),
  passes: deployment('minReadySeconds: 5') + scaler('maxReplicas: 5'),
};

const autoscalerBounds: Rule = {
  name: 'autoscaler-bounds',
  doc: 'An autoscaler whose minimum is above its maximum is refused; with both alike it never scales.',
  severity: 'error',
  *check({ index }) {
    for (const manifest of index.byKind('HorizontalPodAutoscaler', 'autoscaling')) {
      const { minReplicas, maxReplicas } = map(manifest.object.spec);
      const min = number(minReplicas) ?? 1;
      const max = number(maxReplicas);
      if (max === undefined || min < max) continue;
      const alike = min === max;
      yield {
        manifest,
        field: 'spec.minReplicas',
        severity: alike ? 'warning' : 'error',
        message: `spec.minReplicas: ${min} is ${alike ? 'the same as' : 'above'} maxReplicas ${max}`,
        fix: alike
          ? 'raise maxReplicas, or set replicas and drop the autoscaler'
          : 'lower minReplicas, or raise maxReplicas',
      };
    }
  },
  breaks: scaler('minReplicas: 5, maxReplicas: 3'),
  passes: scaler('minReplicas: 3, maxReplicas: 5'),
};

const autoscalerWithoutRequest: Rule = {
  name: 'autoscaler-without-request',
  doc: 'Utilization is counted in parts of the request: without one the autoscaler has no value and never scales.',
  severity: 'error',
  *check({ index, closed }) {
    for (const [target, by] of scaled(index)) {
      const workload = index.workloadOf(target);
      if (!workload) continue;
      for (const [i, metric] of maps(map(by.object.spec).metrics).entries()) {
        const {
          name,
          container,
          target: goal,
        } = map(metric.type === 'ContainerResource' ? metric.containerResource : metric.resource);
        const resource = text(name);
        if (!resource || map(goal).type !== 'Utilization') continue;
        const { requests: defaults } = containerDefaults(index, workload.namespace);
        const without = workload.containers.filter(
          ({ role, name, requests, limits }) =>
            role !== 'init' &&
            (container ? name === container : true) &&
            !(requests[resource] ?? limits[resource] ?? defaults[resource]),
        );
        if (!without.length) continue;
        const field = `spec.metrics[${i}]`;
        yield {
          manifest: by,
          field,
          severity: closed ? 'error' : 'warning',
          message: `${field}: container ${without.map(({ name }) => `"${name}"`).join(', ')} of ${target.object.kind} "${target.object.metadata.name}" has no ${resource} request`,
          fix: `set resources.requests.${resource} on it`,
        };
      }
    }
  },
  breaks:
    deployment('minReadySeconds: 5', 'resources: {requests: {memory: 1Gi}}') +
    scaler(
      'maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]',
    ),
  passes:
    deployment('minReadySeconds: 5', 'resources: {requests: {cpu: 100m}}') +
    scaler(
      'maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]',
    ),
};

const zeroReplicas: Rule = {
  name: 'zero-replicas',
  doc: 'A workload with no pods does nothing.',
  severity: 'warning',
  *check({ index }) {
    for (const { manifest } of index.workloads) {
      if (map(manifest.object.spec).replicas !== 0) continue;
      yield {
        manifest,
        field: 'spec.replicas',
        message: 'spec.replicas: 0, so nothing runs',
        fix: 'set at least 1, or remove the workload; if that is meant for now, allow it here with the reason',
      };
    }
  },
  breaks: deployment('replicas: 0'),
  passes: deployment('replicas: 1'),
};

export const scalingRules: readonly Rule[] = [
  replicasWithAutoscaler,
  autoscalerBounds,
  autoscalerWithoutRequest,
  zeroReplicas,
];
