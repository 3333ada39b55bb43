import { expect, test } from '@jest/globals';
import homelab from '../../charts/environments/homelab.ts';
import type { Node } from '../../imports/environment.ts';
import { nodeFindings } from '../../synth/facts.ts';
import { synthesize } from '../../synth/synthesize.ts';

const node: Node = { name: 'pi', arch: 'arm64', cpu: '4', memory: '8Gi', disk: '256Gi' };
const told = (...nodes: Node[]) =>
  nodeFindings({ name: 'home', nodes }).map(({ object, message, fix }) => `${object} ${message}; ${fix}`);

test('nodes with amounts that can be read, and names of their own, are as they should be', () => {
  expect(told(node, { ...node, name: 'pi-2', cpu: '3800m' })).toEqual([]);
});

test.each([
  ['memory', '15GB', '8Gi'],
  ['cpu', '4 cores', '4 or 3500m'],
  ['disk', '0', '256Gi'],
  ['disk', undefined, '256Gi'],
])('%s of %j is refused: everything would fit', (field, value, example) => {
  expect(told({ ...node, [field]: value } as Node)).toEqual([
    `charts/environments/home.ts nodes: ${field} of pi is "${value}", which is no amount; write it like ${example}`,
  ]);
});

test('a name that two nodes have is told once', () => {
  expect(told(node, node, node)).toEqual([
    'charts/environments/home.ts nodes: pi is there twice; give each its own name',
  ]);
});

test('an environment is not written with such nodes', () => {
  const nodes = homelab.nodes.map((each) => ({ ...each, memory: '15GB' }));
  const { findings } = synthesize({ ...homelab, nodes }, new Map());
  expect(findings.filter(({ rule }) => rule === 'node-facts')).toHaveLength(nodes.length);
});
