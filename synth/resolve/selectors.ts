import { type Json, map, maps, strings, text, texts } from './json.ts';

/** A label selector; both parts hold together, an empty one takes everything. */
export interface Selector {
  readonly labels: Readonly<Record<string, string>>;
  readonly expressions: readonly Expression[];
}

export interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** Reads `matchLabels` and `matchExpressions`. */
export function selectorOf(value: unknown): Selector {
  const source = map(value);
  return { labels: strings(source.matchLabels), expressions: maps(source.matchExpressions).map(expressionOf) };
}

const expressionOf = (source: Json): Expression => ({
  key: text(source.key) ?? '',
  operator: source.operator as Expression['operator'],
  values: texts(source.values),
});

export const isEmpty = ({ labels, expressions }: Selector) => !expressions.length && !Object.keys(labels).length;

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function matches({ labels, expressions }: Selector, of: Readonly<Record<string, string>>): boolean {
  for (const key in labels) if (of[key] !== labels[key]) return false;
  return expressions.every(({ key, operator, values }) => {
    const value = of[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}
