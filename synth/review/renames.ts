import { groupBy } from '../group-by.ts';
import { type KubeObject, typeOf } from '../manifest.ts';
import { isMap } from './equal.ts';

/** Share of fields that have to be alike; lower, and two ServiceAccounts of one system would be one. */
const ALIKE = 0.75;
/** Objects with fewer fields than this say too little to be known again. */
const FEWEST = 3;
/** Pairs of one kind that are compared at most: beyond that only what is equal but for its name is found. */
const MOST = 40_000;

/** For each object that came, the one that went and had much the same content; by kind, each used once. */
export function renamesOf(gone: readonly KubeObject[], come: readonly KubeObject[]): Map<KubeObject, KubeObject> {
  const found = new Map<KubeObject, KubeObject>();
  const kinds = groupBy(gone, typeOf);
  for (const [key, arrived] of groupBy(come, typeOf)) {
    const left = kinds.get(key) ?? [];
    if (!left.length) continue;
    if (left.length * arrived.length > MOST) pairEqual(left, arrived, found);
    else pairLike(left, arrived, found);
  }
  return found;
}

function pairLike(gone: readonly KubeObject[], come: readonly KubeObject[], found: Map<KubeObject, KubeObject>) {
  const leaves = new Map([...gone, ...come].map((object) => [object, leavesOf(object)]));
  const pairs = come.flatMap((now) =>
    gone.flatMap((was) => {
      const alike = likeness(leaves.get(was)!, leaves.get(now)!);
      return alike >= ALIKE ? [{ now, was, alike }] : [];
    }),
  );
  const used = new Set<KubeObject>();
  for (const { now, was } of pairs.sort((a, b) => b.alike - a.alike)) {
    if (used.has(was) || found.has(now)) continue;
    used.add(was);
    found.set(now, was);
  }
}

function pairEqual(gone: readonly KubeObject[], come: readonly KubeObject[], found: Map<KubeObject, KubeObject>) {
  const byContent = groupBy(gone, (object) => JSON.stringify([...leavesOf(object)].sort()));
  for (const object of come) {
    const was = byContent.get(JSON.stringify([...leavesOf(object)].sort()))?.pop();
    if (was) found.set(object, was);
  }
}

/** Every field with its value, the object's own name written as one placeholder. */
function leavesOf({ apiVersion: _, kind: __, metadata, ...rest }: KubeObject): Set<string> {
  const leaves = new Set<string>();
  const { name } = metadata;
  const walk = (value: unknown, path: string) => {
    if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`);
    else if (isMap(value)) for (const key in value) walk(value[key], `${path}.${key}`);
    else leaves.add(`${path}=${typeof value === 'string' ? value.replaceAll(name, '\0') : String(value)}`);
  };
  walk(rest, '');
  const { labels, annotations } = metadata;
  walk({ labels, annotations }, 'metadata');
  return leaves;
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (Math.min(a.size, b.size) < FEWEST) return 0;
  let both = 0;
  for (const leaf of a) if (b.has(leaf)) both++;
  return both / (a.size + b.size - both);
}
