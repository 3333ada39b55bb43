import { idOf, type KubeObject, type Manifest, nameOf, type Origin, typeOf } from '../manifest.ts';
import { at } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import { type Change, changesOf } from './objects.ts';
import type { Entry } from './page.ts';

/** Both trees of one environment, and what lies between them. */
export interface Sides {
  readonly base: Index;
  readonly head: Index;
  readonly changes: readonly Change[];
  /** Names an object with the line that makes it. */
  entry(object: KubeObject): Entry;
}

export type SourceOf = (object: KubeObject) => Origin | undefined;

export function sidesOf(base: Index, head: Index, sourceOf: SourceOf = () => undefined): Sides {
  const objects = ({ manifests }: Index) => manifests.map(({ object }) => object);
  return {
    base,
    head,
    changes: changesOf(objects(base), objects(head)),
    entry: (object) => ({
      object: nameOf(object),
      source: sourceOf(object) ?? fileOf(object, head) ?? fileOf(object, base),
    }),
  };
}

const fileOf = (object: KubeObject, index: Index) => index.byId(idOf(object))?.file;

export const isFluxKustomization = (object: KubeObject) =>
  typeOf(object) === 'kustomize.toolkit.fluxcd.io/Kustomization';

/** The Flux Kustomization that applies a manifest; nothing where the tree has none for it. */
export function kustomizationOf(manifest: Manifest | undefined, index: Index): KubeObject | undefined {
  if (!manifest?.kustomization) return undefined;
  const [namespace, name] = manifest.kustomization.split('/') as [string, string];
  return index.byId(`kustomize.toolkit.fluxcd.io/Kustomization/${namespace}/${name}`)?.object;
}

export const manifestOf = (object: KubeObject, index: Index) => index.byId(idOf(object));

/** Changes of objects that were there before and still are. */
export const kept = ({ changes }: Sides) =>
  changes.flatMap((change) => (change.kind === 'changed' || change.kind === 'renamed' ? [change] : []));

export const removed = ({ changes }: Sides) =>
  changes.flatMap((change) => (change.kind === 'removed' || change.kind === 'renamed' ? [change.before] : []));

export const say = (value: unknown): string => {
  if (value === undefined) return '(nothing)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

export const suspended = (object: KubeObject | undefined) => at(object, 'spec', 'suspend') === true;

/** `1 object`, `2 objects`. */
export const plural = (count: number, noun: string) =>
  `${count} ${count === 1 ? noun : /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : noun.endsWith('s') ? `${noun}es` : `${noun}s`}`;
