import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { charts } from '../../charts/versions.ts';
import { file, type Known, pathsOf } from './chart-values.ts';
import { releases } from './releases.ts';

const known: Readonly<Record<string, Known>> = JSON.parse(readFileSync(file, 'utf8'));
const rendered = releases();

test('every chart that is released was read, at the version that is pinned', () => {
  const pinned = Object.entries(charts).map(([chart, { version }]) => [chart, version]);
  const read = Object.entries(known).map(([chart, { version }]) => [chart, version]);
  expect(Object.fromEntries(read)).toEqual(Object.fromEntries(pinned));
  expect([...rendered.keys()].filter((chart) => !(chart in charts))).toEqual([]);
});

describe.each(Object.entries(known))('%s', (chart, { keys, free }) => {
  test('has every value that it is given', () => {
    const given = new Set((rendered.get(chart) ?? []).flatMap((values) => pathsOf(values)).filter(Boolean));
    const under = (path: string, parent: string) => path === parent || path.startsWith(`${parent}.`);
    const strange = [...given].filter((path) => !keys.includes(path) && !free.some((parent) => under(path, parent)));
    expect(strange).toEqual([]);
  });
});

test('a value that a chart does not have is told apart', () => {
  expect(pathsOf({ a: { b: 1, c: {} }, d: [1] })).toEqual(['a.b', 'a.c', 'd']);
  const { keys, free } = known['traefik']!;
  expect(free).toContain('service.spec');
  // What the plans set, and what became of it: the Service stays a load balancer.
  expect([...keys, ...free]).not.toContain('service.type');
});
