import { describe, expect, test } from '@jest/globals';
import { cycles, type Graph, inOrder, reduced } from '../../synth/graph.ts';
import fc from '../property.ts';

const graph = (needs: Record<string, string>): Graph =>
  new Map(Object.entries(needs).map(([node, list]) => [node, new Set(list.split(' ').filter(Boolean))]));

/** Nodes n0..n<size>, each needing only later ones: no cycles. */
const acyclic = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc
      .array(fc.array(fc.boolean(), { minLength: size, maxLength: size }), { minLength: size, maxLength: size })
      .map(
        (matrix): Graph =>
          new Map(matrix.map((row, i) => [`n${i}`, new Set(row.flatMap((set, j) => (set && j > i ? [`n${j}`] : [])))])),
      ),
  );

function reachable(graph: Graph, from: string, seen = new Set<string>()): Set<string> {
  for (const need of graph.get(from) ?? []) if (!seen.has(need)) reachable(graph, need, seen.add(need));
  return seen;
}

describe('order', () => {
  test('each after what it needs, ties as given', () => {
    expect(inOrder(graph({ z: '', b: 'c z', a: '', c: '' }))).toEqual(['z', 'a', 'c', 'b']);
  });

  test('a cycle goes ahead where nothing else can', () => {
    expect(inOrder(graph({ c: 'a', a: 'b', b: 'a', d: '' }))).toEqual(['d', 'c', 'a', 'b']);
  });

  test('holds for any graph without cycles', () => {
    fc.assert(
      fc.property(acyclic, (graph) => {
        const order = inOrder(graph);
        expect([...order].sort()).toEqual([...graph.keys()].sort());
        for (const [node, needs] of graph)
          for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(node));
      }),
    );
  });
});

describe('reduction', () => {
  test('drops what another need brings', () => {
    expect(reduced(graph({ a: '', b: 'a', c: 'a b', d: 'a b c' })).get('d')).toEqual(new Set(['c']));
  });

  test('keeps what is reachable, and no edge can be left out', () => {
    fc.assert(
      fc.property(acyclic, (graph) => {
        const less = reduced(graph);
        for (const [node, needs] of less) {
          expect(reachable(less, node)).toEqual(reachable(graph, node));
          for (const need of needs) {
            const without = new Map(less).set(node, new Set([...needs].filter((other) => other !== need)));
            expect(reachable(without, node).has(need)).toBe(false);
          }
        }
      }),
    );
  });
});

describe('cycles', () => {
  test('the shortest, without what hangs on it', () => {
    expect(cycles(graph({ x: 'a', a: 'b y', b: 'c a', c: 'a', y: '' }))).toEqual([['a', 'b']]);
  });

  test('each knot once, and a node that needs itself', () => {
    expect(cycles(graph({ a: 'b', b: 'a c', c: 'd', d: 'c', e: 'e', f: 'e' }))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e'],
    ]);
  });

  test('none in a graph without', () => {
    fc.assert(fc.property(acyclic, (graph) => expect(cycles(graph)).toEqual([])));
  });

  test('a long chain of needs is no problem', () => {
    const chain = new Map(Array.from({ length: 4000 }, (_, i) => [`n${i}`, new Set([`n${i + 1}`])]));
    expect(cycles(new Map(chain).set('n4000', new Set()))).toEqual([]);
  });
});
