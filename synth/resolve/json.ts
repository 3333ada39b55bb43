// Manifests may be anyone's YAML: these readers never throw on a value of the wrong type (that finding is the shape check's).

export type Json = Readonly<Record<string, unknown>>;

const NONE: Json = Object.freeze({});

/** The mapping at `value`, or an empty one. */
export const map = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : NONE;

/** The mappings of a list. */
export const maps = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(map) : []);

/** The strings of a list. */
export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/** A string that is not empty. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** A port as fields of type IntOrString give it. */
export const port = (value: unknown): number | string | undefined => number(value) ?? text(value);

/** The mapping of strings at `value` (labels, selectors): what is no string is left out. */
export function strings(value: unknown): Readonly<Record<string, string>> {
  const source = map(value);
  if (Object.values(source).every((item) => typeof item === 'string')) return source as Record<string, string>;
  return Object.fromEntries(Object.entries(source).filter(([, item]) => typeof item === 'string')) as Record<
    string,
    string
  >;
}

/** The value with every text in it changed; keys stay as they are. */
export function inTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => inTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inTexts(item, change)]));
}

/** The value under a path of mappings. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = map(current)[key];
  return current;
}
