import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { LineCounter, Node, Document as YamlDocument } from 'yaml';

// Only a document that a finding points into is parsed again, by a reader that keeps positions; it is loaded when first needed.
const require = createRequire(import.meta.url);
const yaml = () => require('yaml') as typeof import('yaml');

/** Finds lines in one file; documents that were parsed once are kept. */
class Positions {
  readonly #lines: readonly string[];
  readonly #read = new Map<number, ReturnType<typeof read>>();

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  lineOf(line: number, field: string): number {
    const isMark = (at: number) => /^---(\s|$)/.test(this.#lines[at]!);
    let first = line - 1;
    while (first > 0 && !isMark(first)) first -= 1;
    const { document, counter } = this.#read.get(first) ?? this.#parse(first, isMark);
    const lineAt = (node: unknown) => first + counter.linePos((node as Node).range?.[0] ?? 0).line;

    const { isMap, isSeq } = yaml();
    let node: unknown = document.contents;
    const items = isMap(node) && String(node.get('kind')).endsWith('List') ? node.get('items', true) : undefined;
    if (isSeq(items)) node = items.items.find((item) => lineAt(item) === line) ?? node;
    let found = line;
    for (const segment of segments(field)) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => String((key as { value?: unknown })?.value) === segment);
        if (!pair) break;
        found = lineAt(pair.key);
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(segment)];
        if (!node) break;
        found = lineAt(node);
      } else break;
    }
    return found;
  }

  #parse(first: number, isMark: (line: number) => boolean) {
    let last = first + 1;
    while (last < this.#lines.length && !isMark(last)) last += 1;
    const parsed = read(this.#lines.slice(first, last).join('\n').replace(/^---/, '   '));
    this.#read.set(first, parsed);
    return parsed;
  }
}

/**
 * The line of `field` (`spec.template.spec.containers[0].ports[1].name`, `metadata.labels["a.b/c"]`) in the document, or the item
 * of a List, that begins at `line` of `text`; of the nearest field above it where that is not written there.
 */
export const lineOf = (text: string, line: number, field: string) => new Positions(text).lineOf(line, field);

/** For each item of a List, its line, from 1, within the document. */
export function itemLines(text: string): readonly number[] {
  const { document, counter } = read(text);
  const { isMap, isSeq } = yaml();
  const items = isMap(document.contents) ? document.contents.get('items', true) : undefined;
  return isSeq(items) ? items.items.map((item) => counter.linePos((item as Node).range?.[0] ?? 0).line) : [];
}

/** `lineOf` over files below `root`; each is read once. */
export function lineFinder(root: string): (file: string, line: number, field: string) => number {
  const files = new Map<string, Positions>();
  return (file, line, field) => {
    try {
      const positions =
        files.get(file) ?? new Positions(readFileSync(resolve(root, file), 'utf8').replace(/^\uFEFF/, ''));
      files.set(file, positions);
      return positions.lineOf(line, field);
    } catch {
      return line;
    }
  };
}

function read(text: string): { readonly document: YamlDocument; readonly counter: LineCounter } {
  const { LineCounter, parseDocument } = yaml();
  const counter = new LineCounter();
  return {
    document: parseDocument(text, { lineCounter: counter, uniqueKeys: false, logLevel: 'silent', version: '1.1' }),
    counter,
  };
}

/** `a["b.c"][0].d` to its parts. */
function segments(field: string): readonly string[] {
  const parts = field.matchAll(/\[(\d+)\]|\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]|([^.[\]]+)/g);
  return [...parts].map(([, index, double, single, bare, name]) => index ?? double ?? single ?? bare ?? name ?? '');
}
