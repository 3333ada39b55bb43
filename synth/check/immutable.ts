import { isDeepStrictEqual } from 'node:util';
import { quantity } from '../../imports/quantity.ts';
import { idOf, type KubeObject, kubectlNameOf, typeOf } from '../manifest.ts';
import { at, map, strings, text, texts } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Rule } from './rule.ts';

/** Fields that can be set only once, and the way to the new value. */
interface Immutable {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Steps for a person; `%s` is the object as kubectl names it. */
  readonly migration: string;
}

const ORPHAN =
  '1. suspend its Flux Kustomization and push; 2. `kubectl delete %s --cascade=orphan`: pods and volumes stay; 3. resume the Kustomization, which makes the set anew';
const REPLACE =
  'make it under a new name and let Flux prune the old one once the new one is ready; or restore the committed value';
const RECREATE =
  '1. push; 2. `kubectl delete %s`; Flux makes it anew at its next reconcile; or restore the committed value';
const COPY =
  '1. render a new claim under a new name; 2. stop the pods and copy the data with a Job that mounts both; 3. point the workload at the new claim; 4. remove the old one after a backup was read back';

const POD_SET: Immutable = { fields: { 'spec.selector': undefined }, migration: REPLACE };
const BINDING: Immutable = {
  fields: { roleRef: undefined },
  migration: `${RECREATE}; until then nobody has its rights`,
};

