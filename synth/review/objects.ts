import { idOf, type KubeObject } from '../manifest.ts';
import { renamesOf } from './renames.ts';
import { type Edit, editsOf } from './values.ts';

/** What became of one object. */
export type Change =
  | { readonly kind: 'added'; readonly after: KubeObject }
  | { readonly kind: 'removed'; readonly before: KubeObject }
  | {
      /** `renamed`: gone under one name, and there under another with much the same content. */
      readonly kind: 'changed' | 'renamed';
      readonly before: KubeObject;
      readonly after: KubeObject;
      readonly edits: readonly Edit[];
    };

/** The object of a change, as it will be where it stays. */
export const objectOf = (change: Change): KubeObject => (change.kind === 'removed' ? change.before : change.after);

/**
 * Compares two lists of objects by identity (group, kind, namespace, name), in the order of the new list; what is gone
 * comes last. Objects that are the same one in memory are not looked into.
 */
export function changesOf(before: readonly KubeObject[], after: readonly KubeObject[]): Change[] {
  const [old, now] = [byIdentity(before), byIdentity(after)];
  const come = [...now].flatMap(([id, object]) => (old.has(id) ? [] : [object]));
  const gone = [...old].flatMap(([id, object]) => (now.has(id) ? [] : [object]));
  const renames = renamesOf(gone, come);
  const renamed = new Set(renames.values());
  const changes: Change[] = [];
  for (const [id, object] of now) {
    const was = old.get(id);
    const former = was ?? renames.get(object);
    if (!former) changes.push({ kind: 'added', after: object });
    else if (former !== object) {
      const edits = editsOf(former, object);
      if (edits.length) changes.push({ kind: was ? 'changed' : 'renamed', before: former, after: object, edits });
    }
  }
  for (const object of gone) if (!renamed.has(object)) changes.push({ kind: 'removed', before: object });
  return changes;
}

/** Two alike are told apart by their number. */
function byIdentity(objects: readonly KubeObject[]): Map<string, KubeObject> {
  const found = new Map<string, KubeObject>();
  for (const object of objects) {
    const id = idOf(object);
    let key = id;
    for (let number = 2; found.has(key); number++) key = `${id} ${number}`;
    found.set(key, object);
  }
  return found;
}
