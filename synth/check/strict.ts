import type { Schema } from '../../imports/schemas.ts';
import { formats } from './formats.ts';
import { nearest } from './nearest.ts';
import { fieldOf, fits, named, type Path, retyped, shown } from './wording.ts';

/** Something that the API server would refuse in one field. */
export interface Fault {
  readonly rule:
    | 'unknown-field'
    | 'wrong-type'
    | 'invalid-value'
    | 'invalid-name'
    | 'missing-field'
    | 'duplicate-list-key';
  readonly field: string;
  readonly value: unknown;
  readonly message: string;
  readonly fix: string;
}

/**
 * Everything in `object` that its schema refuses, as the API server's strict decoding, its validation and server-side apply would.
 * `custom`: the schema comes from a CustomResourceDefinition, which takes null only where it says so.
 */
export function strictly(object: unknown, schema: Schema, custom: boolean): Fault[] {
  const faults: Fault[] = [];
  const path: Path = [];

  /** Go reads null and empty text as absent; so it is for the metadata of custom resources too. */
  const lenient = () => !custom || path[0] === 'metadata';

  function found(rule: Fault['rule'], value: unknown, message: string, fix: string) {
    const field = fieldOf(path);
    faults.push({ rule, field, value, message: `${field}: ${message}`, fix });
  }

  function at(key: string | number, value: unknown, schema: Schema) {
    path.push(key);
    visit(value, schema);
    path.pop();
  }

  function visit(value: unknown, schema: Schema) {
    if (value === null ? schema.nullable || lenient() : value === undefined) return;
    const { type } = schema;
    if (type !== undefined && !fits(value, type)) {
      found('wrong-type', value, `${shown(value)} where ${named(type)} belongs`, retyped(value, type));
    } else if (typeof value === 'string' || typeof value === 'number') scalar(value, schema);
    else if (Array.isArray(value)) list(value, schema);
    else if (typeof value === 'object' && value !== null) map(value as Record<string, unknown>, schema);
  }

  function scalar(value: string | number, schema: Schema) {
    const { enum: allowed, format, pattern } = schema;
    if (value === '' && schema.type === 'string' && lenient()) return;
    if (allowed && !allowed.includes(value))
      return refused(value, `one of ${allowed.map((one) => one || '""').join(', ')}`);
    const known = format === undefined ? undefined : formats[format];
    if (known && !known.test(value)) return refused(value, known.says, known.name);
    if (typeof value === 'number') {
      const { minimum = -Infinity, maximum = Infinity } = schema;
      if (value < minimum) refused(value, `${minimum} or more`);
      if (value > maximum) refused(value, `${maximum} or less`);
      return;
    }
    if (pattern !== undefined && !expression(pattern).test(value)) refused(value, `text that matches ${pattern}`);
    counted(value, value.length, 'characters', schema.minLength, schema.maxLength);
  }

  function list(value: readonly unknown[], schema: Schema) {
    counted(value, value.length, 'entries', schema.minItems, schema.maxItems);
    const { items } = schema;
    if (!items) return;
    for (let index = 0; index < value.length; index++) at(index, value[index], items);
    const keys = schema['x-kubernetes-list-map-keys'];
    if (value.length > 1 && (keys || schema['x-kubernetes-list-type'])) unique(value, items, keys);
  }

  function unique(value: readonly unknown[], items: Schema, keys?: readonly string[]) {
    const seen = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const entry = item as Record<string, unknown> | null;
      const identity = keys ? keys.map((key) => entry?.[key] ?? items.properties?.[key]?.default) : item;
      const text = JSON.stringify(identity);
      const first = seen.get(text);
      if (first === undefined) seen.set(text, index);
      else {
        const what = keys ? keys.map((key, at) => `${key} ${(identity as unknown[])[at]}`).join(', ') : text;
        path.push(index);
        found(
          'duplicate-list-key',
          item,
          `${what} stands in entry ${first} too, and Flux's server-side apply refuses that`,
          'remove or rename one of the two',
        );
        path.pop();
      }
    }
  }

  function map(value: Record<string, unknown>, schema: Schema) {
    const { properties, additionalProperties: rest, propertyNames, required } = schema;
    const names = Object.keys(value);
    for (const name of names) {
      const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (known) at(name, value[name], known);
      else if (rest) at(name, value[name], rest);
      else if (rest === false) unknown(name, value[name], Object.keys(properties ?? {}));
      if (propertyNames) at(name, name, propertyNames);
    }
    if (required) for (const name of required) if (absent(value[name])) missing(name, properties?.[name]);
    counted(value, names.length, 'entries', schema.minProperties, schema.maxProperties);
    const one = schema['x-one-of'];
    const some = one ?? schema['x-any-of'];
    const most = one ?? schema['x-at-most-one-of'];
    if (some?.every((name) => absent(value[name]))) {
      found(
        'missing-field',
        value,
        `none of ${some.join(', ')} is set`,
        `set ${one ? 'exactly' : 'at least'} one of them`,
      );
    }
    if (most && most.filter((name) => !absent(value[name])).length > 1) {
      const set = most.filter((name) => !absent(value[name]));
      found('invalid-value', value, `${set.join(' and ')} exclude each other`, 'keep one of them');
    }
  }

  const absent = (value: unknown) => value === undefined || value === null || (value === '' && lenient());

  function unknown(name: string, value: unknown, known: readonly string[]) {
    const near = known.find((other) => other.toLowerCase() === name.toLowerCase()) ?? nearest(name, known);
    path.push(name);
    found(
      'unknown-field',
      value,
      `unknown field${near ? ` (did you mean "${near}"?)` : ''}`,
      near
        ? `write ${near}`
        : known.length
          ? `remove it; known here: ${known.join(', ')}`
          : 'remove it; nothing can be set here',
    );
    path.pop();
  }

  function missing(name: string, schema: Schema | undefined) {
    path.push(name);
    found(
      'missing-field',
      undefined,
      'required, and not set',
      `set it${schema?.enum ? ` to one of ${schema.enum.join(', ')}` : schema?.type ? ` to ${named(schema.type)}` : ''}`,
    );
    path.pop();
  }

  function refused(value: unknown, allowed: string, name?: boolean) {
    found(name ? 'invalid-name' : 'invalid-value', value, `${shown(value)} is not allowed`, `allowed: ${allowed}`);
  }

  function counted(value: unknown, count: number, unit: string, least = 0, most = Infinity) {
    if (count < least) refused(value, `${least} ${unit} or more`);
    // JavaScript counts UTF-16 units, the API server characters.
    if (count > most && (typeof value !== 'string' || [...value].length > most))
      refused(value, `${most} ${unit} or fewer`);
  }

  visit(object, schema);
  return faults;
}

const expressions = new Map<string, RegExp>();
function expression(pattern: string) {
  const compiled = expressions.get(pattern) ?? new RegExp(pattern, 'u');
  expressions.set(pattern, compiled);
  return compiled;
}
