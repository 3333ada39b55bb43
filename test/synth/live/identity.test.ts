import { expect, test } from '@jest/globals';
import type { NodePool } from '../../../imports/environment.ts';
import { recognize, type Traits } from '../../../synth/live/identity.ts';
import { environment } from '../../constructs/render.ts';

const [node] = environment.nodes;
const home = { ...environment, name: 'home', nodes: ['a', 'b', 'c'].map((name) => ({ ...node!, name })) };
const traits = (more: Partial<Traits> = {}): Traits => ({
  uid: 'u-1',
  nodes: ['a', 'b', 'c'],
  version: 'v1.34.4+k3s1',
  paths: [],
  ...more,
});
const refusal = (of: Partial<Traits>, env: Parameters<typeof recognize>[0] = home) =>
  recognize(env, traits(of)).refusal;

test('the right one is known by its machines, also while some are gone or new', () => {
  expect(recognize(home, traits())).toEqual({ isFollowed: false, notes: [] });
  expect(recognize(home, traits({ nodes: ['a', 'b', 'z'] }))).toEqual({
    isFollowed: false,
    notes: ['nodes of the environment that it does not have: c', 'nodes that the environment does not have: z'],
  });
});

test('one with other machines is refused, and what would tell that it is right is said', () => {
  expect(refusal({ nodes: ['a', 'x'] })).toBe(
    "is not home: its nodes are a, x, and home has a, b, c; choose another with --context, or, if it is the right one, correct the nodes, or add to charts/environments/home.ts: clusterUid: 'u-1',",
  );
});

test('the folder that Flux follows says more than names of machines', () => {
  expect(recognize(home, traits({ nodes: ['x'], paths: ['./apps', './clusters/home'] }))).toMatchObject({
    isFollowed: true,
  });
  expect(refusal({ nodes: ['x'], paths: ['clusters/home/'] })).toBeUndefined();
  expect(refusal({ paths: ['./clusters/barn', './clusters/barn/apps'] })).toBe(
    'is not home: Flux there follows clusters/barn; choose another with --context',
  );
});

test('the UID says more than anything else', () => {
  const known = { ...home, clusterUid: 'u-1' };
  expect(refusal({ nodes: ['x'] }, known)).toBeUndefined();
  expect(refusal({ uid: 'u-2', paths: ['./clusters/home'] }, known)).toContain(
    'the UID of its kube-system is u-2, and clusterUid in charts/environments/home.ts is u-1',
  );
  expect(refusal({ paths: ['./clusters/barn'] }, known)).toContain('follows clusters/barn');
});

test('machines of a pool have no names to be known by, and none may be hidden', () => {
  const pool: NodePool = { ...node!, name: 'pool', count: 3 };
  const managed = { ...home, nodes: [pool] };
  expect(refusal({}, managed)).toContain("add to charts/environments/home.ts: clusterUid: 'u-1',");
  expect(recognize(managed, traits({ paths: ['./clusters/home'] }))).toEqual({ isFollowed: true, notes: [] });
  const { nodes: _, ...blind } = traits();
  expect(recognize(home, blind).refusal).toContain('nodes may not be read');
});

test('another minor version is a note', () => {
  expect(recognize(home, traits({ version: 'v1.33.1' })).notes).toEqual([
    'its API server is v1.33.1, and the environment says 1.34',
  ]);
});
