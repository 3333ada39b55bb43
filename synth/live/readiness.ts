import { groupOf, type KubeObject, typeOf } from '../manifest.ts';
import { at, type Json, maps, number, strings, text } from '../resolve/json.ts';

/** Why a live object does not do what it is for, in a few words; undefined where it does, or says nothing about it. */
export function notReady(object: KubeObject): string | undefined {
  const { metadata, spec, status } = object;
  if (metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (at(spec, 'suspend') === true && isFlux(object)) return 'is suspended: Flux leaves it alone until it is resumed';
  const observed = number(at(status, 'observedGeneration'));
  const generation = number(metadata.generation);
  const isBehind = observed !== undefined && generation !== undefined && observed < generation;
  const byKind = BY_KIND[typeOf(object)];
  // Flux counts a generation as looked at when it has succeeded, and says before why it does not.
  const why = byKind ? undefined : conditionOf(object);
  return why ?? (isBehind ? 'its controller has not looked at the newest version yet' : byKind?.(object));
}

/** The message of the first condition that says why nothing goes on. */
const said = (object: KubeObject, type: string, status: string): string | undefined => {
  const condition = conditions(object).find((each) => each.type === type && each.status === status);
  return condition && (text(condition.message) ?? text(condition.reason) ?? `${type} is ${status}`);
};

const conditions = ({ status }: KubeObject): readonly Json[] => maps(at(status, 'conditions'));

const count = (object: KubeObject, ...path: readonly string[]) => number(at(object, ...path)) ?? 0;

function ready(object: KubeObject, wanted: number, field: string, why?: string): string | undefined {
  const there = count(object, 'status', field);
  return there < wanted ? `${there} of ${wanted} pods are ready${why ? `: ${why}` : ''}` : undefined;
}

const updated = (object: KubeObject, wanted: number, field: string) => {
  const there = count(object, 'status', field);
  return there < wanted ? `${there} of ${wanted} pods are of the newest version` : undefined;
};

const wantedPods = (object: KubeObject) => number(at(object, 'spec', 'replicas')) ?? 1;

const BY_KIND: Readonly<Record<string, (object: KubeObject) => string | undefined>> = {
  'apps/Deployment': (object) => {
    const why = said(object, 'ReplicaFailure', 'True') ?? said(object, 'Progressing', 'False');
    return (
      ready(object, wantedPods(object), 'readyReplicas', why) ?? updated(object, wantedPods(object), 'updatedReplicas')
    );
  },
  'apps/StatefulSet': (object) => {
    const waitsForNobody = at(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
    return (
      ready(object, wantedPods(object), 'readyReplicas') ??
      (waitsForNobody || at(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition')
        ? undefined
        : updated(object, wantedPods(object), 'updatedReplicas'))
    );
  },
  'apps/DaemonSet': (object) => {
    const wanted = count(object, 'status', 'desiredNumberScheduled');
    return ready(object, wanted, 'numberReady') ?? updated(object, wanted, 'updatedNumberScheduled');
  },
  'batch/Job': (object) => {
    const failed = said(object, 'Failed', 'True');
    if (failed) return `failed: ${failed}`;
    if (at(object, 'spec', 'suspend') === true) return 'is suspended';
    return conditions(object).some(({ type, status }) => type === 'Complete' && status === 'True')
      ? undefined
      : 'has not ended yet';
  },
  '/PersistentVolumeClaim': (object) => {
    const phase = at(object, 'status', 'phase');
    return phase === 'Bound' ? undefined : `is ${phase ?? 'not looked at yet'}`;
  },
  '/Service': (object) =>
    at(object, 'spec', 'type') === 'LoadBalancer' && !maps(at(object, 'status', 'loadBalancer', 'ingress')).length
      ? 'has no address yet'
      : undefined,
};

const isFlux = ({ apiVersion }: Pick<KubeObject, 'apiVersion'>) => groupOf(apiVersion).endsWith('.toolkit.fluxcd.io');

/** Of Flux, those that have a Ready condition. */
const SPEAKING = new Set(['Kustomization', 'HelmRelease', 'GitRepository', 'OCIRepository', 'Bucket']);

function conditionOf(object: KubeObject): string | undefined {
  for (const type of ['Ready', 'Synced', 'Established']) {
    const condition = conditions(object).find((each) => each.type === type);
    if (condition === undefined || condition.status === 'True') continue;
    const why = text(condition.message) ?? text(condition.reason);
    return `is not ${type}${why ? `: ${why}` : ''}`;
  }
  return isFlux(object) && SPEAKING.has(object.kind) && !conditions(object).length
    ? 'Flux has not looked at it yet'
    : undefined;
}

/** Why the pods of a workload do not run, by the first of them that says it. */
export function podTrouble(workload: KubeObject, pods: readonly KubeObject[]): string | undefined {
  const selector = Object.entries(strings(at(workload, 'spec', 'selector', 'matchLabels')));
  if (!selector.length) return undefined;
  const own = pods.filter(
    ({ metadata }) =>
      metadata.namespace === workload.metadata.namespace &&
      selector.every(([label, value]) => metadata.labels?.[label] === value),
  );
  for (const pod of own) {
    const trouble = troubleOf(pod);
    if (trouble) return `${pod.metadata.name}: ${trouble}`;
  }
  return undefined;
}

function troubleOf(pod: KubeObject): string | undefined {
  const unscheduled = said(pod, 'PodScheduled', 'False');
  if (unscheduled) return unscheduled;
  const containers = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => maps(at(pod, 'status', list)));
  for (const { name, state, ready: isReady, restartCount } of containers) {
    const waiting = at(state, 'waiting', 'reason');
    if (text(waiting) && !/^(PodInitializing|ContainerCreating)$/.test(`${waiting}`))
      return [`${name} ${waiting}`, text(at(state, 'waiting', 'message'))].filter(Boolean).join(', ');
    if (isReady === false && at(state, 'running'))
      return `${name} runs and is not ready${restartCount ? `, after ${restartCount} restarts` : ''}`;
    const reason = at(state, 'terminated', 'reason');
    if (text(reason) && reason !== 'Completed') return `${name} ended: ${reason}`;
  }
  return undefined;
}
