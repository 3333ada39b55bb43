import { isGuarded } from '../flux.ts';
import { groupBy } from '../group-by.ts';
import { idOf, type KubeObject, nameOf, typeOf } from '../manifest.ts';
import { at, maps, text } from '../resolve/json.ts';
import { selectorOf } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';
import type { Caution, Fate, Removal } from './page.ts';
import { kustomizationOf, manifestOf, plural, removed, type Sides, suspended } from './sides.ts';

/** What Flux's prune does with everything that is gone, https://fluxcd.io/flux/components/kustomize/kustomizations/#prune */
export function removalsOf(sides: Sides): Removal[] {
  const gone = removed(sides).map((object) => ({ ...sides.entry(object), ...fateOf(object, sides) }));
  return [...gone, ...movesOf(sides)];
}

function fateOf(object: KubeObject, { base, head }: Sides): { fate: Fate; why: string } {
  if (isGuarded(object))
    return { fate: 'kept', why: 'guarded against prune: it stays in the cluster, and nothing manages it any more' };
  const before = kustomizationOf(manifestOf(object, base), base);
  if (!before) return { fate: 'unknown', why: 'no Flux Kustomization of this tree applies it' };
  const name = before.metadata.name;
  const now = head.byId(idOf(before))?.object;
  if (suspended(now ?? before))
    return { fate: 'suspended', why: `Kustomization ${name} is suspended: nothing happens until it is resumed` };
  const policy = text(at(now ?? before, 'spec', 'deletionPolicy')) ?? 'MirrorPrune';
  if (!now && policy === 'Orphan')
    return { fate: 'kept', why: `Kustomization ${name} goes too, and its deletionPolicy is Orphan` };
  const prunes =
    at(now ?? before, 'spec', 'prune') === true || (!now && /^(?:Delete|WaitForTermination)$/.test(policy));
  if (!prunes)
    return {
      fate: 'kept',
      why: `Kustomization ${name} does not prune: it stays in the cluster, and nothing manages it any more`,
    };
  return {
    fate: 'deleted',
    why: now ? `Kustomization ${name} prunes it` : `Kustomization ${name} goes, and takes along what it applied`,
  };
}

/** What another Kustomization applies from now on: the old one deletes it, whichever of them comes first. */
function movesOf({ base, head, entry }: Sides): Removal[] {
  return base.manifests.flatMap((manifest) => {
    const before = kustomizationOf(manifest, base);
    const now = before && head.byId(idOf(manifest.object));
    const after = now && kustomizationOf(now, head);
    if (!before || !after || idOf(before) === idOf(after) || isGuarded(manifest.object)) return [];
    const kept = head.byId(idOf(before))?.object;
    if (at(kept ?? before, 'spec', 'prune') !== true) return [];
    const why = `Kustomization ${before.metadata.name} deletes it, and ${after.metadata.name} makes it anew`;
    return [{ ...entry(manifest.object), fate: 'moved' as const, why }];
  });
}

/** Kinds whose deletion takes data along, by `group/Kind`, and what is lost. */
const HOLDING: Readonly<Record<string, string>> = {
  '/Namespace': 'everything in it, volumes included',
  '/PersistentVolumeClaim': 'its volume, unless the storage class retains it',
  '/PersistentVolume': 'the way to its disk',
  'apiextensions.k8s.io/CustomResourceDefinition': 'every object of its kind, in every namespace',
  'postgresql.cnpg.io/Cluster': 'its volumes, which the operator deletes',
  'rabbitmq.com/RabbitmqCluster': 'its volumes, which the operator deletes',
  'rabbitmq.com/Queue': 'the messages in it',
  'rabbitmq.com/Vhost': 'every queue in it',
  'kafka.strimzi.io/KafkaTopic': 'its messages',
  'kafka.strimzi.io/Kafka': 'its cluster; volumes go where deleteClaim says so',
  'longhorn.io/Volume': 'its replicas',
  'snapshot.storage.k8s.io/VolumeSnapshot': 'the snapshot',
  'velero.io/BackupStorageLocation': 'the way to its backups',
};

/** konflate's names where it has one. */
const RULES: Readonly<Record<string, string>> = {
  '/Namespace': 'removed-namespace',
  '/PersistentVolumeClaim': 'removed-pvc',
  'apps/StatefulSet': 'removed-statefulset',
  'apiextensions.k8s.io/CustomResourceDefinition': 'removed-crd',
  'networking.k8s.io/NetworkPolicy': 'removed-networkpolicy',
  'helm.toolkit.fluxcd.io/HelmRelease': 'removed-helmrelease',
  'policy/PodDisruptionBudget': 'removed-budget',
};

