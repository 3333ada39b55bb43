import { groupOf, idOf, type KubeObject, nameOf } from '../../../synth/manifest.ts';
import { at } from '../../../synth/resolve/json.ts';
import { same } from '../../../synth/review/equal.ts';
import type { Change } from '../../../synth/review/objects.ts';
import type { Listed } from '../../../synth/review/page.ts';
import type { Edit, Segment } from '../../../synth/review/values.ts';

/** What a reader of the changes would make of the old objects; by identity, as order means nothing to a cluster. */
export function applied(base: readonly KubeObject[], changes: readonly Change[]): Map<string, unknown> {
  const objects = new Map<string, unknown>(base.map((object) => [idOf(object), object]));
  for (const change of changes) {
    if (change.kind !== 'added') objects.delete(idOf(change.before));
  }
  for (const change of changes) {
    if (change.kind === 'added') objects.set(idOf(change.after), change.after);
    else if (change.kind !== 'removed') objects.set(idOf(change.after), edited(change.before, change.edits));
  }
  return objects;
}

/** The same from a page's JSON, where objects are called by their names. */
export function appliedPage(base: readonly KubeObject[], changes: readonly Listed[]): Map<string, unknown> {
  const keyOf = (apiVersion: string, name: string) => `${groupOf(apiVersion)} ${name}`;
  const objects = new Map<string, unknown>(base.map((object) => [keyOf(object.apiVersion, nameOf(object)), object]));
  const before = new Map(objects);
  for (const { kind, apiVersion, object, before: was } of changes) {
    if (kind !== 'added') objects.delete(keyOf(apiVersion, was ?? object));
  }
  for (const { kind, apiVersion, object, before: was, edits = [], after } of changes) {
    if (kind === 'added') objects.set(keyOf(apiVersion, object), after);
    else if (kind !== 'removed')
      objects.set(keyOf(apiVersion, object), edited(before.get(keyOf(apiVersion, was ?? object)), edits));
  }
  return objects;
}

/** Knows nothing of the new value but what the edits say. */
export function edited(value: unknown, edits: readonly Edit[], depth = 0): unknown {
  const own = edits.find(({ path, op }) => path.length === depth && op === 'change');
  if (own) return own.after;
  return Array.isArray(value) ? editedList(value, edits, depth) : editedMap(value as object, edits, depth);
}

function editedMap(value: object, edits: readonly Edit[], depth: number) {
  const result: Record<string, unknown> = { ...value };
  const keys = new Set(edits.map(({ path }) => path[depth] as string));
  for (const key of keys) {
    const inside = edits.filter(({ path }) => path[depth] === key);
    const whole = inside.find(
      ({ path, op, index }) => path.length === depth + 1 && op !== 'change' && op !== 'order' && index === undefined,
    );
    if (whole?.op === 'remove') delete result[key];
    else if (whole) result[key] = whole.after;
    else result[key] = edited(result[key], inside, depth + 1);
  }
  return result;
}

const isAt = (segment: Segment | undefined, item: unknown, place: number) =>
  typeof segment === 'number'
    ? segment === place
    : typeof segment === 'object' &&
      Object.entries(segment).every(([key, value]) => same(at(item, ...key.split('.')), value));

function editedList(list: readonly unknown[], edits: readonly Edit[], depth: number) {
  const isOwn = ({ path }: Edit) => path.length === depth + 1;
  const added = edits.filter((edit) => isOwn(edit) && edit.op === 'add' && edit.index !== undefined);
  const rest = edits.filter((edit) => !added.includes(edit) && edit.path.length > depth);
  let items = list.flatMap((item, place) => {
    const inside = rest.filter(({ path }) => isAt(path[depth], item, place));
    if (inside.some((edit) => isOwn(edit) && edit.op === 'remove')) return [];
    return [{ was: item, is: inside.length ? edited(item, inside, depth + 1) : item }];
  });
  const order = edits.find(({ path, op }) => path.length === depth && op === 'order');
  if (order) {
    const after = order.after as readonly unknown[];
    const left = [...items];
    items = after.map((wanted) => {
      const at = left.findIndex(
        ({ was }) =>
          same(was, wanted) || (typeof wanted === 'object' && wanted !== null && isAt(wanted as Segment, was, -1)),
      );
      return left.splice(at, 1)[0]!;
    });
  }
  const result = items.map(({ is }) => is);
  for (const { index, after } of added) result.splice(index!, 0, after);
  return result;
}
