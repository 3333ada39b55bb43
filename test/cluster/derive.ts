// From the API server's own OpenAPI v3 to compact JSON Schemas: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
import type { Served } from '../../imports/kinds.ts';
import { tightened } from './tighten.ts';

/** The keywords that are read here, of OpenAPI and of JSON Schema. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  pattern?: string;
  [keyword: string]: unknown;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `/openapi/v3/apis/apps/v1`, as far as it is read here. */
export interface OpenApi {
  readonly paths: Record<string, Record<string, { 'x-kubernetes-group-version-kind'?: GroupVersionKind }>>;
  readonly components?: { readonly schemas?: Record<string, Schema> };
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** Types whose decoder reads another form than their OpenAPI says, or whose content is somebody else's. */
const replaced: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'], format: 'quantity' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'object' },
  [`${META}FieldsV1`]: { type: 'object' },
};

/** Copied as they are; descriptions, CEL, patch strategies and defaults are not needed to check a shape. */
const kept =
  'type nullable enum format minimum maximum minLength maxLength minItems maxItems minProperties maxProperties'.split(
    ' ',
  );

const apiVersionOf = ({ group, version }: GroupVersionKind) => (group ? `${group}/${version}` : version);
const last = (definition: string) => definition.slice(definition.lastIndexOf('.') + 1);
const prefix = (definition: string) => definition.slice(0, definition.lastIndexOf('.') + 1);

/** Kinds that can be created and read back, by API version and scope: reviews, bindings and evictions are calls, not objects. */
export function kindsOf(documents: readonly OpenApi[]): Record<string, Served> {
  const served: Record<string, { namespaced?: string[]; cluster?: string[]; custom?: boolean }> = {};
  for (const { paths } of documents) {
    for (const [path, { post }] of Object.entries(paths)) {
      const created = post?.['x-kubernetes-group-version-kind'];
      // Knative's *.internal.* objects are made by its controllers only.
      if (!created || created.group.includes('.internal.') || !paths[`${path}/{name}`]?.['get']) continue;
      served[apiVersionOf(created)] ??= {};
      const kinds = served[apiVersionOf(created)]!;
      const scope = path.includes('/namespaces/{namespace}/') ? 'namespaced' : 'cluster';
      kinds[scope] = [...(kinds[scope] ?? []), created.kind].sort();
      const definition = `${created.group.split('.').reverse().join('.')}.${created.version}.${created.kind}`;
      if (documents.some(({ components }) => components?.schemas?.[definition])) kinds.custom = true;
    }
  }
  return served;
}

