import { describe, expect, test } from '@jest/globals';
import { groupOf, idOf, type KubeObject, nameOf } from '../../../synth/manifest.ts';
import { resolve } from '../../../synth/resolve.ts';
import { changesOf } from '../../../synth/review/objects.ts';
import { reviewOf } from '../../../synth/review/review.ts';
import { editsOf, fieldOf } from '../../../synth/review/values.ts';
import fc from '../../property.ts';
import { applied, appliedPage, edited } from './apply.ts';

const said = (before: unknown, after: unknown) =>
  editsOf(before, after).map(
    ({ op, path, before, after }) => `${op} ${fieldOf(path)} ${JSON.stringify([before, after])}`,
  );

describe('editsOf', () => {
  test('knows a container, a port and a variable by their names, wherever they stand', () => {
    const env = (...names: string[]) => ({ env: names.map((name) => ({ name, value: name })) });
    expect(said(env('A', 'B'), env('A', 'NEW', 'B'))).toEqual([
      'add env[name=NEW] [null,{"name":"NEW","value":"NEW"}]',
    ]);
    expect(said(env('A', 'B'), env('B', 'A'))).toEqual([
      'order env [[{"name":"A"},{"name":"B"}],[{"name":"B"},{"name":"A"}]]',
    ]);
  });

  test('matches what has no name by likeness: a rule in between is added, not every later one changed', () => {
    const rule = (app: string) => ({ from: [{ podSelector: { matchLabels: { app } } }] });
    expect(said([rule('a'), rule('b')], [rule('a'), rule('x'), rule('b')])).toEqual([
      `add [1] [null,${JSON.stringify(rule('x'))}]`,
    ]);
  });

  test('pairs a flag with its new value', () => {
    expect(said({ args: ['-v', '--size=1'] }, { args: ['-v', '--size=2', '--new'] })).toEqual([
      'change args[1] ["--size=1","--size=2"]',
      'add args[2] [null,"--new"]',
    ]);
  });

  test('looks into YAML, JSON and scripts', () => {
    const inside = (before: string, after: string) => editsOf({ a: before }, { a: after })[0]!.inside;
    expect(inside('server:\n  port: 80\n', 'server:\n  port: 90\n')).toMatchObject({
      format: 'yaml',
      edits: [{ path: ['server', 'port'], before: 80, after: 90 }],
    });
    expect(inside('{"a":[1]}', '{"a": [1]}')).toEqual({ format: 'json', edits: [] });
    expect(inside('set -e\nrun a\n', 'set -e\nrun b\n')).toEqual({
      format: 'text',
      lines: ' set -e\n-run a\n+run b',
    });
    expect(inside('a', 'b')).toBeUndefined();
  });
});

const object = (kind: string, name: string, rest: object): KubeObject =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'notifi' }, ...rest }) as KubeObject;

describe('changesOf', () => {
  test('finds a rename by content, and not between things that merely resemble each other', () => {
    const service = (name: string, port: number) =>
      object('Service', name, {
        spec: { selector: { app: name }, type: 'ClusterIP', ports: [{ name: 'http', port, targetPort: port }] },
      });
    const [change] = changesOf([service('api', 80)], [service('web', 80)]);
    expect(change).toMatchObject({ kind: 'renamed', before: { metadata: { name: 'api' } } });
    expect(changesOf([service('api', 80)], [service('web', 9000)]).map(({ kind }) => kind)).toEqual([
      'added',
      'removed',
    ]);
  });

  test('says nothing of equal objects', () => {
    expect(changesOf([object('ConfigMap', 'a', {})], [object('ConfigMap', 'a', {})])).toEqual([]);
  });
});

const key = fc.constantFrom('name', 'key', 'spec', 'env', 'ports', 'value', 'x');
const leaf = fc.oneof(
  fc.constantFrom<unknown>('a', 'b', '--a=1', '--a=2', 1, 2, true, null),
  fc.constantFrom('a: 1\nb: [1]\n', 'a: 2\nb: [1]\n', 'line\nline\n', '{"a": 1}', '{"a": 2}', '- 1\n- 2\n'),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, leaf, tie('map'), tie('list')),
  map: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  list: fc.array(tie('value'), { maxLength: 5 }),
}));

test('the edits of two values, applied to the one, give the other', () => {
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.dictionary(key, value), (before, after) => {
      expect(edited(before, editsOf(before, after))).toEqual(after);
    }),
    { numRuns: 500 },
  );
});

const objects = fc
  .uniqueArray(
    fc.record({
      apiVersion: fc.constantFrom('v1', 'apps/v1'),
      kind: fc.constantFrom('ConfigMap', 'Deployment'),
      metadata: fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), namespace: fc.constantFrom('x', 'y') }),
      spec: fc.dictionary(key, value),
    }),
    { selector: (each) => idOf(each), maxLength: 8 },
  )
  .map((list) => list as readonly KubeObject[]);

test('the changes between two trees, applied to the base, give the head', () => {
  fc.assert(
    fc.property(objects, objects, (base, head) => {
      const result = applied(base, changesOf(base, head));
      expect(result).toEqual(new Map(head.map((each) => [idOf(each), each])));
    }),
    { numRuns: 500 },
  );
});

test("a page's listed changes, applied to the base, give the head, whatever the objects look like", () => {
  const indexOf = (list: readonly KubeObject[]) =>
    resolve(
      { manifests: list.map((each, i) => ({ object: each, path: `${i}`, chart: 'c', unit: 'u' })), declared: [] },
      { provides: [], closed: false },
    );
  fc.assert(
    fc.property(objects, objects, (base, head) => {
      const page = reviewOf(indexOf(base), indexOf(head), { environment: 'home' });
      const read = JSON.parse(JSON.stringify(page)).changes as typeof page.changes;
      expect(appliedPage(base, read)).toEqual(
        new Map(head.map((each) => [`${groupOf(each.apiVersion)} ${nameOf(each)}`, each])),
      );
    }),
    { numRuns: 100 },
  );
});
