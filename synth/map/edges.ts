import { callsOf } from '../check/calls.ts';
import { trafficOf } from '../check/traffic.ts';
import { compare } from '../layout.ts';
import type { Index } from '../resolve.ts';
import { routes } from './entries.ts';
import type { Edge } from './model.ts';
import { messages } from './topics.ts';
import type { Vertices } from './vertices.ts';

/** One thing that goes from one vertex to another. */
export interface Passage {
  readonly from: string;
  readonly to: string;
  readonly how: Edge['how'];
  readonly over?: string;
}

/** Everything that passes between two vertices in one way, together. */
export function edgesOf(index: Index, vertices: Vertices): Edge[] {
  const found = new Map<string, { edge: Passage; over: Set<string> }>();
  for (const edge of passages(index, vertices)) {
    const key = `${edge.from}\n${edge.to}\n${edge.how}`;
    const same = found.get(key) ?? { edge, over: new Set() };
    if (edge.over) same.over.add(edge.over);
    found.set(key, same);
  }
  const isPlatform = (id: string) => vertices.get(id)?.role === 'platform';
  return [...found.values()]
    .map(({ edge: { from, to, how }, over }) => ({
      from,
      to,
      how,
      over: [...over].sort((a, b) => compare(a, b)),
      platform: isPlatform(from) || isPlatform(to),
    }))
    .sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to) || compare(a.how, b.how));
}

function* passages(index: Index, vertices: Vertices): Iterable<Passage> {
  for (const { from, to, port, protocol } of callsOf(index, trafficOf(index).network)) {
    yield { from: vertices.ofParty(from), to: vertices.ofParty(to), how: 'calls', over: `${protocol} ${port}` };
  }
  yield* routes(index, vertices);
  yield* messages(index, vertices);
}
