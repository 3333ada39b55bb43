import { at } from '../resolve/json.ts';
import { isMap, same } from './equal.ts';

/** What tells an item of a list from the others: `{ name: 'api' }`. */
export type Identity = Readonly<Record<string, string | number | boolean>>;

/** Place of an item in its list, and what it is known by where the list says that. */
export interface Item {
  readonly place: number;
  readonly identity?: Identity;
}

export interface Matched {
  /** Old and new place of what stayed, in the old order. */
  readonly kept: readonly (readonly [Item, Item])[];
  readonly gone: readonly Item[];
  /** In the new order. */
  readonly come: readonly Item[];
  /** Present where what stayed stands in another order. */
  readonly order?: { readonly before: readonly unknown[]; readonly after: readonly unknown[] };
}

/**
 * What an item is known by, the first that tells every item of both lists apart; the first field must be there.
 * The merge keys of https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy come first, then the
 * habits of custom kinds.
 */
const IDENTITIES: readonly (readonly string[])[] = [
  ['kind', 'namespace', 'name'],
  ['name'],
  ['metadata.name'],
  ['containerPort', 'protocol'],
  ['port', 'protocol'],
  ['mountPath'],
  ['alert'],
  ['record'],
  ['secretKey'],
  ['key', 'operator', 'effect', 'value'],
  ['key'],
  ['topologyKey', 'whenUnsatisfiable'],
  ['host', 'path'],
  ['hostname'],
  ['path'],
  ['id'],
  ['ip'],
  ['type'],
];

/** Which item of one list is which of the other: by what it is known by, else by the longest common order. */
export function matched(before: readonly unknown[], after: readonly unknown[]): Matched {
  for (const fields of IDENTITIES) {
    const [old, now] = [known(before, fields), known(after, fields)];
    if (old && now) return byIdentity(old, now);
  }
  return inOrder(before, after);
}

function known(list: readonly unknown[], fields: readonly string[]): Map<string, Item> | undefined {
  const items = new Map<string, Item>();
  for (const [place, item] of list.entries()) {
    const values = fields.map((field) => [field, at(item, ...field.split('.'))] as const);
    if (!isMap(item) || !isScalar(values[0]![1])) return undefined;
    const entries = values.filter(([, value]) => isScalar(value));
    const key = JSON.stringify(entries);
    if (items.has(key)) return undefined;
    items.set(key, { place, identity: Object.fromEntries(entries) as Identity });
  }
  return items;
}

const isScalar = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function byIdentity(before: ReadonlyMap<string, Item>, after: ReadonlyMap<string, Item>): Matched {
  const kept = [...before].flatMap(([key, item]) => (after.has(key) ? [[item, after.get(key)!] as const] : []));
  const isSorted = kept.every(([, { place }], i) => i === 0 || kept[i - 1]![1].place < place);
  return {
    kept,
    gone: [...before].flatMap(([key, item]) => (after.has(key) ? [] : [item])),
    come: [...after].flatMap(([key, item]) => (before.has(key) ? [] : [item])),
    order: isSorted
      ? undefined
      : {
          before: kept.map(([{ identity }]) => identity),
          after: kept.toSorted(([, a], [, b]) => a.place - b.place).map(([{ identity }]) => identity),
        },
  };
}

const QUADRATIC = 250_000;

/** Equal items in their longest common order; between two of them, what resembles each other. */
function inOrder(before: readonly unknown[], after: readonly unknown[]): Matched {
  const [old, now] = [before.map((item) => JSON.stringify(item)), after.map((item) => JSON.stringify(item))];
  if (before.length === after.length && same(old.toSorted(), now.toSorted())) {
    return { kept: [], gone: [], come: [], order: { before, after } };
  }
  const kept: (readonly [Item, Item])[] = [];
  const gone: Item[] = [];
  const come: Item[] = [];
  let [i, j] = [0, 0];
  for (const [nextOld, nextNow] of [...common(old, now), [before.length, after.length] as const]) {
    while (i < nextOld) {
      const like = resembling(before[i], after, j, nextNow);
      if (like < 0) gone.push({ place: i });
      else {
        while (j < like) come.push({ place: j++ });
        kept.push([{ place: i }, { place: j++ }]);
      }
      i++;
    }
    while (j < nextNow) come.push({ place: j++ });
    if (i < before.length) kept.push([{ place: i++ }, { place: j++ }]);
  }
  return { kept, gone, come };
}

/** Places of the longest common subsequence. */
function common(before: readonly string[], after: readonly string[]): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  let start = 0;
  while (start < before.length && before[start] === after[start]) pairs.push([start, start++]);
  const [m, n] = [before.length - start, after.length - start];
  if (m * n > QUADRATIC) return pairs;
  const lengths = Array.from({ length: m + 1 }, () => new Uint32Array(n + 1));
  for (let i = m - 1; i >= 0; i--) {
    for (let j = n - 1; j >= 0; j--) {
      lengths[i]![j] =
        before[start + i] === after[start + j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  for (let [i, j] = [0, 0]; i < m && j < n; ) {
    if (before[start + i] === after[start + j]) pairs.push([start + i++, start + j++]);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return pairs;
}

/** The first item of `list` from `start` that is `item` with some of it changed; -1 where there is none. */
function resembling(item: unknown, list: readonly unknown[], start: number, end: number): number {
  for (let place = start; place < end && place < start + 50; place++) if (isLike(item, list[place])) return place;
  return -1;
}

function isLike(a: unknown, b: unknown): boolean {
  if (isMap(a) && isMap(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    const equal = [...keys].filter((key) => same(a[key], b[key])).length;
    return equal > 0 || (Object.keys(a).length === 1 && Object.keys(b).length === 1 && keys.size === 1);
  }
  // `--replicas=1` and `--replicas=2`.
  const flag = (value: unknown) => (typeof value === 'string' ? /^(-[^=\s]*|[\w.-]+)=/.exec(value)?.[1] : undefined);
  return flag(a) !== undefined && flag(a) === flag(b);
}