/** Field to its default, by `group/Kind`. https://kubernetes.io/docs/reference/kubernetes-api/ */
const TABLE: Readonly<Record<string, Immutable>> = {
  'apps/Deployment': POD_SET,
  'apps/ReplicaSet': POD_SET,
  'apps/DaemonSet': POD_SET,
  'apps/StatefulSet': {
    fields: {
      'spec.selector': undefined,
      'spec.serviceName': '',
      'spec.podManagementPolicy': 'OrderedReady',
      'spec.volumeClaimTemplates': [],
    },
    migration: `${ORPHAN}; existing claims keep their size and class, so grow each with \`kubectl patch pvc\``,
  },
  'batch/Job': {
    fields: {
      'spec.template': undefined,
      'spec.selector': undefined,
      'spec.completionMode': 'NonIndexed',
      'spec.backoffLimitPerIndex': undefined,
      'spec.podFailurePolicy': undefined,
      'spec.successPolicy': undefined,
      'spec.managedBy': undefined,
    },
    migration:
      'put a hash of the template into the name, or annotate the Job with kustomize.toolkit.fluxcd.io/force: Enabled',
  },
  'rbac.authorization.k8s.io/RoleBinding': BINDING,
  'rbac.authorization.k8s.io/ClusterRoleBinding': BINDING,
  '/PersistentVolumeClaim': {
    fields: {
      'spec.accessModes': undefined,
      'spec.volumeMode': 'Filesystem',
      'spec.selector': undefined,
      'spec.dataSource': undefined,
      'spec.dataSourceRef': undefined,
    },
    migration: COPY,
  },
  '/PersistentVolume': {
    fields: {
      'spec.volumeMode': 'Filesystem',
      'spec.nfs.server': undefined,
      'spec.nfs.path': undefined,
      'spec.csi.driver': undefined,
      'spec.csi.volumeHandle': undefined,
      'spec.csi.volumeAttributes': undefined,
      'spec.hostPath.path': undefined,
      'spec.local.path': undefined,
    },
    migration: REPLACE,
  },
  'storage.k8s.io/StorageClass': {
    fields: { provisioner: undefined, parameters: {}, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
    migration:
      'make a new class under a new name and move claims to it; or push, then `kubectl delete %s`: existing volumes stay as they are',
  },
  'scheduling.k8s.io/PriorityClass': {
    fields: { value: undefined, preemptionPolicy: 'PreemptLowerPriority' },
    migration: REPLACE,
  },
  'networking.k8s.io/IngressClass': { fields: { 'spec.controller': undefined }, migration: REPLACE },
  '/Secret': { fields: { type: 'Opaque' }, migration: REPLACE },
};

/** Once set, these stay; leaving them out later keeps them. */
const STAYING: Readonly<Record<string, readonly string[]>> = {
  '/Service': ['spec.clusterIP'],
  '/PersistentVolumeClaim': ['spec.storageClassName', 'spec.volumeName'],
};

/** Fields of the object's kind that can be set only once. */
export function immutableFields(object: Pick<KubeObject, 'apiVersion' | 'kind'>): readonly string[] {
  const key = typeOf(object);
  return [...Object.keys(TABLE[key]?.fields ?? {}), ...(STAYING[key] ?? [])];
}

const immutableField: Rule = {
  name: 'immutable-field',
  doc: 'A field of a committed object changes that the API server never changes: the whole Flux Kustomization would stop there.',
  severity: 'error',
  *check({ index, committed }) {
    for (const manifest of index.manifests) {
      const now = manifest.object;
      const before = committed(idOf(now));
      if (!before || before === now) continue;
      const forced = /^enabled$/i.test(strings(now.metadata.annotations)['kustomize.toolkit.fluxcd.io/force'] ?? '');
      // Forced, a Job simply runs again; anything else is away until it is back.
      if (forced && now.kind === 'Job') continue;
      for (const { field, migration } of immutableChanges(before, now, index)) {
        yield {
          manifest,
          field,
          severity: forced ? 'warning' : 'error',
          message: `${field}: ${say(before, field)} is committed and cannot become ${say(now, field)}`,
          fix: forced
            ? 'its force annotation makes Flux delete it and make it anew: expect it to be away meanwhile'
            : migration,
        };
      }
    }
  },
  breaks: `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}}
---
# committed
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: web}}}
`,
  passes: `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}, replicas: 5, podManagementPolicy: OrderedReady}
---
# committed
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}, replicas: 3}
`,
};

const valueAt = (object: KubeObject, field: string) => at(object, ...field.split('.'));

function say(object: KubeObject, field: string): string {
  const value = valueAt(object, field);
  if (value === undefined) return '(nothing)';
  return object.kind === 'Secret' && field !== 'type' ? '(hidden)' : (text(value) ?? JSON.stringify(value));
}

/** Fields that change and never may, each with the way to the new value, spelled out for this object. */
export function* immutableChanges(
  before: KubeObject,
  now: KubeObject,
  index: Index,
): Iterable<{ readonly field: string; readonly migration: string }> {
  for (const { field, migration } of changes(before, now, index)) {
    yield { field, migration: migration.replace('%s', kubectlNameOf(now)) };
  }
}

function* changes(before: KubeObject, now: KubeObject, index: Index): Iterable<{ field: string; migration: string }> {
  const key = typeOf(now);
  const { fields, migration } = TABLE[key] ?? { fields: {}, migration: RECREATE };
  for (const [field, standard] of Object.entries(fields)) {
    const [from, to] = [valueAt(before, field) ?? standard, valueAt(now, field) ?? standard];
    if (!isDeepStrictEqual(from, to)) yield { field, migration };
  }
  const external = at(now, 'spec', 'type') === 'ExternalName' || at(before, 'spec', 'type') === 'ExternalName';
  for (const field of STAYING[key] ?? []) {
    const to = valueAt(now, field);
    const from = valueAt(before, field);
    const isSet = to !== undefined && (from !== undefined || to === 'None');
    if (isSet && to !== from && !external) yield { field, migration };
  }
  if (key === '/Service') {
    const field = 'spec.ipFamilies';
    const [from, to] = [texts(valueAt(before, field))[0], texts(valueAt(now, field))[0]];
    if (from && to && from !== to && !external) yield { field, migration: RECREATE };
  }
  if (key === '/PersistentVolumeClaim') {
    const field = 'spec.resources.requests.storage';
    const [from, to] = [quantity(valueAt(before, field)), quantity(valueAt(now, field))];
    const { storageClasses = {} } = index.world.cluster ?? {};
    const grows = storageClasses[text(at(now, 'spec', 'storageClassName')) ?? '']?.expandable ?? true;
    if (from !== undefined && to !== undefined && (to < from || (to > from && !grows)))
      yield { field, migration: COPY };
  }
  // With an index for each pod it may follow parallelism; else it stays, and is 1 where neither is said.
  if (key === 'batch/Job' && at(now, 'spec', 'completionMode') !== 'Indexed') {
    const completions = ({ spec }: KubeObject) =>
      at(spec, 'completions') ?? (at(spec, 'parallelism') === undefined ? 1 : undefined);
    if (completions(before) !== completions(now)) yield { field: 'spec.completions', migration };
  }
  // The API server lets nothing but metadata of these change.
  if (before.immutable === true) {
    for (const field of ['data', 'stringData', 'binaryData', 'immutable']) {
      if (!isDeepStrictEqual(map(before)[field], map(now)[field])) {
        yield {
          field,
          migration: 'put a hash of the content into the name, so that a new object is made and its users roll',
        };
      }
    }
  }
}

export const immutableRules: readonly Rule[] = [immutableField];
