import { isGuarded } from '../flux/guards.ts';
import { groupOf, idOf, type KubeObject, typeOf } from '../manifest.ts';
import { at, maps, strings } from '../resolve/json.ts';
import { OWNER_NAME, OWNER_NAMESPACE } from './drift.ts';

/** What a Kustomization's status says it has applied. */
export interface Entry {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export const entryId = ({ group, kind, namespace, name }: Entry) => `${group}/${kind}/${namespace}/${name}`;

/** https://github.com/fluxcd/cli-utils: `<namespace>_<name>_<group>_<kind>`, a colon of a name written as two underscores. */
export function inventoryOf(kustomization: KubeObject): Entry[] {
  return maps(at(kustomization, 'status', 'inventory', 'entries')).flatMap(({ id, v }) => {
    const [, namespace, name, group, kind] = /^([^_]*)_(.*)_([^_]*)_([^_]*)$/.exec(`${id}`) ?? [];
    return kind === undefined
      ? []
      : [{ namespace: namespace!, name: name!.replaceAll('__', ':'), group: group!, kind, version: `${v}` }];
  });
}

export const isKustomization = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>) =>
  kind === 'Kustomization' && groupOf(apiVersion) === 'kustomize.toolkit.fluxcd.io';

export const fullName = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`;

/** The Kustomization that applied an object, by its labels. */
export function ownerOf({ metadata }: KubeObject): string | undefined {
  const labels = strings(metadata.labels);
  return labels[OWNER_NAME] && `${labels[OWNER_NAMESPACE]}/${labels[OWNER_NAME]}`;
}

/** Kinds whose objects copy the labels of what they are made for, without saying whose they are. */
const COPIES = new Set(['/Endpoints', 'discovery.k8s.io/EndpointSlice', '/Event', 'events.k8s.io/Event']);

export interface Leftover {
  readonly object: KubeObject;
  readonly owner: string;
  /** Flux keeps it on purpose. */
  readonly isGuarded: boolean;
}

/**
 * Objects that bear the mark of this environment's Kustomizations, or of one that is gone, and are not committed. What
 * belongs to another object, or to Kustomizations of another repository, is theirs.
 */
export function leftovers(
  labelled: readonly KubeObject[],
  committed: ReadonlySet<string>,
  ours: ReadonlySet<string>,
  there: ReadonlySet<string>,
): Leftover[] {
  const seen = new Set<string>();
  return labelled.flatMap((object) => {
    const owner = ownerOf(object);
    const id = idOf(object);
    if (!owner || committed.has(id) || seen.has(id)) return [];
    seen.add(id);
    const isCopy = COPIES.has(typeOf(object));
    const isForeign = there.has(owner) && !ours.has(owner);
    if (isCopy || isForeign || maps(object.metadata.ownerReferences).length) return [];
    return [{ object, owner, isGuarded: isGuarded(object) }];
  });
}
