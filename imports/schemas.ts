import { readFileSync } from 'node:fs';
import { isServed } from './kinds.ts';

/**
 * The part of JSON Schema in which imports/schemas/ is written, with Kubernetes' own keywords and three of ours.
 * The formats are those of the API server's OpenAPI and of synth/check/formats.ts.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly nullable?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false | Schema;
  readonly propertyNames?: Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly default?: unknown;
  readonly 'x-kubernetes-list-type'?: 'set';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  /** Of these fields exactly one is set; at least one; at most one. */
  readonly 'x-one-of'?: readonly string[];
  readonly 'x-any-of'?: readonly string[];
  readonly 'x-at-most-one-of'?: readonly string[];
}

type File = { readonly $defs: Readonly<Record<string, Schema>> };

const files = new Map<string, File>();

/** Read when first asked for: an environment needs about a dozen of the sixty files. */
function file(name: string): File {
  let read = files.get(name);
  if (!read) {
    read = JSON.parse(readFileSync(new URL(`./schemas/${name}`, import.meta.url), 'utf8')) as File;
    files.set(name, read);
    link(read.$defs, name);
  }
  return read;
}

/** Puts in place of each `$ref` the definition itself: the tree becomes a graph, and checking never looks anything up. */
function link(node: object, home: string) {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value !== 'object' || value === null) continue;
    const ref = (value as Schema).$ref;
    if (typeof ref !== 'string') {
      link(value, home);
      continue;
    }
    const [name, definition] = ref.split('#/$defs/');
    (node as Record<string, unknown>)[key] = file(name || home).$defs[definition!];
  }
}

/** The strict shape of a kind, its references resolved; undefined for an API version or kind that is not known. */
export const schemaOf = (apiVersion: string, kind: string): Schema | undefined =>
  isServed(apiVersion, kind) ? file(`${apiVersion.replace('/', '_')}.json`).$defs[kind] : undefined;
