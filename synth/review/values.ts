import { type Inside, insideOf } from './embedded.ts';
import { isMap, same } from './equal.ts';
import { type Identity, type Item, matched } from './lists.ts';

/** A field, the place in a list, or what a list's item is known by: `{ name: 'api' }`. */
export type Segment = string | number | Identity;
export type Path = readonly Segment[];

/** One difference between two values. */
export interface Edit {
  /** Items of lists stand by what they are known by, else by their place: in the new list for `add`, else in the old. */
  readonly path: Path;
  /** `order`: the items of a list that stay stand in another order, which `after` gives. */
  readonly op: 'add' | 'remove' | 'change' | 'order';
  readonly before?: unknown;
  readonly after?: unknown;
  /** Place in the new list of an item that was added. */
  readonly index?: number;
  /** What changed in a text: in the YAML or JSON that it is, or line by line. */
  readonly inside?: Inside;
}

/** What leads from `before` to `after`, in the order of the fields. */
export function editsOf(before: unknown, after: unknown, path: Path = []): Edit[] {
  const edits: Edit[] = [];
  walk(before, after, path, edits);
  return edits;
}

function walk(before: unknown, after: unknown, path: Path, edits: Edit[]) {
  if (before === after) return;
  if (isMap(before) && isMap(after)) {
    for (const key of Object.keys(before)) {
      if (before[key] === undefined) continue;
      if (after[key] === undefined) edits.push({ path: [...path, key], op: 'remove', before: before[key] });
      else walk(before[key], after[key], [...path, key], edits);
    }
    for (const key of Object.keys(after)) {
      if (before[key] === undefined && after[key] !== undefined) {
        edits.push({ path: [...path, key], op: 'add', after: after[key] });
      }
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    if (!same(before, after)) walkLists(before, after, path, edits);
  } else {
    const inside = insideOf(before, after, editsOf);
    edits.push({ path, op: 'change', before, after, ...(inside ? { inside } : {}) });
  }
}

function walkLists(before: readonly unknown[], after: readonly unknown[], path: Path, edits: Edit[]) {
  const { kept, gone, come, order } = matched(before, after);
  const at = ({ identity, place }: Item): Path => [...path, identity ?? place];
  for (const [old, now] of kept) walk(before[old.place], after[now.place], at(old), edits);
  for (const item of gone) edits.push({ path: at(item), op: 'remove', before: before[item.place] });
  if (order) edits.push({ path, op: 'order', before: order.before, after: order.after });
  for (const item of come) edits.push({ path: at(item), op: 'add', after: after[item.place], index: item.place });
}

const PLAIN = /^[\w-]+$/;

/** `spec.template.spec.containers[name=api].image`, `data["app.yaml"]`. */
export function fieldOf(path: Path): string {
  return path.reduce<string>((field, segment) => {
    if (typeof segment === 'number') return `${field}[${segment}]`;
    if (typeof segment === 'object') return `${field}[${identityText(segment)}]`;
    if (!PLAIN.test(segment)) return `${field}["${segment}"]`;
    return field ? `${field}.${segment}` : segment;
  }, '');
}

const identityText = (identity: Identity) =>
  Object.entries(identity)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
