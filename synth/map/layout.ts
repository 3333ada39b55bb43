import { groupBy } from '../group-by.ts';
import { compare } from '../layout.ts';
import { type Arrow, inLayers, layersOf, packed } from './layers.ts';
import type { ClusterMap, Edge, Vertex } from './model.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A namespace, or what is no part of the cluster, with its vertices in the order they are read in. */
export interface Group extends Rect {
  readonly title: string;
  readonly namespace?: string;
  readonly platform: boolean;
  readonly boxes: readonly Box[];
}

export interface Box extends Rect {
  readonly vertex: Vertex;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly groups: readonly Group[];
  /** One line per pair of vertices, under all that passes between them. */
  readonly lines: readonly { readonly edges: readonly Edge[]; readonly from: Box; readonly to: Box }[];
  /** From a broker to what it holds. */
  readonly held: readonly { readonly from: Box; readonly to: Box }[];
}

const BOX = { width: 190, height: 38 };
/** Of a box with one line of text. */
const FLAT = 26;
const GAP = { x: 54, y: 10 };
const PAD = { x: 14, top: 34, bottom: 14 };
const BETWEEN = { x: 64, y: 22 };
const MARGIN = 16;

/** Columns from what comes in to what is outside, and below them whatever the platform runs. */
export function layOut({ vertices, edges }: ClusterMap): Picture {
  const seen = edges.filter(({ platform }) => !platform);
  const busy = new Set(seen.flatMap(({ from, to }) => [from, to]));
  const jobs = new Set(vertices.flatMap(({ role, id }) => (role === 'job' ? [id] : [])));
  const arrows: Arrow[] = [
    // A job stands behind what it serves, not between that and its callers.
    ...seen.map(({ from, to }) => (jobs.has(from) ? { from: to, to: from } : { from, to })),
    ...vertices.flatMap(({ on, id }) => (on ? [{ from: on, to: id }] : [])),
  ];
  // Pods that only the platform makes and calls, like those that prove a domain, come and go.
  const own = gathered(
    vertices.filter(({ role, kind, id }) => role !== 'platform' && (kind !== 'pods' || busy.has(id))),
  );
  const titles = new Map(vertices.map((vertex) => [vertex.id, titleOf(vertex)]));

  const systems = columnsOf([...own.keys()], titles, seen);
  const groups: Group[] = [];
  let x = MARGIN;
  const blocks = systems.map((column) => column.map((title) => block(title, own.get(title)!, arrows)));
  const tallest = Math.max(0, ...blocks.map(heightOf));
  for (const column of blocks) {
    let y = MARGIN + (tallest - heightOf(column)) / 2;
    for (const group of column) {
      groups.push(moved(group, x, y));
      y += group.height + BETWEEN.y;
    }
    x += Math.max(...column.map(({ width }) => width)) + BETWEEN.x;
  }

  const platform = gathered(vertices.filter(({ role }) => role === 'platform'));
  const width = Math.max(x - BETWEEN.x, LEAST);
  const parts = [...platform].map(([title, members]) => block(title, members, [], true));
  groups.push(...shelved(parts, width, tallest ? MARGIN + tallest + BETWEEN.y * 2 : MARGIN));

  const boxes = new Map(groups.flatMap((group) => group.boxes.map((box) => [box.vertex.id, box] as const)));
  return {
    width: Math.max(...groups.map((group) => group.x + group.width), 0) + MARGIN,
    height: Math.max(...groups.map((group) => group.y + group.height), 0) + MARGIN,
    groups,
    lines: linesOf(edges, boxes),
    held: vertices.flatMap(({ on, id }) => (on ? [{ from: boxes.get(on)!, to: boxes.get(id)! }] : [])),
  };
}

/** A picture is at least as wide as a small screen. */
const LEAST = 1000;

const titleOf = ({ role, namespace }: Vertex) =>
  role === 'entry' ? 'comes in by' : role === 'outside' ? 'outside' : (namespace ?? 'cluster');

const gathered = (vertices: readonly Vertex[]) => groupBy(vertices, titleOf);

/** Titles by column: a namespace stands right of those that call into it, what is outside right of all. */
function columnsOf(titles: readonly string[], of: ReadonlyMap<string, string>, edges: readonly Edge[]): string[][] {
  const arrows = edges.map(({ from, to }) => ({ from: of.get(from)!, to: of.get(to)! }));
  const inside = titles.filter((title) => title !== 'outside').sort((a, b) => weight(b) - weight(a) || compare(a, b));
  const columns = inLayers(inside, arrows, layersOf(inside, arrows));
  if (!titles.includes('outside')) return columns;
  // Below what stands right already, so that lines to it cross nothing.
  return columns.length > 2 ? [...columns.slice(0, -1), [...columns.at(-1)!, 'outside']] : [...columns, ['outside']];
}

/** Who comes in is where one starts to read. */
const weight = (title: string) => (title === 'comes in by' ? 1 : 0);

/** One namespace by itself, at 0, 0. */
function block(title: string, members: readonly Vertex[], arrows: readonly Arrow[], platform = false): Group {
  const ids = members.map(({ id }) => id);
  const layers = inLayers(ids, arrows, layersOf(ids, arrows));
  const most = Math.max(6, Math.ceil(Math.sqrt(members.length * TALL)));
  const columns = packed(layers, most);
  const byId = new Map(members.map((vertex) => [vertex.id, vertex]));
  const height = platform ? FLAT : BOX.height;
  const rows = Math.max(...columns.map(({ length }) => length));
  const boxes = columns.flatMap((column, i) =>
    column.map((id, row) => ({
      vertex: byId.get(id)!,
      x: PAD.x + i * (BOX.width + GAP.x),
      y: PAD.top + row * (height + GAP.y),
      width: BOX.width,
      height,
    })),
  );
  return {
    title,
    namespace: members[0]!.namespace,
    platform,
    boxes,
    x: 0,
    y: 0,
    width: PAD.x * 2 + columns.length * (BOX.width + GAP.x) - GAP.x,
    height: PAD.top + PAD.bottom + rows * (height + GAP.y) - GAP.y,
  };
}

/** Boxes are flat: as many rows as make a block about twice as wide as it is high. */
const TALL = 2.6;

/** Blocks side by side, in as many rows as the width asks for. */
function shelved(parts: readonly Group[], width: number, top: number): Group[] {
  const groups: Group[] = [];
  let [x, y, tallest] = [MARGIN, top, 0];
  for (const part of parts) {
    if (x > MARGIN && x + part.width > width) [x, y, tallest] = [MARGIN, y + tallest + BETWEEN.y, 0];
    groups.push(moved(part, x, y));
    x += part.width + BETWEEN.y;
    tallest = Math.max(tallest, part.height);
  }
  return groups;
}

const heightOf = (column: readonly Group[]) =>
  column.reduce((sum, { height }) => sum + height, 0) + (column.length - 1) * BETWEEN.y;

const moved = (group: Group, x: number, y: number): Group => ({
  ...group,
  x,
  y,
  boxes: group.boxes.map((box) => ({ ...box, x: box.x + x, y: box.y + y })),
});

function linesOf(edges: readonly Edge[], boxes: ReadonlyMap<string, Box>): Picture['lines'] {
  // Members of one store talk among themselves: the details say so.
  const others = edges.filter(({ from, to }) => from !== to);
  const pairs = groupBy(others, ({ from, to }) => `${from}\n${to}`);
  return [...pairs.values()].flatMap((same) => {
    const [from, to] = [boxes.get(same[0]!.from), boxes.get(same[0]!.to)];
    return from && to ? [{ edges: same, from, to }] : [];
  });
}