/** JSON Schemas of those kinds and of all they refer to: by file (`apps_v1.json`) and definition. */
export function schemasOf(documents: readonly OpenApi[], served: Readonly<Record<string, Served>>) {
  const definitions = new Map(documents.flatMap(({ components }) => Object.entries(components?.schemas ?? {})));
  const files: Record<string, Record<string, Schema>> = {};
  /** `io.k8s.api.rbac.v1.` to `rbac.authorization.k8s.io_v1.json`. */
  const homes = new Map([[META, 'meta_v1.json']]);
  const roots: string[] = [];
  for (const [name, schema] of definitions) {
    const [only, ...others] = (schema['x-kubernetes-group-version-kind'] ?? []) as GroupVersionKind[];
    if (!only || others.length || name.startsWith(META)) continue;
    const { namespaced = [], cluster = [] } = served[apiVersionOf(only)] ?? {};
    homes.set(prefix(name), `${apiVersionOf(only).replace('/', '_')}.json`);
    if ([...namespaced, ...cluster].includes(only.kind)) roots.push(name);
  }

  function refer(from: string, definition: string): Schema {
    const file = homes.get(prefix(definition));
    if (!file) throw new Error(`${definition}: no API version is known for this definition`);
    const name = last(definition);
    files[file] ??= {};
    const defs = files[file];
    if (!defs[name]) {
      defs[name] = {};
      const { status, ...properties } = definitions.get(definition)!.properties ?? {};
      // Written by controllers; what else is said there is ignored.
      if (status && roots.includes(definition))
        properties['status'] = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
      else if (status) properties['status'] = status;
      defs[name] = tightened(definition, compact({ ...definitions.get(definition), properties }, file));
    }
    return { $ref: `${file === from ? '' : file}#/$defs/${name}` };
  }

  function compact(schema: Schema, file: string): Schema {
    const wrapped = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]!.$ref : undefined);
    if (wrapped) {
      const definition = wrapped.slice(wrapped.lastIndexOf('/') + 1);
      return replaced[definition] ?? refer(file, definition);
    }
    const result: Schema = {};
    for (const keyword of kept) if (schema[keyword] !== undefined) result[keyword] = schema[keyword];
    if (schema['x-kubernetes-int-or-string']) result.type = ['integer', 'string'];
    if (schema.allOf) Object.assign(result, ...schema.allOf);
    if (schema.pattern) result.pattern = javascript(schema.pattern);
    if (schema.items) result.items = compact(schema.items, file);
    const keys = schema['x-kubernetes-list-map-keys'] as string[] | undefined;
    if (keys) result['x-kubernetes-list-map-keys'] = keys;
    else if (schema['x-kubernetes-list-type'] === 'set') result['x-kubernetes-list-type'] = 'set';
    const { additionalProperties: rest, properties = {}, required = [] } = schema;
    const custom = !file.startsWith('meta') && served[file.slice(0, -'.json'.length).replace('_', '/')]?.custom;
    const names = Object.keys(properties).sort();
    const property: Record<string, Schema> = {};
    if (names.length) result.properties = property;
    for (const name of names) {
      property[name] = compact(properties[name]!, file);
      const filled = properties[name]!['default'];
      // A default may be part of what makes an entry unique; other defaults matter only as they stand in for null.
      if (name === 'protocol' && filled) property[name] = { ...property[name], default: filled };
      else if (custom && filled !== undefined) property[name] = { ...property[name], nullable: true };
    }
    const needed = required.filter((name) => !custom || properties[name]?.['default'] === undefined).sort();
    if (needed.length) result.required = needed;
    const open = schema['x-kubernetes-preserve-unknown-fields'] || rest === true;
    if (typeof rest === 'object') result.additionalProperties = compact(rest, file);
    else if (result.type === 'object' && !open) result.additionalProperties = false;
    return result;
  }

  for (const root of roots.sort()) refer('', root);
  return files;
}

/** Names every subschema that occurs twice: generated CRDs spell the same Secret reference out fifty times. */
export function share(defs: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const counts = new Map<string, number>();
  const count = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const text = JSON.stringify(node);
    const seen = counts.get(text) ?? 0;
    counts.set(text, seen + 1);
    // What stands inside a repeated part is repeated with it.
    if (!seen) Object.values(node).forEach(count);
  };
  Object.values(defs).forEach(count);
  const names = new Map<string, string>();
  const result: Record<string, Schema> = { ...defs };
  const inside = (node: object, name: string) =>
    Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        replace(value, /^(items|additionalProperties|properties)$/.test(key) ? name : key),
      ]),
    );
  const replace = (node: unknown, name: string): unknown => {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return node;
    const text = JSON.stringify(node);
    const isSchema = typeof (node as Schema).type !== 'object' || Array.isArray((node as Schema).type);
    if (!isSchema || text.length < 100 || (counts.get(text) ?? 0) < 2) return inside(node, name);
    let unique = names.get(text);
    if (!unique) {
      unique = name;
      for (let number = 2; result[unique]; number++) unique = `${name}${number}`;
      names.set(text, unique);
      result[unique] = {};
      result[unique] = inside(node, name);
    }
    return { $ref: `#/$defs/${unique}` };
  };
  for (const [name, schema] of Object.entries(defs)) result[name] = inside(schema, name);
  return result;
}

/** Go's RE2 knows `(?i)`, JavaScript does not: both cases are spelled out. */
const javascript = (pattern: string) =>
  pattern.includes('(?i)')
    ? pattern.replaceAll('(?i)', '').replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)
    : pattern;
