import { groupOf, type KubeObject } from '../manifest.ts';
import { at, map, strings } from '../resolve/json.ts';
import { editsOf, fieldOf, type Path } from '../review/values.ts';
import { setBy, withoutTakenOver } from './fields.ts';

/** One field that Flux would set otherwise. */
export interface Change {
  /** `spec.template.spec.containers[name=api].image`. */
  readonly field: string;
  /** As JSON, cut where it is long; absent where there is no such field. Values of Secrets are never shown. */
  readonly live?: string;
  readonly wanted?: string;
  /** Who set it, by its field manager. */
  readonly by?: string;
}

const FLUX = 'kustomize.toolkit.fluxcd.io';

/** Labels by which kustomize-controller knows what it applied. */
export const OWNER_NAME = `${FLUX}/name`;
export const OWNER_NAMESPACE = `${FLUX}/namespace`;

/** The object as kustomize-controller sends it: marked as that of the Kustomization `<namespace>/<name>`. */
export function asApplied(object: KubeObject, kustomization: string): KubeObject {
  const [namespace, name] = kustomization.split('/') as [string, string];
  const labels = { ...object.metadata.labels, [OWNER_NAME]: name, [OWNER_NAMESPACE]: namespace };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** What the object or its owner tells Flux about itself, in label or annotation. */
const setting = (object: KubeObject, name: string) =>
  [object.metadata.annotations, object.metadata.labels]
    .map((each) => strings(each)[`${FLUX}/${name}`]?.toLowerCase())
    .find((value) => value !== undefined);

/** How Flux goes about an object: not at all, only where it is absent, or by setting its fields. */
export function applyMode(committed: KubeObject, live: KubeObject | undefined): 'never' | 'once' | 'always' {
  const both = live ? [committed, live] : [committed];
  if (both.some((each) => setting(each, 'reconcile') === 'disabled' || setting(each, 'ssa') === 'ignore'))
    return 'never';
  // Encrypted in the repository, so there is nothing to compare with; Flux decrypts it.
  if (committed.sops !== undefined || setting(committed, 'ssa') === 'ifnotpresent') return 'once';
  return 'always';
}

/** Whether Flux deletes the object and makes it anew where it cannot be changed. */
export const isForced = (object: KubeObject) => setting(object, 'force') === 'enabled';

/** `applied` without what kubectl has set and Flux takes over, and so drops; itself where there is nothing of that. */
export function afterTakingOver(committed: KubeObject, live: KubeObject, applied: KubeObject): KubeObject {
  const merges = setting(committed, 'ssa') === 'merge' || setting(live, 'ssa') === 'merge';
  return merges ? applied : withoutTakenOver(committed, live, applied);
}

/** What differs between an object as it is and as the API server would have it once Flux has applied the committed one. */
export function changesOf(live: KubeObject, applied: KubeObject): Change[] {
  const isSecret = live.kind === 'Secret' && groupOf(live.apiVersion) === '';
  return editsOf(comparable(live), comparable(applied)).map(({ path, op, before, after }) => ({
    field: op === 'order' ? `${fieldOf(path)} (order)` : fieldOf(path),
    ...shownAs('live', before, isSecret && isContent(path)),
    ...shownAs('wanted', after, isSecret && isContent(path)),
    ...(before === undefined ? {} : byOf(live, path)),
  }));
}

/** Labels, annotations and everything but metadata and status, as kustomize-controller compares: the rest is the server's. */
function comparable({ metadata, status: _, ...object }: KubeObject): object {
  const annotations = Object.fromEntries(
    Object.entries(strings(metadata.annotations)).filter(([name]) => !PASSING.test(name)),
  );
  return { metadata: { labels: map(metadata.labels), annotations }, ...object };
}

/** kubectl's own copy of an object, which Flux removes, and what asks Flux to look at one now. */
const PASSING = /^(?:kubectl\.kubernetes\.io\/last-applied-configuration$|reconcile\.fluxcd\.io\/)/;

const isContent = ([first]: Path) => first === 'data' || first === 'stringData';

const LONGEST = 100;

function shownAs(name: 'live' | 'wanted', value: unknown, isHidden: boolean): Partial<Change> {
  if (value === undefined) return {};
  const shown = isHidden ? '(not shown)' : JSON.stringify(value);
  return { [name]: shown.length > LONGEST ? `${shown.slice(0, LONGEST)}...` : shown };
}

function byOf(live: KubeObject, path: Path): Pick<Change, 'by'> {
  const by = setBy(live, path);
  return by === undefined ? {} : { by };
}

/** Whether pods are made anew by it. */
export const restartsPods = (object: KubeObject, changes: readonly Change[]) =>
  at(object, 'spec', 'template') !== undefined && changes.some(({ field }) => field.startsWith('spec.template.'));
