/** Something that points at another, by their ids. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/**
 * A column for every id, so that arrows lead to the right: one more than the furthest of what points at it. Of a
 * circle, the arrow that leads back to where one came from is not counted.
 */
export function layersOf(ids: readonly string[], arrows: readonly Arrow[]): ReadonlyMap<string, number> {
  const out = new Map(ids.map((id) => [id, [] as string[]]));
  const pointedAt = new Set<string>();
  for (const { from, to } of arrows) {
    if (from === to || !out.has(from) || !out.has(to)) continue;
    out.get(from)!.push(to);
    pointedAt.add(to);
  }
  // What nothing points at is where one starts.
  const starts = [...ids.filter((id) => !pointedAt.has(id)), ...ids];
  const order = visited(starts, out);
  const place = new Map(order.map((id, i) => [id, i]));
  const layers = new Map(ids.map((id) => [id, 0]));
  for (const id of order) {
    for (const next of out.get(id)!) {
      if (place.get(next)! > place.get(id)!) layers.set(next, Math.max(layers.get(next)!, layers.get(id)! + 1));
    }
  }
  return layers;
}

/** Depth first, each before all that it leads to, but for circles. */
function visited(starts: readonly string[], out: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>();
  const done: string[] = [];
  for (const start of starts) {
    const path = [{ id: start, next: 0 }];
    if (seen.has(start)) continue;
    seen.add(start);
    while (path.length) {
      const step = path.at(-1)!;
      const next = out.get(step.id)![step.next++];
      if (next === undefined) {
        done.push(step.id);
        path.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        path.push({ id: next, next: 0 });
      }
    }
  }
  return done.reverse();
}

/** The ids of each layer, near to those of the layer before that they have to do with. */
export function inLayers(
  ids: readonly string[],
  arrows: readonly Arrow[],
  layers: ReadonlyMap<string, number>,
): string[][] {
  const columns: string[][] = [];
  for (const id of ids) {
    const layer = layers.get(id)!;
    while (columns.length <= layer) columns.push([]);
    columns[layer]!.push(id);
  }
  const near = new Map(ids.map((id) => [id, [] as string[]]));
  for (const { from, to } of arrows) {
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  const height = new Map<string, number>();
  const measure = (column: readonly string[]) => {
    for (const [i, id] of column.entries()) height.set(id, i / column.length);
  };
  for (const column of columns) measure(column);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const there = sweep % 2 === 0 ? [...columns.keys()] : [...columns.keys()].reverse();
    for (const layer of there) {
      const wanted = new Map(
        columns[layer]!.map((id) => {
          const others = near.get(id)!.filter((other) => height.has(other) && layers.get(other) !== layer);
          const sum = others.reduce((total, other) => total + height.get(other)!, 0);
          return [id, others.length ? sum / others.length : height.get(id)!];
        }),
      );
      // Sorting is stable: of two alike the earlier stays above.
      columns[layer]!.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
      measure(columns[layer]!);
    }
  }
  return columns;
}

/** There and back twice; more changes little: https://doi.org/10.1109/TSMC.1981.4308636 */
const SWEEPS = 4;

/**
 * Columns of at most so many. Every layer has columns of its own, where that does not spread few boxes far; else it
 * goes on in the last one, unless that is half full.
 */
export function packed(layers: readonly (readonly string[])[], most: number): string[][] {
  const own = layers.reduce((sum, { length }) => sum + Math.ceil(length / most), 0);
  const dense = Math.ceil(layers.flat().length / most);
  const least = own <= dense + 2 ? 1 : most / 2;
  const columns: string[][] = [];
  for (const layer of layers) {
    for (const [i, id] of layer.entries()) {
      const last = columns.at(-1);
      if (!last || last.length >= most || (i === 0 && last.length >= least)) columns.push([id]);
      else last.push(id);
    }
  }
  return columns;
}
