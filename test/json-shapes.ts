// The notation of docs/json.md: values with the type in the place of each value.
import { readFileSync } from 'node:fs';

type Shape =
  | {
      readonly kind: 'object';
      readonly fields: ReadonlyMap<string, { readonly optional: boolean; readonly shape: Shape }>;
    }
  | { readonly kind: 'record' | 'list'; readonly of: Shape }
  | { readonly kind: 'union'; readonly of: readonly Shape[] }
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'name'; readonly name: string };

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/"[^"]*"|\d+|\w+|[{}[\]:,?|]/g) ?? [];
    const left = text.replaceAll(/"[^"]*"|\d+|\w+|[{}[\]:,?|]|\s/g, '');
    if (left) throw new Error(`${left}: is not of the notation`);
  }

  whole(): Shape {
    const shape = this.#union();
    if (this.#at < this.#tokens.length)
      throw new Error(`${this.#tokens.slice(this.#at).join(' ')}: follows a whole shape`);
    return shape;
  }

  #union(): Shape {
    const of = [this.#one()];
    while (this.#skips('|')) of.push(this.#one());
    return of.length > 1 ? { kind: 'union', of } : of[0]!;
  }

  #one(): Shape {
    const token = this.#take();
    if (token === '{') return this.#object();
    if (token === '[') {
      const of = this.#union();
      this.#want(']');
      return { kind: 'list', of };
    }
    if (token.startsWith('"')) return { kind: 'literal', value: token.slice(1, -1) };
    return /^\d/.test(token) ? { kind: 'literal', value: Number(token) } : { kind: 'name', name: token };
  }

  #object(): Shape {
    if (this.#skips('[')) {
      for (const token of ['string', ']', ':']) this.#want(token);
      const of = this.#union();
      this.#want('}');
      return { kind: 'record', of };
    }
    const fields = new Map<string, { optional: boolean; shape: Shape }>();
    do {
      const name = this.#take();
      const optional = this.#skips('?');
      this.#want(':');
      fields.set(name, { optional, shape: this.#union() });
    } while (this.#skips(','));
    this.#want('}');
    return { kind: 'object', fields };
  }

  #take(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('a shape ends half-way');
    return token;
  }

  #skips(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #want(token: string) {
    const found = this.#take();
    if (found !== token) throw new Error(`${found}: stands in the place of ${token}`);
  }
}

const typeOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);
const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === 'object';

/** The shapes of a page, and which parts of them values had. */
export class Shapes {
  readonly #named = new Map<string, Shape>();
  readonly #seen = new Set<Shape>();

  /** By the heading or by the name that they stand under. */
  constructor(page: string) {
    for (const section of page.split(/^## /m).slice(1)) {
      const heading = section.slice(0, section.indexOf('\n'));
      for (const [, name, text] of section.matchAll(/^```shape(?: (\w+))?\n([\s\S]*?)^```$/gm)) {
        this.#named.set(name ?? `## ${heading}`, new Reader(text!).whole());
      }
    }
  }

  get headings(): string[] {
    return [...this.#named.keys()].flatMap((name) => (name.startsWith('## ') ? [name.slice(3)] : []));
  }

  /** What of the value is not as the page says. */
  problems(name: string, value: unknown): string[] {
    return this.#problems({ kind: 'name', name }, value, '$');
  }

  /** Fields and alternatives of the page that no value had; without those of `except`. */
  unseen(except: readonly string[] = []): string[] {
    return [...this.#named].flatMap(([name, shape]) => (except.includes(name) ? [] : this.#unseen(shape, name)));
  }

  #problems(shape: Shape, value: unknown, path: string): string[] {
    const wrong = (wanted: string) => [`${path}: ${JSON.stringify(value)} is no ${wanted}`];
    const found = (problems: string[]) => {
      if (!problems.length) this.#seen.add(shape);
      return problems;
    };
    switch (shape.kind) {
      case 'name': {
        if (shape.name === 'any' || shape.name === typeOf(value)) return found([]);
        const named = this.#named.get(shape.name);
        return named ? found(this.#problems(named, value, path)) : wrong(shape.name);
      }
      case 'literal':
        return found(shape.value === value ? [] : wrong(`${shape.value}`));
      case 'union':
        return found(shape.of.some((each) => !this.#problems(each, value, path).length) ? [] : wrong('alternative'));
      case 'list':
        if (!Array.isArray(value)) return wrong('list');
        return found(value.flatMap((item, index) => this.#problems(shape.of, item, `${path}[${index}]`)));
      case 'record':
        if (!isObject(value)) return wrong('object');
        return found(Object.entries(value).flatMap(([key, item]) => this.#problems(shape.of, item, `${path}.${key}`)));
      case 'object': {
        if (!isObject(value)) return wrong('object');
        const more = Object.keys(value).filter((key) => !shape.fields.has(key));
        return found([
          ...more.map((key) => `${path}.${key}: is not in the page`),
          ...[...shape.fields].flatMap(([key, { optional, shape: field }]) => {
            if (key in value) return this.#problems(field, value[key], `${path}.${key}`);
            return optional ? [] : [`${path}.${key}: is missing`];
          }),
        ]);
      }
    }
  }

  #unseen(shape: Shape, path: string): string[] {
    if (!this.#seen.has(shape)) return [path];
    switch (shape.kind) {
      case 'object':
        return [...shape.fields].flatMap(([key, { shape: field }]) => this.#unseen(field, `${path}.${key}`));
      case 'record':
      case 'list':
        return this.#unseen(shape.of, `${path}[]`);
      case 'union':
        return shape.of.flatMap((each, index) => this.#unseen(each, `${path}|${index + 1}`));
      default:
        return [];
    }
  }
}

/** Those of the page. */
export const documentedShapes = () => new Shapes(readFileSync(new URL('../docs/json.md', import.meta.url), 'utf8'));
