import { difference } from '../difference.ts';
import { readYaml } from '../read/yaml.ts';
import { isMap } from './equal.ts';
import type { Edit } from './values.ts';

/** What changed in a text. */
export type Inside =
  | { readonly format: 'yaml' | 'json'; readonly edits: readonly Edit[] }
  | { readonly format: 'text'; readonly lines: string };

/** Texts of more than this are compared line by line: reading them as YAML would take longer than the review. */
const LONGEST = 200_000;

/** The difference of two texts as what they are: YAML, JSON, or lines of a script. Undefined for a plain word or number. */
export function insideOf(
  before: unknown,
  after: unknown,
  editsOf: (before: unknown, after: unknown) => readonly Edit[],
): Inside | undefined {
  if (typeof before !== 'string' || typeof after !== 'string') return undefined;
  if (isJson(before) && isJson(after)) {
    const [old, now] = [json(before), json(after)];
    if (old && now) return { format: 'json', edits: editsOf(old, now) };
  }
  if (!before.includes('\n') && !after.includes('\n')) return undefined;
  if (before.length + after.length < LONGEST && MAPPING.test(before) && MAPPING.test(after)) {
    const [old, now] = [readYaml(before).value, readYaml(after).value];
    if (isTree(old) && isTree(now)) return { format: 'yaml', edits: editsOf(old, now) };
  }
  return { format: 'text', lines: difference(before, after) };
}

const isJson = (text: string) => /^\s*[[{]/.test(text);

/** A first line that could be YAML's: a key, a dash, a comment, a document. */
const MAPPING = /^\s*(?:#|---|- |["']?[\w./ -]+["']?:(?:\s|$))/;

const isTree = (value: unknown) => isMap(value) || Array.isArray(value);

function json(text: string): object | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
