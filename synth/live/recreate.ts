import { groupOf, type KubeObject } from '../manifest.ts';
import { at, map } from '../resolve/json.ts';
import { isMap } from '../review/equal.ts';

/** What it takes to have an object made anew that cannot be changed. */
export interface Recreation {
  /** Fields that differ and cannot be changed, where the kind is known. */
  readonly fields: readonly { readonly field: string; readonly live: string; readonly wanted: string }[];
  readonly steps: readonly string[];
}

interface Kind {
  readonly fields: readonly string[];
  /** `%s` is the object as kubectl names it, `%o` the same with the namespace alone. */
  readonly steps: readonly string[];
}

const PODS: Kind = {
  fields: ['spec.selector'],
  steps: [
    'kubectl delete %s --cascade=orphan: its pods go on, with nobody who replaces them',
    'push: Flux makes it anew, with new pods beside the old ones',
    'once the new ones are ready, delete the old ReplicaSets: kubectl get replicasets%o, those without an owner',
  ],
};
const AWAY: Kind = { fields: [], steps: ['kubectl delete %s', 'push: Flux makes it anew; until then it is away'] };
const BINDING: Kind = {
  fields: ['roleRef'],
  steps: ['kubectl delete %s', 'push: Flux makes it anew; until then nobody has its rights'],
};

/** Fields that the API server never changes, and the way to new ones: https://kubernetes.io/docs/reference/kubernetes-api/ */
const KINDS: Readonly<Record<string, Kind>> = {
  'apps/Deployment': PODS,
  'apps/ReplicaSet': PODS,
  'apps/DaemonSet': { ...PODS, steps: [...PODS.steps.slice(0, 2), 'delete the pods that have no owner any more'] },
  'apps/StatefulSet': {
    fields: ['spec.selector', 'spec.serviceName', 'spec.podManagementPolicy', 'spec.volumeClaimTemplates'],
    steps: [
      "keep what can be kept: names, serviceName, claim and selector go to the environment's `existing`",
      'for the rest: kubectl delete %s --cascade=orphan: its pods and claims stay',
      'push: Flux makes it anew and takes over pods of the same name that its selector finds; delete the others one by one, their data stays in the claims',
    ],
  },
  'batch/Job': {
    fields: ['spec.template', 'spec.selector', 'spec.completionMode'],
    steps: ['kubectl delete %s', 'push: Flux makes it anew, and it runs once more'],
  },
  'rbac.authorization.k8s.io/RoleBinding': BINDING,
  'rbac.authorization.k8s.io/ClusterRoleBinding': BINDING,
  '/PersistentVolumeClaim': {
    fields: [
      'spec.accessModes',
      'spec.storageClassName',
      'spec.volumeMode',
      'spec.volumeName',
      'spec.resources.requests.storage',
    ],
    steps: [
      'its data goes with it, so do not delete it: describe it as it is (class, access modes, size)',
      'or have a claim of another name rendered, stop its pods, copy the data with a Job that mounts both, and only then delete this one',
    ],
  },
  '/PersistentVolume': {
    fields: ['spec'],
    steps: ['its data may go with it, so do not delete it: describe it as it is'],
  },
  '/Service': {
    fields: ['spec.clusterIP', 'spec.clusterIPs', 'spec.ipFamilies'],
    steps: ['kubectl delete %s', 'push: Flux makes it anew, at another address; until then nobody reaches it'],
  },
  'storage.k8s.io/StorageClass': {
    fields: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'],
    steps: ['kubectl delete %s: volumes stay as they are', 'push: Flux makes it anew'],
  },
  'scheduling.k8s.io/PriorityClass': { ...AWAY, fields: ['value', 'preemptionPolicy'] },
  'networking.k8s.io/IngressClass': { ...AWAY, fields: ['spec.controller'] },
  'apiextensions.k8s.io/CustomResourceDefinition': {
    fields: ['spec.scope', 'spec.names'],
    steps: ['every object of the kind goes with it: keep what is there, or move those objects first'],
  },
  '/Secret': { ...AWAY, fields: ['type'] },
};

/** The words of the API server, and of admission, for a change that it never makes. */
const IMMUTABLE =
  /immutable|may not change|cannot change|can't be changed|updates to statefulset spec|is forbidden after creation|not be changed|updates to (?:provisioner|parameters|reclaimPolicy|volumeBindingMode) are forbidden/i;

/** Whether a refusal means that the object has to be made anew. */
export const isImmutable = (refusal: string) => IMMUTABLE.test(refusal);

export function recreationOf(committed: KubeObject, live: KubeObject): Recreation {
  const { fields, steps } = KINDS[`${groupOf(live.apiVersion)}/${live.kind}`] ?? AWAY;
  const { namespace, name } = live.metadata;
  const inNamespace = namespace ? ` -n ${namespace}` : '';
  const which = `${live.kind.toLowerCase()} ${name}${inNamespace}`;
  return {
    fields: fields.flatMap((field) => {
      const [there, wanted] = [live, committed].map((object) => at(object, ...field.split('.')));
      const differs = wanted !== undefined && !holds(there, wanted);
      return differs ? [{ field, live: say(there), wanted: say(wanted) }] : [];
    }),
    steps: steps.map((step) => step.replace('%s', which).replace('%o', inNamespace)),
  };
}

/** Whether everything of `part` is in `whole` as it is: what more there is, the API server has filled in. */
function holds(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return Array.isArray(whole) && whole.length === part.length && part.every((item, i) => holds(whole[i], item));
  if (isMap(part)) return Object.entries(part).every(([key, value]) => holds(map(whole)[key], value));
  return whole === part;
}

const LONGEST = 160;

function say(value: unknown): string {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
