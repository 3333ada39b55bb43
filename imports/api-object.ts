import { ApiObject, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

/**
 * A class for objects of one kind, typed by its interface, which is all that is imported of the package that has it:
 * types cost nothing at run time, where loading the generated classes would cost more than rendering a cluster.
 * The literal is the YAML; `new KubeService(this, 'service', { metadata, spec })` adds apiVersion and kind.
 */
export function kind<T extends { apiVersion: string; kind: string }>(
  apiVersion: T['apiVersion'],
  name: T['kind'],
  scope: 'namespaced' | 'cluster' = 'namespaced',
) {
  return class extends ApiObject {
    constructor(parent: Construct, id: string, props: Omit<T, 'apiVersion' | 'kind' | 'status'>) {
      super(parent, id, { ...props, apiVersion, kind: name });
    }

    override toJson() {
      const object = jsonOf(this);
      // cdk8s puts the chart's namespace on every object.
      if (scope === 'cluster') delete object.metadata.namespace;
      return object;
    }
  };
}

/**
 * What `ApiObject.toJson` returns, in one walk: cdk8s takes four, and asks three resolvers about every value. An object
 * with patches, or anything else but JSON and lazy values, is left to cdk8s.
 */
// biome-ignore lint/suspicious/noExplicitAny: as cdk8s types it
export function jsonOf(construct: ApiObject): any {
  const { props, patches, metadata } = construct as unknown as Internals;
  const { apiObject, _additionalAttributes, ...own } = metadata;
  try {
    if (patches.length) throw NOT_JSON;
    const { apiVersion, kind, ...rest } = props;
    const meta = json({ ..._additionalAttributes, ...own }, true) as object;
    return { apiVersion, kind, metadata: meta, ...(json({ ...rest, metadata: undefined }, false) as object) };
  } catch (error) {
    if (error === NOT_JSON) return ApiObject.prototype.toJson.call(construct);
    throw error;
  }
}

/** Private fields of cdk8s, which is pinned; test/synth/api-object.test.ts compares the outcome. */
interface Internals {
  readonly props: { readonly apiVersion: string; readonly kind: string };
  readonly patches: readonly unknown[];
  readonly metadata: { readonly apiObject: unknown; readonly _additionalAttributes: object };
}

const NOT_JSON = new Error('not JSON');

/** Keys in order, without nulls; in metadata, cdk8s leaves out what is empty. */
function json(value: unknown, dropsEmpty: boolean): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'function') throw NOT_JSON;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    return value.length || !dropsEmpty ? value.map((item) => json(item, dropsEmpty)) : undefined;
  }
  if (value instanceof Lazy) return json(value.produce(), dropsEmpty);
  const from = value as Record<string, unknown>;
  if (from.constructor !== Object || typeof from.resolve === 'function') throw NOT_JSON;
  const to: Record<string, unknown> = {};
  let empty = true;
  for (const key of Object.keys(from).sort()) {
    const inner = json(from[key], dropsEmpty);
    if (inner === undefined) continue;
    to[key] = inner;
    empty = false;
  }
  return empty && dropsEmpty ? undefined : to;
}
