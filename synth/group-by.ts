/** Items by what `by` says of them, both in the order they came in. */
export function groupBy<K, T>(items: Iterable<T>, by: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) push(groups, by(item), item);
  return groups;
}

/** Adds to the list that the map has under a key. */
export function push<K, T>(groups: Map<K, T[]>, key: K, item: T) {
  const group = groups.get(key);
  if (group) group.push(item);
  else groups.set(key, [item]);
}
