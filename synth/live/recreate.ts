import { immutableFields } from '../check/immutable.ts';
import { type KubeObject, kubectlNameOf, typeOf } from '../manifest.ts';
import { at, map } from '../resolve/json.ts';
import { isMap } from '../review/equal.ts';

/** What it takes to have an object made anew that cannot be changed. */
export interface Recreation {
  /** Fields that differ and cannot be changed, where the kind is known. */
  readonly fields: readonly { readonly field: string; readonly live: string; readonly wanted: string }[];
  readonly steps: readonly string[];
}

// `%s` is the object as kubectl names it, `%o` its namespace alone.
const ORPHAN = 'kubectl delete %s --cascade=orphan: its pods go on, with nobody who replaces them';
const BESIDE = 'push: Flux makes it anew, with new pods beside the old ones';
const AWAY = ['kubectl delete %s', 'push: Flux makes it anew; until then it is away'];
const RIGHTS = ['kubectl delete %s', 'push: Flux makes it anew; until then nobody has its rights'];
const KEEP = 'its data goes with it, so do not delete it: describe it as it is';

/** The way to an object of this kind with other fields, by `group/Kind`. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': [
    ORPHAN,
    BESIDE,
    'once the new ones are ready, delete the old ReplicaSets: kubectl get replicasets%o, those without an owner',
  ],
  'apps/DaemonSet': [ORPHAN, BESIDE, 'delete the pods that have no owner any more'],
  'apps/StatefulSet': [
    "keep what can be kept: names, serviceName, claim and selector go to the environment's `existing`",
    'for the rest: kubectl delete %s --cascade=orphan: its pods and claims stay',
    'push: Flux makes it anew and takes over pods of the same name that its selector finds; delete the others one by one, their data stays in the claims',
  ],
  'batch/Job': ['kubectl delete %s', 'push: Flux makes it anew, and it runs once more'],
  'rbac.authorization.k8s.io/RoleBinding': RIGHTS,
  'rbac.authorization.k8s.io/ClusterRoleBinding': RIGHTS,
  '/PersistentVolumeClaim': [
    `${KEEP} (class, access modes, size)`,
    'or have a claim of another name rendered, stop its pods, copy the data with a Job that mounts both, and only then delete this one',
  ],
  '/PersistentVolume': [KEEP],
  '/Service': ['kubectl delete %s', 'push: Flux makes it anew, at another address; until then nobody reaches it'],
  'storage.k8s.io/StorageClass': ['kubectl delete %s: volumes stay as they are', 'push: Flux makes it anew'],
  'apiextensions.k8s.io/CustomResourceDefinition': [
    'every object of the kind goes with it: keep what is there, or move those objects first',
  ],
};

/** The words of the API server, and of admission, for a change that it never makes. */
const IMMUTABLE =
  /immutable|may not change|cannot change|can't be changed|updates to statefulset spec|is forbidden after creation|not be changed|updates to (?:provisioner|parameters|reclaimPolicy|volumeBindingMode) are forbidden/i;

/** Whether a refusal means that the object has to be made anew. */
export const isImmutable = (refusal: string) => IMMUTABLE.test(refusal);

export function recreationOf(committed: KubeObject, live: KubeObject): Recreation {
  const steps = STEPS[typeOf(live)] ?? AWAY;
  const { namespace } = live.metadata;
  return {
    fields: immutableFields(live).flatMap((field) => {
      const [there, wanted] = [live, committed].map((object) => at(object, ...field.split('.')));
      const differs = wanted !== undefined && !holds(there, wanted);
      return differs ? [{ field, live: say(there), wanted: say(wanted) }] : [];
    }),
    steps: steps.map((step) =>
      step.replace('%s', kubectlNameOf(live)).replace('%o', namespace ? ` -n ${namespace}` : ''),
    ),
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
