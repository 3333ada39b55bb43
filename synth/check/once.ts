import type { Index } from '../resolve.ts';

/** `work` on an index, done when the first rule asks for it, and the same for all others. */
export function oncePerIndex<T>(work: (index: Index) => T): (index: Index) => T {
  const done = new WeakMap<Index, { readonly result: T }>();
  return (index) => {
    const known = done.get(index) ?? { result: work(index) };
    done.set(index, known);
    return known.result;
  };
}
