// How a fault is put into words.

/** Keys and list positions from the object down. */
export type Path = (string | number)[];

/** `spec.ports[1].name`, `metadata.labels["app.kubernetes.io/name"]`. */
export const fieldOf = (path: Path) =>
  path
    .map((key, at) =>
      typeof key === 'number' ? `[${key}]` : /^[\w-]+$/.test(key) ? (at ? `.${key}` : key) : `[${JSON.stringify(key)}]`,
    )
    .join('');

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
};
export const named = (type: string | readonly string[]) =>
  [type]
    .flat()
    .map((one) => nouns[one] ?? one)
    .join(' or ');

export function shown(value: unknown) {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value) return 'a map';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

export function retyped(value: unknown, type: string | readonly string[]) {
  if (type === 'string' && typeof value !== 'object') return `quote it: "${value}"`;
  if (typeof value === 'string' && fits(Number(value), type) && value.trim()) return `write ${value} without quotes`;
  if (type === 'boolean' && /^(true|false)$/.test(`${value}`)) return `write ${value} without quotes`;
  return `write ${named(type)}`;
}

/** Whether a value has that JSON Schema type, or one of those. */
export function fits(value: unknown, type: string | readonly string[]): boolean {
  if (typeof type !== 'string') return type.some((one) => fits(value, one));
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/** Names of a large pool say less than how many there are. */
export const few = (names: readonly string[], most = 10) =>
  names.length > most ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
