import type { Marks } from './images.ts';
import type { KubeObject } from './manifest.ts';
import { checksum, firstLine, isAggregate } from './ownership.ts';

export interface File {
  /** Relative to `clusters/`: `studio/notifi/event-processor.yaml`. */
  readonly path: string;
  /** The source a reader is sent to: `charts/notifi/services.ts`. */
  readonly source: string;
  readonly objects: readonly KubeObject[];
  readonly marks?: Marks;
}

/** A generated file: its first line, with a checksum unless it is an aggregate, then one document per object. */
export function emitFile({ path, source, objects, marks }: File): string {
  const written = objects.map(withoutEmptyAnnotations);
  const text = written.map((object) => toYaml(object, marks)).join('---\n');
  return `${firstLine(source, isAggregate(path) ? undefined : checksum(path, written, text))}\n${text}`;
}

/** Image automation drops an empty map of annotations; so nobody ever writes one. */
function withoutEmptyAnnotations(object: KubeObject): KubeObject {
  const { annotations, ...metadata } = object.metadata ?? {};
  return annotations && !Object.keys(annotations).length
    ? { ...object, metadata: metadata as KubeObject['metadata'] }
    : object;
}

/**
 * One document of block style YAML that YAML 1.1 and 1.2 readers read alike, keys in the object's order.
 * Strings of several lines are literal block scalars; nothing is folded, aliased or tagged. Flux's image automation
 * re-emits every document of a file it touches (https://github.com/kubernetes-sigs/kustomize/tree/master/kyaml over
 * https://github.com/yaml/go-yaml/blob/v3/emitterc.go): what that emitter would not write back byte for byte is written
 * here the way it would be, so its commits change the tag alone.
 * Refused: what JSON does not have (functions, NaN, half a surrogate pair).
 */
export function toYaml(object: object, marks: Marks = new Map()): string {
  return `${entries(object, '\n', marks) || '{}'}\n`;
}

/** `pad` is the line break and indentation in front of every key but the first, which follows what is there. */
function entries(map: object, pad: string, marks: Marks): string {
  let out = '';
  for (const key of Object.keys(map)) {
    const value = (map as Record<string, unknown>)[key];
    if (value === undefined) continue;
    if (out) out += pad;
    out += keyOf(key);
    if (typeof value === 'string') out += ` ${scalar(value, pad, marks)}`;
    else if (Array.isArray(value) && value.length) out += pad + items(value, pad, marks);
    else {
      const text = isMapping(value) && entries(value, `${pad}  `, marks);
      out += text ? `${pad}  ${text}` : ` ${leaf(value)}`;
    }
  }
  return out;
}

/** Dashes stand below the first letter of their key, as kubectl writes them. */
function items(list: readonly unknown[], pad: string, marks: Marks): string {
  let out = '';
  for (const item of list) {
    out += out ? `${pad}- ` : '- ';
    if (typeof item === 'string') out += scalar(item, pad, marks);
    else if (Array.isArray(item) && item.length) out += items(item, `${pad}  `, marks);
    else out += (isMapping(item) && entries(item, `${pad}  `, marks)) || leaf(item);
  }
  return out;
}

const isMapping = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function leaf(value: unknown): string {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return `${value}`;
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? '[]' : '{}';
  throw new Error(`${String(value)} (${typeof value}): not a JSON value, which is all that Kubernetes takes`);
}

function scalar(text: string, pad: string, marks: Marks): string {
  const mark = marks.get(text);
  if (mark !== undefined) return `${lineOf(text)} # ${mark}`;
  return text.includes('\n') && isLiteral(text) ? literal(text, pad) : lineOf(text);
}

const lines = new Map<string, string>();
const keys = new Map<string, string>();

/** Most scalars and keys of an environment repeat; the short ones are decided once. */
function remembered(memory: Map<string, string>, text: string, write: (text: string) => string): string {
  let line = memory.get(text);
  if (line === undefined) {
    line = write(text);
    if (text.length < 100) memory.set(text, line);
  }
  return line;
}

const lineOf = (text: string) => remembered(lines, text, singleLine);
const keyOf = (text: string) => remembered(keys, text, (key) => `${singleLine(key)}:`);

/** Always escaped: controls, line separators, byte order marks and all beyond the basic plane (emoji). */
const UNPRINTABLE = /[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]|[\u2028\u2029\ufeff]/u;
const TO_ESCAPE = new RegExp(`["\\\\]|${UNPRINTABLE.source}`, 'gu');
const PLAIN_START = /^(?:[\w/.$()+^~;<=\\\u00a1-\ufffd]|--?[a-z])/i;
const PLAIN_STOP = /: |:$| #| $|\u00a0|^(?:---|\.\.\.)/;

/** Read as null, a boolean, a number, a time or a merge by some YAML 1.1 or 1.2 reader, where a string is meant. */
const AMBIGUOUS = new RegExp(
  [
    'y|n|yes|no|on|off|true|false|null|~|=|<<|[-+]?\\.?(?:inf|infinity|nan)',
    '[-+]?[0-9_,]*(?::[0-9_]+)*(?:\\.[0-9_]*)?(?:e[-+]?[0-9_]+)?',
    '[-+]?0(?:x[0-9a-f_]*|o?[0-7_]*|b[01_]*)',
    '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*',
  ]
    .map((form) => `^(?:${form})$`)
    .join('|'),
  'i',
);

function singleLine(text: string): string {
  if (UNPRINTABLE.test(text)) return `"${text.replace(TO_ESCAPE, escaped)}"`;
  if (PLAIN_START.test(text) && !PLAIN_STOP.test(text) && !AMBIGUOUS.test(text)) return text;
  return /["\\]/.test(text) ? `'${text.replaceAll("'", "''")}'` : `"${text}"`;
}

// https://yaml.org/spec/1.2.2/#57-escaped-characters
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
};

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  if (code >= 0xd800 && code <= 0xdfff) {
    throw new Error(`\\u${code.toString(16)}: half of a surrogate pair is no character, and no file can hold it`);
  }
  const [letter, width] = code > 0xffff ? ['U', 8] : code > 0xff ? ['u', 4] : ['x', 2];
  return `\\${ESCAPES[character] ?? `${letter}${code.toString(16).toUpperCase().padStart(width, '0')}`}`;
}

/**
 * Not in a block: spaces at the end of a line, what is always escaped, and a tab in front (Go's reader takes it for
 * indentation and refuses the file).
 */
const isLiteral = (text: string) =>
  /[^\n]/.test(text) && !/^\t| \n| $/.test(text) && !UNPRINTABLE.test(text.replace(/[\t\n]/g, ''));

function literal(text: string, pad: string): string {
  const hint = text.startsWith(' ') || text.startsWith('\n') ? '2' : '';
  const chomp = text.endsWith('\n\n') ? '+' : text.endsWith('\n') ? '' : '-';
  const body = chomp === '-' ? text : text.slice(0, -1);
  return `|${hint}${chomp}${`\n${body}`.replace(/\n(?!\n|$)/g, `${pad}  `)}`;
}
