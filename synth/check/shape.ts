import { isCustom } from '../../imports/kinds.ts';
import { schemaOf } from '../../imports/schemas.ts';
import { type KubeObject, typeOf } from '../manifest.ts';
import { map } from '../resolve/json.ts';
import { unknowable } from '../resolve/links.ts';
import { formats } from './formats.ts';
import { oncePerIndex } from './once.ts';
import { refusedRules } from './refused.ts';
import { refusedPodRules } from './refused-pods.ts';
import type { Rule } from './rule.ts';
import { selectorValues } from './selector-values.ts';
import { type Fault, strictly } from './strict.ts';
import { versionRules } from './versions.ts';

/** Kinds whose name is not held against the DNS subdomain that all others are. */
const NAMES: Readonly<Record<string, string>> = {
  '/Namespace': 'label',
  '/Service': 'label1035',
  'apps/StatefulSet': 'label',
  'policy/PodDisruptionBudget': 'path',
  'rbac.authorization.k8s.io/ClusterRole': 'path',
  'rbac.authorization.k8s.io/ClusterRoleBinding': 'path',
  'rbac.authorization.k8s.io/Role': 'path',
  'rbac.authorization.k8s.io/RoleBinding': 'path',
};

/** All faults of all objects. */
const faultsIn = oncePerIndex(({ manifests }) =>
  manifests.flatMap((manifest) => faultsOf(manifest.object).map((fault) => ({ manifest, fault }))),
);

/** None where its kind is not known. */
function faultsOf(object: KubeObject): readonly Fault[] {
  const { apiVersion, kind } = object;
  const schema = schemaOf(apiVersion, kind);
  if (!schema) return [];
  return [
    ...strictly('sops' in object ? withoutSops(object) : object, schema, isCustom(apiVersion)),
    ...nameFaults(object),
  ];
}

/** SOPS keeps what it needs to decrypt beside the object's own fields; Flux takes it off before it applies. */
const withoutSops = ({ sops: _, ...own }: KubeObject) => own;

function nameFaults(object: KubeObject): Fault[] {
  const { kind, metadata } = object;
  const { name, generateName } = map(metadata);
  const field = 'metadata.name';
  if (!name && !generateName) {
    return [
      { rule: 'missing-field', field, value: name, message: `${field}: required, and not set`, fix: 'name the object' },
    ];
  }
  const format = formats[NAMES[typeOf(object)] ?? 'subdomain']!;
  if (typeof name !== 'string' || format.test(name)) return [];
  const message = `${field}: "${name}" is not allowed for a ${kind}`;
  return [{ rule: 'invalid-name', field, value: name, message, fix: `allowed: ${format.says}` }];
}

/** A stranger's `${VAR}` is filled in by Flux's postBuild (or Helm) before anything is applied. */
const filledLater = ({ value, field }: Fault) => unknowable(typeof value === 'string' ? value : field);

/** Scaling to zero is taken by API servers with the feature gate HPAScaleToZero. */
const isGated = ({ kind }: KubeObject, { field, value }: Fault) =>
  kind === 'HorizontalPodAutoscaler' && field === 'spec.minReplicas' && value === 0;

function shape(name: Fault['rule'], doc: string, breaks: string, passes: string): Rule {
  return {
    name,
    doc,
    severity: 'error',
    *check({ index, closed }) {
      for (const { manifest, fault } of faultsIn(index)) {
        if (fault.rule !== name || (!closed && filledLater(fault))) continue;
        // Which version of an operator a stranger runs is not known, and its fields come and go.
        const unsure = isCustom(manifest.object.apiVersion) || isGated(manifest.object, fault);
        const severity = !closed && unsure ? 'warning' : 'error';
        yield { manifest, field: fault.field, message: fault.message, fix: fault.fix, severity };
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
spec:
  selector: {matchLabels: {app: api}}
  ${spec}`;
const container = (more: string) =>
  deployment(`template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api:1, ${more}}]}}`);
const kustomization = (more: string) => `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, prune: true, sourceRef: {kind: GitRepository, name: flux-system}, ${more}}`;
const object = (apiVersion: string, kind: string, more = '') => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: api, namespace: notifi}
${more}`;

/** Family 3: what the API server's strict decoding and its validation refuse. */
export const shapeRules: readonly Rule[] = [
  shape(
    'unknown-field',
    'A field that its kind does not have: the API server refuses the object, or drops what was meant.',
    kustomization('timeOut: 5m'),
    kustomization('timeout: 5m'),
  ),
  shape(
    'wrong-type',
    'Text where a number belongs, or the reverse.',
    deployment('replicas: "3"\n  template: {spec: {containers: [{name: api, image: api:1}]}}'),
    container('args: ["3"]'),
  ),
  shape(
    'invalid-value',
    'A value that the field does not take: enumerations, ranges, patterns, quantities.',
    container('imagePullPolicy: always'),
    container('imagePullPolicy: Always'),
  ),
  shape(
    'missing-field',
    'A field without which the object is refused.',
    container('env: [{value: x}]'),
    container('env: [{name: X, value: x}]'),
  ),
  shape(
    'invalid-name',
    'A name that breaks the rules for names of its kind.',
    object('v1', 'ConfigMap', 'data: {"a b": c}'),
    object('v1', 'ConfigMap', 'data: {a_b.conf: c}'),
  ),
  shape(
    'duplicate-list-key',
    'Two entries of a list with one key, which server-side apply refuses: env by name, ports by port and protocol.',
    container('env: [{name: A, value: "1"}, {name: A, value: "2"}]'),
    container('ports: [{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]'),
  ),
  ...versionRules,
  ...refusedRules,
  ...refusedPodRules,
  selectorValues,
];
