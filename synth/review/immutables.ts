import { immutableChanges } from '../check/immutable.ts';
import { at, strings } from '../resolve/json.ts';
import { shown } from './listed.ts';
import type { Caution } from './page.ts';
import { kept, kustomizationOf, manifestOf, type Sides } from './sides.ts';
import { editsOf } from './values.ts';
import { sentenceOf } from './words.ts';

/** Fields that the API server never changes, each with the way to the new value. */
export function* immutableCautions(sides: Sides): Iterable<Caution> {
  for (const { kind, before, after } of kept(sides)) {
    if (kind === 'renamed') continue;
    const parent = kustomizationOf(manifestOf(after, sides.head), sides.head);
    const forced =
      at(parent, 'spec', 'force') === true ||
      /^enabled$/i.test(strings(after.metadata.annotations)['kustomize.toolkit.fluxcd.io/force'] ?? '');
    if (forced && after.kind === 'Job') continue;
    for (const { field, migration } of immutableChanges(before, after, sides.head)) {
      const path = field.split('.');
      const values = shown(after, editsOf(at(before, ...path), at(after, ...path), path))
        .slice(0, 3)
        .map(sentenceOf)
        .join('; ');
      const shrinks = field === 'spec.resources.requests.storage';
      if (forced) {
        const holds = /^(?:PersistentVolumeClaim|StatefulSet)$/.test(after.kind);
        const message = `${values}: cannot change in place, and force makes Flux delete the object and make it anew`;
        yield {
          ...sides.entry(after),
          rule: shrinks ? 'pvc-shrink' : 'immutable-field',
          level: holds ? 'destroys' : 'risky',
          message,
        };
        continue;
      }
      const message = shrinks
        ? `${values}: a claim only grows; the API server refuses it, and its Flux Kustomization stops there`
        : `${values}: ${field} cannot change; the API server refuses it, and its Flux Kustomization stops there`;
      yield {
        ...sides.entry(after),
        rule: shrinks ? 'pvc-shrink' : 'immutable-field',
        level: 'risky',
        message,
        steps: stepsOf(migration),
      };
    }
  }
}

/** `1. push; 2. delete` as a list. */
const stepsOf = (migration: string) =>
  /\b1\. /.test(migration)
    ? migration.split(/;? ?\b\d\. /).flatMap((step) => step.trim().replace(/;$/, '') || [])
    : [migration];
