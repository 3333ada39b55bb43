import { quantity } from '../../imports/quantity.ts';
import { groupBy } from '../group-by.ts';
import { type KubeObject, typeOf } from '../manifest.ts';
import { at, map, maps, strings, text } from '../resolve/json.ts';
import type { Caution, Restart, Scale } from './page.ts';
import { kept, manifestOf, plural, type Sides, say } from './sides.ts';
import { type Edit, fieldOf } from './values.ts';
import { sentenceOf } from './words.ts';

/** Kinds whose pods are replaced when their template changes. */
const ROLLING = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'argoproj.io/Rollout']);
/** Kinds whose operator restarts the pods for most changes of their spec. */
const OPERATED = new Set([
  'kafka.strimzi.io/Kafka',
  'kafka.strimzi.io/KafkaNodePool',
  'postgresql.cnpg.io/Cluster',
  'rabbitmq.com/RabbitmqCluster',
]);

const TEMPLATE = /^spec\.template(?:\.|$)/;

/** Fields whose change replaces pods; empty where none does. */
function rollingEdits(object: KubeObject, edits: readonly Edit[]): readonly Edit[] {
  const type = typeOf(object);
  if (OPERATED.has(type)) return edits.filter(({ path }) => path[0] === 'spec');
  if (type === 'serving.knative.dev/Service') return edits.filter(({ path }) => TEMPLATE.test(fieldOf(path)));
  if (!ROLLING.has(type)) return [];
  const strategy = at(object, 'spec', 'updateStrategy', 'type');
  return strategy === 'OnDelete' ? [] : edits.filter(({ path }) => TEMPLATE.test(fieldOf(path)));
}

export function restartsOf(sides: Sides): Restart[] {
  return kept(sides).flatMap(({ kind, after, edits }) => {
    const rolling = kind === 'renamed' ? [] : rollingEdits(after, edits);
    return rolling.length ? [{ ...sides.entry(after), because: rolling.map(sentenceOf) }] : [];
  });
}

/** Fields that say how many pods there are. */
const SCALES: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['spec.replicas'],
  'apps/StatefulSet': ['spec.replicas'],
  'apps/ReplicaSet': ['spec.replicas'],
  'autoscaling/HorizontalPodAutoscaler': ['spec.minReplicas', 'spec.maxReplicas'],
  'keda.sh/ScaledObject': ['spec.minReplicaCount', 'spec.maxReplicaCount'],
  'kafka.strimzi.io/KafkaNodePool': ['spec.replicas'],
  'postgresql.cnpg.io/Cluster': ['spec.instances'],
  'rabbitmq.com/RabbitmqCluster': ['spec.replicas'],
  'serving.knative.dev/Service': ['min-scale', 'max-scale'].map(
    (name) => `spec.template.metadata.annotations["autoscaling.knative.dev/${name}"]`,
  ),
};

export function scalesOf(sides: Sides): Scale[] {
  return kept(sides).flatMap(({ kind, after, edits }) => {
    const fields = kind === 'renamed' ? [] : (SCALES[typeOf(after)] ?? []);
    return edits.flatMap((edit) => {
      const field = fieldOf(edit.path);
      if (!fields.includes(field)) return [];
      return [{ ...sides.entry(after), field, before: say(edit.before), after: say(edit.after) }];
    });
  });
}

/** Workloads that go without pods, lose members, or keep running on what has changed under them. */
export function* rolloutCautions(sides: Sides): Iterable<Caution> {
  const { changes, entry } = sides;
  for (const change of changes) {
    if (change.kind === 'removed') continue;
    const { after } = change;
    const was = 'before' in change ? change.before : undefined;
    if (/^(?:Deployment|StatefulSet|ReplicaSet|ReplicationController)$/.test(after.kind)) {
      if (at(after, 'spec', 'replicas') === 0) {
        yield { ...entry(after), rule: 'replicas-zero', level: 'risky', message: 'spec.replicas is 0: no pod runs' };
      }
    }
    if (after.kind === 'StatefulSet' && was) yield* fewerMembers(was, after, sides);
    if (after.kind === 'PodDisruptionBudget' && isBlocking(after)) {
      yield {
        ...entry(after),
        rule: 'blocking-budget',
        level: 'risky',
        message: 'lets no pod go: a node with one of them can never be drained',
      };
    }
    if (was) yield* lostProbes(was, after, sides);
  }
  yield* staleReaders(sides);
}