/** Cautions about what is gone; what cannot be lost says so. */
export function* removalCautions(sides: Sides, removals: readonly Removal[]): Iterable<Caution> {
  const fates = groupBy(removals, ({ object }) => object);
  for (const object of removed(sides)) {
    const { fate, why } = fates.get(nameOf(object))![0]!;
    const caution = goneCaution(object, fate, sides);
    if (caution) yield { ...sides.entry(object), ...caution, message: `${caution.message}; ${why}` };
  }
  const losing = new Set(
    sides.base.manifests.flatMap(({ object }) =>
      typeOf(object) in HOLDING || losesClaims(object) ? [nameOf(object)] : [],
    ),
  );
  for (const [why, moved] of groupBy(
    removals.filter(({ fate }) => fate === 'moved'),
    (each) => each.why,
  )) {
    const holding = moved.filter(({ object }) => losing.has(object));
    const { object, source } = holding[0] ?? moved[0]!;
    yield {
      rule: 'moved-object',
      level: holding.length ? 'destroys' : 'risky',
      object,
      source,
      message: `${plural(moved.length, 'object')} would change hands: ${why}`,
      steps: [
        'annotate each with kustomize.toolkit.fluxcd.io/prune: disabled where it stands, and push',
        'move it, annotation and all, and push',
        'take the annotation away',
      ],
    };
  }
}

function goneCaution(
  object: KubeObject,
  fate: Fate,
  { base, head }: Sides,
): Pick<Caution, 'rule' | 'level' | 'message'> | undefined {
  const type = typeOf(object);
  const rule = RULES[type] ?? 'removed-data';
  const safe = fate === 'kept' || fate === 'suspended';
  const lost = HOLDING[type];
  if (lost) {
    const message = safe
      ? `removed ${object.kind}`
      : `removed ${object.kind}, and with it ${lost}${contents(object, base.manifests)}`;
    return { rule, level: safe ? 'risky' : 'destroys', message };
  }
  switch (type) {
    case 'apps/StatefulSet': {
      const claims = maps(at(object, 'spec', 'volumeClaimTemplates')).length;
      if (safe) return { rule, level: 'risky', message: 'removed StatefulSet' };
      if (losesClaims(object))
        return {
          rule,
          level: 'destroys',
          message: 'removed StatefulSet: its claims are deleted with it (whenDeleted: Delete)',
        };
      const message = claims
        ? 'removed StatefulSet: its claims stay, and nothing uses them any more'
        : 'removed StatefulSet';
      return { rule, level: 'risky', message };
    }
    case 'helm.toolkit.fluxcd.io/HelmRelease':
      return {
        rule,
        level: 'risky',
        message:
          'removed HelmRelease: the release is uninstalled with all its chart made, kinds in its templates included',
      };
    case 'networking.k8s.io/NetworkPolicy':
      if (outlives(object, base, head)) return undefined;
      return { rule, level: 'risky', message: 'removed NetworkPolicy: traffic that it held back may pass' };
    case 'policy/PodDisruptionBudget':
      if (outlives(object, base, head)) return undefined;
      return { rule, level: 'risky', message: 'removed PodDisruptionBudget: a drain may take all its pods at once' };
    case 'external-secrets.io/ExternalSecret': {
      const generated = maps(at(object, 'spec', 'dataFrom')).some((from) => at(from, 'sourceRef', 'generatorRef'));
      return generated && !safe
        ? { rule, level: 'destroys', message: 'removed ExternalSecret: its generated value exists nowhere else' }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether all the pods it was about go with it; pods that no tree shows may well be there still. */
function outlives({ kind, metadata, spec }: KubeObject, base: Index, head: Index): boolean {
  const selector = selectorOf(at(spec, kind === 'NetworkPolicy' ? 'podSelector' : 'selector'));
  const pods = base.select(metadata.namespace, selector);
  return pods.length > 0 && pods.every(({ manifest }) => !head.byId(idOf(manifest.object)));
}

const losesClaims = ({ spec }: KubeObject) =>
  maps(at(spec, 'volumeClaimTemplates')).length > 0 &&
  at(spec, 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete';

function contents({ kind, metadata }: KubeObject, manifests: readonly { readonly object: KubeObject }[]): string {
  if (kind !== 'Namespace') return '';
  const inside = manifests.filter(({ object }) => object.metadata.namespace === metadata.name);
  const claims = inside.filter(
    ({ object }) => object.kind === 'PersistentVolumeClaim' || maps(at(object, 'spec', 'volumeClaimTemplates')).length,
  );
  return inside.length
    ? ` (${plural(inside.length, 'object')} of this tree${claims.length ? `, volumes of ${claims.map(({ object }) => nameOf(object)).join(', ')}` : ''})`
    : '';
}
