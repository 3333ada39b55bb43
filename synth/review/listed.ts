import type { KubeObject } from '../manifest.ts';
import { map } from '../resolve/json.ts';
import { named } from './named.ts';
import type { Listed } from './page.ts';
import type { Sides } from './sides.ts';
import { type Edit, editsOf } from './values.ts';

/** Every change as it is printed. */
export const listed = ({ changes, entry }: Sides): Listed[] =>
  changes.map((change) => {
    const object = change.kind === 'removed' ? change.before : change.after;
    const place = { ...entry(object), kind: change.kind, apiVersion: object.apiVersion };
    switch (change.kind) {
      case 'added':
        return { ...place, after: withoutValues(object) };
      case 'removed':
        return place;
      case 'renamed':
        return { ...place, before: entry(change.before).object, edits: shown(object, change.edits) };
      default:
        return { ...place, edits: shown(object, change.edits) };
    }
  });

/** The same changes, without what a new name alone changes in what was renamed. */
export const beyondNames = (sides: Sides): Sides => ({
  ...sides,
  changes: sides.changes.map((change) => {
    if (change.kind !== 'renamed') return change;
    const { before, after } = change;
    return { ...change, edits: editsOf(named(before, before.metadata.name, after.metadata.name), after) };
  }),
});

const HIDDEN = '(hidden)';
const VALUES = new Set(['data', 'stringData']);

/** Holds all of what kubectl has applied: https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration */
const COPY = 'kubectl.kubernetes.io/last-applied-configuration';

const isSecret = ({ apiVersion, kind }: KubeObject) => apiVersion === 'v1' && kind === 'Secret';

/** Values of Secrets are for the cluster alone: a page is mailed, commented and kept. */
export function shown(object: KubeObject, edits: readonly Edit[]): readonly Edit[] {
  if (!isSecret(object)) return edits;
  return edits.map((edit) => {
    const isValue = VALUES.has(`${edit.path[0]}`) || edit.path.at(-1) === COPY;
    if (!isValue && edit.path.at(-1) !== 'annotations') return edit;
    const { inside: _, before, after, ...rest } = edit;
    const hide = isValue ? hidden : withoutCopy;
    return {
      ...rest,
      ...(before === undefined ? {} : { before: hide(before) }),
      ...(after === undefined ? {} : { after: hide(after) }),
    };
  });
}

const hidden = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.keys(value).map((key) => [key, HIDDEN]))
    : HIDDEN;

const withoutCopy = (annotations: unknown) =>
  COPY in map(annotations) ? { ...map(annotations), [COPY]: HIDDEN } : annotations;

function withoutValues(object: KubeObject): KubeObject {
  if (!isSecret(object)) return object;
  const values = Object.entries(object).flatMap(([key, value]) => (VALUES.has(key) ? [[key, hidden(map(value))]] : []));
  const { metadata } = object;
  const { annotations } = metadata;
  return {
    ...object,
    metadata: annotations ? { ...metadata, annotations: withoutCopy(annotations) as typeof annotations } : metadata,
    ...Object.fromEntries(values),
  };
}
