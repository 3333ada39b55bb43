import { describe, expect, test } from '@jest/globals';
import { ApiObject, App, Chart, JsonPatch, Lazy } from 'cdk8s';
import { IntOrString } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { jsonOf, kind } from '../../imports/api-object.ts';
import fc from '../property.ts';

const chart = () => new Chart(new App(), 'notifi', { namespace: 'notifi', labels: { system: 'notifi' } });
const objectOf = (props: object) => new ApiObject(chart(), 'object', { apiVersion: 'v1', kind: 'ConfigMap', ...props });
/** Both as they are and as they read: toEqual would overlook the order of keys. */
const expectAlike = (object: ApiObject) => {
  const ours = jsonOf(object);
  expect(ours).toEqual(object.toJson());
  expect(JSON.stringify(ours)).toBe(JSON.stringify(object.toJson()));
};

describe('jsonOf', () => {
  test('is what ApiObject.toJson returns, for any JSON', () => {
    const metadata = fc.dictionary(fc.constantFrom('finalizers', 'creationTimestamp', 'b', 'a'), fc.jsonValue());
    const strings = fc.dictionary(fc.string(), fc.string());
    const rest = fc.dictionary(fc.string(), fc.jsonValue());
    const given = fc
      .record({ metadata, labels: strings, annotations: strings, rest })
      // cdk8s copies by assignment, so a key `__proto__` sets a prototype there; no API object has one.
      .filter((props) => !JSON.stringify(props).includes('"__proto__":'));
    fc.assert(
      fc.property(given, ({ metadata: { finalizers: _, ...more }, labels, annotations, rest }) =>
        expectAlike(
          objectOf({ ...rest, apiVersion: 'v1', kind: 'X', metadata: { name: 'x', labels, annotations, ...more } }),
        ),
      ),
    );
  });

  test.each<[string, object]>([
    ['a lazy value', { data: { a: Lazy.any({ produce: () => ({ z: 1, b: [null, undefined, 2] }) }) } }],
    ['a lazy label', { metadata: { annotations: { a: Lazy.any({ produce: () => 'b' }) } } }],
    ['a token', { data: { a: { resolve: () => 'b' } } }],
    ['a union', { data: { port: IntOrString.fromString('http') } }],
    [
      'nulls and empty ones',
      { metadata: { a: [], b: {}, c: null, d: [[], {}] }, data: { a: [], b: {}, c: null, d: undefined } },
    ],
    ['keys out of order', { spec: { b: 1, a: { 10: 1, 9: 2, d: 3, c: 4 } }, data: { z: 'z', a: 'a' } }],
  ])('leaves %s as cdk8s makes it', (_, props) => {
    expectAlike(objectOf(props));
  });

  test('applies patches, and what was added to the metadata', () => {
    const object = objectOf({ data: { a: 'b' } });
    object.metadata.addLabel('c', 'd');
    object.metadata.add('ownerReferences', [{ uid: 'e' }]);
    expectAlike(object);
    object.addJsonPatch(JsonPatch.replace('/data/a', 'z'));
    expectAlike(object);
    expect(jsonOf(object).data).toEqual({ a: 'z' });
  });

  test('refuses what cdk8s refuses', () => {
    expect(() => jsonOf(objectOf({ data: { since: new Date(0) } }))).toThrow("non-simple object of type 'Date'");
  });

  test('a cluster-scoped kind carries no namespace', () => {
    const Role = kind<{ apiVersion: 'rbac.authorization.k8s.io/v1'; kind: 'ClusterRole'; metadata: { name: string } }>(
      'rbac.authorization.k8s.io/v1',
      'ClusterRole',
      'cluster',
    );
    const { metadata } = new Role(chart(), 'role', { metadata: { name: 'reader' } }).toJson();
    expect(metadata).toEqual({ name: 'reader', labels: { system: 'notifi' } });
  });
});
