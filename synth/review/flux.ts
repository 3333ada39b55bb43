import { isGuarded } from '../flux.ts';
import { groupBy } from '../group-by.ts';
import { typeOf } from '../manifest.ts';
import { at, strings } from '../resolve/json.ts';
import { objectOf } from './objects.ts';
import type { Caution, Removal } from './page.ts';
import {
  isFluxKustomization,
  kept,
  kustomizationOf,
  manifestOf,
  plural,
  removed,
  type Sides,
  suspended,
} from './sides.ts';

/** What Flux will do with the change, other than applying it. */
export function* fluxCautions(sides: Sides, removals: readonly Removal[]): Iterable<Caution> {
  yield* switches(sides);
  yield* underSuspended(sides);
  yield* notPruned(sides, removals);
  yield* goneKustomizations(sides);
}

/** Flux's own kinds that are suspended or resumed, and guards that fall. */
function* switches(sides: Sides): Iterable<Caution> {
  for (const { before, after } of kept(sides)) {
    if (/\.toolkit\.fluxcd\.io$/.test(typeOf(after).split('/')[0]!)) {
      if (!suspended(before) && suspended(after)) {
        const message = 'spec.suspend is set: nothing of it is applied until it is resumed';
        yield { ...sides.entry(after), rule: 'suspends', level: 'risky', message };
      } else if (suspended(before) && !suspended(after)) {
        const message = 'spec.suspend is taken away: all that was merged since it was suspended is applied at once';
        yield { ...sides.entry(after), rule: 'resumes', level: 'risky', message };
      }
    }
    if (isFluxKustomization(after) && at(before, 'spec', 'prune') !== true && at(after, 'spec', 'prune') === true) {
      const message =
        'spec.prune is turned on: what was left behind under it since is not deleted, what is removed from now on is';
      yield { ...sides.entry(after), rule: 'prunes', level: 'risky', message };
    }
    if (isGuarded(before) && !isGuarded(after)) {
      const message =
        'the guard against prune is taken away: from now on Flux deletes it once it is gone from the tree';
      yield { ...sides.entry(after), rule: 'guard-removed', level: 'risky', message };
    }
    const force = 'kustomize.toolkit.fluxcd.io/force';
    const isForced = (object: typeof after) =>
      /^enabled$/i.test(strings(object.metadata.annotations)[force] ?? '') || at(object, 'spec', 'force') === true;
    if (!isForced(before) && isForced(after) && after.kind !== 'Job') {
      const message = 'force is turned on: what cannot be changed in place is deleted and made anew, volumes included';
      yield { ...sides.entry(after), rule: 'force-enabled', level: 'risky', message };
    }
  }
}

function* underSuspended(sides: Sides): Iterable<Caution> {
  const { head, base, changes, entry } = sides;
  const parents = changes.flatMap((change) => {
    const [object, index] = [objectOf(change), change.kind === 'removed' ? base : head];
    const parent = kustomizationOf(manifestOf(object, index), index);
    const now = parent && (manifestOf(parent, head)?.object ?? parent);
    return now && suspended(now) ? [now] : [];
  });
  for (const [parent, { length }] of groupBy(parents, (each) => each)) {
    const message = `${plural(length, 'change')} under it, and it is suspended: nothing happens until it is resumed`;
    yield { ...entry(parent), rule: 'suspended-parent', level: 'risky', message };
  }
}

function* notPruned({ base, entry, ...sides }: Sides, removals: readonly Removal[]): Iterable<Caution> {
  const left = new Set(
    removals.flatMap(({ object, fate, why }) => (fate === 'kept' && why.includes('does not prune') ? [object] : [])),
  );
  const parents = removed({ base, entry, ...sides }).flatMap((object) =>
    left.has(entry(object).object) ? (kustomizationOf(manifestOf(object, base), base) ?? []) : [],
  );
  for (const [parent, { length }] of groupBy(parents, (each) => each)) {
    const message = `${plural(length, 'object')} gone from the tree, and it does not prune: ${length === 1 ? 'it stays' : 'they stay'} in the cluster, and nothing manages ${length === 1 ? 'it' : 'them'}`;
    yield { ...entry(parent), rule: 'not-pruned', level: 'risky', message };
  }
}

/** A Kustomization that goes takes along all it ever applied; renamed, the old one does that while the new one applies. */
function* goneKustomizations(sides: Sides): Iterable<Caution> {
  const { base, changes, entry } = sides;
  for (const change of changes) {
    if (change.kind !== 'removed' && change.kind !== 'renamed') continue;
    const { before } = change;
    const isOrphaning = at(before, 'spec', 'deletionPolicy') === 'Orphan';
    if (!isFluxKustomization(before) || at(before, 'spec', 'prune') !== true || isOrphaning) continue;
    const id = `${before.metadata.namespace ?? ''}/${before.metadata.name}`;
    const applied = base.manifests.filter(({ kustomization, object }) => kustomization === id && !isGuarded(object));
    const steps = [
      'set spec.prune: false on it, push, and wait until Flux has seen it',
      'remove or rename it, and push',
      'turn prune on again',
    ];
    const how = change.kind === 'renamed' ? `is renamed to ${change.after.metadata.name}` : 'goes';
    const message = `${how}, and it prunes: Flux deletes ${plural(applied.length, 'object')} that it applied`;
    yield { ...entry(before), rule: 'removed-kustomization', level: 'risky', message, steps };
  }
}
