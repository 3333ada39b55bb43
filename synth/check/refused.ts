import type { KubeObject } from '../manifest.ts';
import { map, maps, number, text } from '../resolve/json.ts';
import type { Problem, Rule } from './rule.ts';

// Fields that are right one by one and refused together: validation that stands in Go or in a CRD's CEL, not in any schema.

export type Refusal = Omit<Problem, 'manifest'>;

/** A rule about objects of some kinds, `apps/Deployment`. */
export function refused(
  name: string,
  doc: string,
  kinds: readonly string[],
  find: (object: KubeObject) => Iterable<Refusal>,
  breaks: string,
  passes: string,
): Rule {
  return {
    name,
    doc,
    severity: 'error',
    *check({ index }) {
      for (const [group, kind] of kinds.map((each) => each.split('/') as [string, string])) {
        for (const manifest of index.byKind(kind, group)) {
          for (const refusal of find(manifest.object)) yield { manifest, ...refusal };
        }
      }
    },
    breaks,
    passes,
  };
}

const deployment = (spec: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api:1}]}}, ${spec}}`;
const release = (spec: string) => `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: traefik, namespace: traefik}
spec: {interval: 1h, ${spec}}`;
const role = (rule: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: api, namespace: notifi}
rules: [{verbs: [get], ${rule}}]`;
const autoscaler = (metric: string) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: notifi}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, metrics: [${metric}]}`;
const policy = (port: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: notifi}
spec: {podSelector: {}, egress: [{ports: [${port}]}]}`;
const binding = (subject: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: api}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: api}
subjects: [{kind: ServiceAccount, name: api, ${subject}}]`;

export const refusedRules: readonly Rule[] = [
  refused(
    'stuck-rollout',
    'A rollout that may neither add nor remove a pod, whose strategy has no use for its settings, or whose deadline comes before a pod counts.',
    ['apps/Deployment'],
    function* ({ spec }) {
      const { strategy, minReadySeconds, progressDeadlineSeconds = 600 } = map(spec);
      const { type, rollingUpdate } = map(strategy);
      const { maxSurge = 1, maxUnavailable = 1 } = map(rollingUpdate);
      const none = (value: unknown) => value === 0 || value === '0%';
      const field = 'spec.strategy.rollingUpdate';
      if (type === 'Recreate' && rollingUpdate) {
        yield {
          field,
          message: `${field}: set, and the type is Recreate`,
          fix: 'remove it, or write type: RollingUpdate',
        };
      } else if (none(maxSurge) && none(maxUnavailable)) {
        yield { field, message: `${field}: maxSurge and maxUnavailable are both 0`, fix: 'allow one of them to be 1' };
      }
      if ((number(minReadySeconds) ?? 0) >= (number(progressDeadlineSeconds) ?? 600)) {
        yield {
          field: 'spec.minReadySeconds',
          message: `spec.minReadySeconds: ${minReadySeconds} is not below progressDeadlineSeconds ${progressDeadlineSeconds}`,
          fix: 'raise progressDeadlineSeconds above it',
        };
      }
    },
    deployment('selector: {matchLabels: {app: api}}, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}'),
    deployment('selector: {matchLabels: {app: api}}, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}'),
  ),
  refused(
    'release-without-chart',
    'A HelmRelease names its chart in exactly one of chart and chartRef.',
    ['helm.toolkit.fluxcd.io/HelmRelease'],
    function* ({ spec }) {
      const { chart, chartRef } = map(spec);
      if (spec && Boolean(chart) === Boolean(chartRef)) {
        yield {
          field: 'spec',
          message: `spec: ${chart ? 'both' : 'neither'} chart ${chart ? 'and' : 'nor'} chartRef`,
          fix: 'set exactly one of them',
        };
      }
    },
    release('releaseName: traefik'),
    release('chartRef: {kind: OCIRepository, name: traefik}'),
  ),
  refused(
    'role-without-target',
    'A rule of a Role names resources with their API groups (the core group is ""), or paths.',
    ['rbac.authorization.k8s.io/Role', 'rbac.authorization.k8s.io/ClusterRole'],
    function* (object) {
      for (const [number, { apiGroups, resources, nonResourceURLs }] of maps(object.rules).entries()) {
        const empty = (list: unknown) => !Array.isArray(list) || !list.length;
        if (!empty(nonResourceURLs) && empty(resources) && empty(apiGroups)) continue;
        if (!empty(resources) && !empty(apiGroups)) continue;
        const lack = empty(apiGroups) ? 'apiGroups' : 'resources';
        const field = `rules[${number}]`;
        yield {
          field,
          message: `${field}: no ${lack}`,
          fix: lack === 'apiGroups' ? 'add apiGroups: [""] for core kinds, or the group' : 'name the resources',
        };
      }
    },
    role('resources: [configmaps]'),
    role('apiGroups: [""], resources: [configmaps]'),
  ),
  refused(
    'subject-without-namespace',
    'A ServiceAccount as subject of a ClusterRoleBinding is named with its namespace.',
    ['rbac.authorization.k8s.io/ClusterRoleBinding'],
    function* (object) {
      for (const [number, { kind, namespace }] of maps(object.subjects).entries()) {
        const field = `subjects[${number}].namespace`;
        if (kind === 'ServiceAccount' && !namespace)
          yield { field, message: `${field}: missing`, fix: 'add the namespace of the ServiceAccount' };
      }
    },
    binding(''),
    binding('namespace: notifi'),
  ),
  refused(
    'metric-without-source',
    'A metric of a HorizontalPodAutoscaler carries the field that its type names.',
    ['autoscaling/HorizontalPodAutoscaler'],
    function* ({ spec }) {
      for (const [number, metric] of maps(map(spec).metrics).entries()) {
        const type = text(metric.type) ?? '';
        const source = type.charAt(0).toLowerCase() + type.slice(1);
        const field = `spec.metrics[${number}]`;
        if (type && !metric[source])
          yield { field, message: `${field}: type ${type} without ${source}`, fix: `add ${source}` };
      }
    },
    autoscaler('{type: Pods, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}'),
    autoscaler('{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}'),
  ),
  refused(
    'port-range',
    'endPort closes a range that begins at a numeric port.',
    ['networking.k8s.io/NetworkPolicy'],
    function* ({ spec }) {
      for (const direction of ['ingress', 'egress'] as const) {
        for (const [entry, { ports }] of maps(map(spec)[direction]).entries()) {
          for (const [at, { port, endPort }] of maps(ports).entries()) {
            const field = `spec.${direction}[${entry}].ports[${at}].endPort`;
            if (typeof endPort !== 'number' || (typeof port === 'number' && port <= endPort)) continue;
            yield {
              field,
              message: `${field}: ${endPort}, and the range begins at ${port ?? 'no port'}`,
              fix: 'give port a number that is not above endPort',
            };
          }
        }
      }
    },
    policy('{port: 9000, endPort: 8000}'),
    policy('{port: 8000, endPort: 9000}'),
  ),
];
