import { type Labels, type Requirement, satisfies } from '../../imports/placement.ts';
import { type Json, map, maps, strings, text, texts } from './json.ts';

/** A label selector; both parts hold together, an empty one takes everything. */
export interface Selector {
  readonly labels: Labels;
  readonly expressions: readonly Required<Requirement>[];
}

/** Reads `matchLabels` and `matchExpressions`. */
export function selectorOf(value: unknown): Selector {
  const source = map(value);
  return { labels: strings(source.matchLabels), expressions: maps(source.matchExpressions).map(expressionOf) };
}

const expressionOf = (source: Json): Required<Requirement> => ({
  key: text(source.key) ?? '',
  operator: source.operator as Requirement['operator'],
  values: texts(source.values),
});

export const isEmpty = ({ labels, expressions }: Selector) => !expressions.length && !Object.keys(labels).length;

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function matches({ labels, expressions }: Selector, of: Labels): boolean {
  for (const key in labels) if (of[key] !== labels[key]) return false;
  return expressions.every((expression) => satisfies(of, expression));
}
