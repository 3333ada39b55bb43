/** What each node needs before it. A needed node that is no key is taken as there. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** The nodes, each after what it needs; of several that could follow, the first in `graph`. Where a cycle blocks, that one goes ahead. */
export function inOrder(graph: Graph): string[] {
  const rest = new Set(graph.keys());
  const ordered: string[] = [];
  while (rest.size) {
    const nodes = [...rest];
    const next = nodes.find((node) => !blocked(graph, node, rest)) ?? nodes[0]!;
    rest.delete(next);
    ordered.push(next);
  }
  return ordered;
}

/** The graph without the needs that another need already brings. For graphs without cycles. */
export function reduced(graph: Graph): Map<string, Set<string>> {
  const reach = new Map<string, Set<string>>();
  for (const node of inOrder(graph)) {
    const needs = [...graph.get(node)!];
    reach.set(node, new Set([...needs, ...needs.flatMap((need) => [...(reach.get(need) ?? [])])]));
  }
  return new Map(
    [...graph].map(([node, needs]) => [
      node,
      new Set([...needs].filter((far) => ![...needs].some((near) => near !== far && reach.get(near)?.has(far)))),
    ]),
  );
}

/** Shortest cycles, no two with a node in common: `[a, b]` where a needs b and b needs a, `[a]` where a needs itself. */
export function cycles(graph: Graph): string[][] {
  const found: string[][] = [];
  const rest = new Set(graph.keys());
  for (;;) {
    peel(graph, rest);
    const [start] = rest;
    if (start === undefined) return found;
    const cycle = wayBack(graph, start, rest);
    if (cycle) found.push(cycle);
    for (const node of cycle ?? [start]) rest.delete(node);
  }
}

/** Takes away whatever cannot be part of a cycle because nothing left stands before it. */
function peel(graph: Graph, rest: Set<string>) {
  for (let before = -1; before !== rest.size; ) {
    before = rest.size;
    for (const node of rest) if (!blocked(graph, node, rest, true)) rest.delete(node);
  }
}

function blocked(graph: Graph, node: string, rest: ReadonlySet<string>, byItself = false) {
  for (const need of graph.get(node)!) if (rest.has(need) && (byItself || need !== node)) return true;
  return false;
}

function wayBack(graph: Graph, start: string, within: ReadonlySet<string>): string[] | undefined {
  const paths = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const need of graph.get(path.at(-1)!)!) {
      if (need === start) return path;
      if (!within.has(need) || seen.has(need)) continue;
      seen.add(need);
      paths.push([...path, need]);
    }
  }
  return undefined;
}
