import { objectOf } from './objects.ts';
import type { Caution } from './page.ts';
import { manifestOf, plural, type Sides } from './sides.ts';

/** konflate's bounds for a change that wants a second careful pass. */
const OBJECTS = 60;
const PARENTS = 10;

/** A change too broad to be seen at once, unless it is one change made everywhere. */
export function* sizeCautions({ base, head, changes }: Sides): Iterable<Caution> {
  const parents = new Set(
    changes.map((change) => {
      const manifest = manifestOf(objectOf(change), change.kind === 'removed' ? base : head);
      return manifest?.kustomization ?? manifest?.chart;
    }),
  );
  if (changes.length < OBJECTS && parents.size < PARENTS) return;
  const message = `a change of ${changes.length} objects in ${plural(parents.size, 'part')}: more than one reads at once`;
  yield { object: 'the whole', rule: 'large-changeset', level: 'risky', message };
}