/** Pods that read their variables when they start, and go on with the old ones. */
function* staleReaders(sides: Sides): Iterable<Caution> {
  const { head, entry } = sides;
  const restarting = new Set(restartsOf(sides).map(({ object }) => object));
  const readers = groupBy(
    head.references.filter(({ field, from }) => ROLLING.has(typeOf(from.object)) && isReadOnce(field, from.object)),
    ({ target }) => target,
  );
  for (const { after, edits, kind } of kept(sides)) {
    if (kind === 'renamed' || !/^(?:ConfigMap|SealedSecret|Secret)$/.test(after.kind)) continue;
    if (!edits.some(({ path }) => /^(?:data|binaryData|stringData|spec)$/.test(`${path[0]}`))) continue;
    const objects = (readers.get(manifestOf(after, head)) ?? []).map(({ from }) => entry(from.object).object);
    const stale = [...new Set(objects)].filter((object) => !restarting.has(object));
    if (!stale.length) continue;
    yield {
      ...entry(after),
      rule: 'config-not-rolled',
      level: 'risky',
      message: `its content changes, and ${stale.join(', ')} would go on with the old one: nothing in the pod template changes`,
      steps: [
        'put a hash of the content into an annotation of the pod template, or restart by hand: kubectl rollout restart',
      ],
    };
  }
}

/** Variables are read at the start; so are most mounted files, but a program may watch them. */
const isReadOnce = (field: string, object: KubeObject) =>
  /\.env(?:From)?\[/.test(field) && !strings(object.metadata.annotations)['reloader.stakater.com/auto'];

function* fewerMembers(was: KubeObject, after: KubeObject, { entry }: Sides): Iterable<Caution> {
  const [from, to] = [Number(at(was, 'spec', 'replicas') ?? 1), Number(at(after, 'spec', 'replicas') ?? 1)];
  if (!(to < from) || to === 0 || !maps(at(after, 'spec', 'volumeClaimTemplates')).length) return;
  const deletes = at(after, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled') === 'Delete';
  yield {
    ...entry(after),
    rule: 'fewer-members',
    level: deletes ? 'destroys' : 'risky',
    message: `loses ${plural(from - to, 'member')} with volumes of their own: ${deletes ? 'the claims are deleted with them (whenScaled: Delete)' : 'the claims stay, and what was only on them is out of reach'}`,
  };
}

function isBlocking({ spec }: KubeObject): boolean {
  const { maxUnavailable, minAvailable } = map(spec);
  return maxUnavailable === 0 || maxUnavailable === '0%' || minAvailable === '100%';
}

function* lostProbes(was: KubeObject, after: KubeObject, { base, head, entry }: Sides): Iterable<Caution> {
  const [old, now] = [was, after].map((object, i) => {
    const manifest = manifestOf(object, i ? head : base);
    return manifest && (i ? head : base).workloadOf(manifest);
  });
  for (const container of old?.containers ?? []) {
    const same = now?.containers.find(({ name }) => name === container.name);
    if (!same) continue;
    for (const probe of ['readinessProbe', 'livenessProbe'] as const) {
      if (!container.spec[probe] || same.spec[probe]) continue;
      const message = `container ${container.name} loses its ${probe}: ${probe === 'readinessProbe' ? 'it gets calls before it can answer them' : 'it stays when it hangs'}`;
      yield { ...entry(after), rule: 'lost-probe', level: 'risky', message };
    }
    const [before, limit] = [container.limits.memory, same.limits.memory].map((value) => quantity(value));
    if (before !== undefined && limit !== undefined && limit < before) {
      const message = `container ${container.name} may use less memory than before (${text(container.limits.memory)} -> ${text(same.limits.memory)}): what needs more is killed`;
      yield { ...entry(after), rule: 'less-memory', level: 'risky', message };
    }
  }
}
