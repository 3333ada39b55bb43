import type { KubeObject } from '../manifest.ts';
import { type Json, map, maps, text } from '../resolve/json.ts';
import { isMap, same } from '../review/equal.ts';
import type { Path } from '../review/values.ts';

// Who set which field, as the API server keeps it: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management

interface Manager {
  readonly name: string;
  readonly fields: Json;
}

/**
 * Managers whose fields kustomize-controller takes over before it applies, so that what they set and the repository does
 * not have is gone afterwards: https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
 */
const TAKEN_OVER: Readonly<Record<string, RegExp>> = {
  Apply: /^kubectl/,
  Update: /^(?:kubectl|before-first-apply|kustomize-controller)/,
};

const isTakenOver = (entry: Json) =>
  text(entry.subresource) === undefined && TAKEN_OVER[`${entry.operation}`]?.test(`${entry.manager}`) === true;

const entriesOf = ({ metadata }: KubeObject): readonly Json[] => maps(metadata.managedFields);

const managerOf = (entry: Json): Manager => ({ name: `${entry.manager}`, fields: map(entry.fieldsV1) });

/** `applied` without the fields that are there only because kubectl set them; its own copy of the object does not count. */
export function withoutTakenOver(committed: KubeObject, live: KubeObject, applied: KubeObject): KubeObject {
  const entries = entriesOf(live);
  const others = entries
    .filter((entry) => !isTakenOver(entry) && entry.manager !== 'kustomize-controller')
    .map((entry) => managerOf(entry).fields);
  return entries
    .filter(isTakenOver)
    .reduce<KubeObject>(
      (after, entry) => pruned(after, committed, managerOf(entry).fields, others) as KubeObject,
      applied,
    );
}

const LAST_APPLIED = 'f:kubectl.kubernetes.io/last-applied-configuration';

/** `value` without what `fields` name, `wanted` has not, and none of `others` names too. */
function pruned(value: unknown, wanted: unknown, fields: Json, others: readonly Json[]): unknown {
  let result = value;
  for (const [key, inner] of Object.entries(fields)) {
    const place = key === '.' || key === LAST_APPLIED ? undefined : placeOf(result, key);
    if (place === undefined) continue;
    const kept = others.flatMap((other) => (other[key] === undefined ? [] : [map(other[key])]));
    const own = map(inner);
    const wantedPlace = placeOf(wanted, key);
    const isOwned = Object.keys(own).length === 0 || own['.'] !== undefined;
    if (wantedPlace === undefined && isOwned && !kept.length) result = without(result, place);
    else {
      const next = pruned(
        child(result, place),
        wantedPlace === undefined ? undefined : child(wanted, wantedPlace),
        own,
        kept,
      );
      result = replaced(result, place, next);
    }
  }
  return result;
}

/** Who last set the field, or something in it; kubectl's own names are left out, as they say nothing. */
export function setBy(live: KubeObject, path: Path): string | undefined {
  const names = entriesOf(live)
    .map(managerOf)
    .filter(({ fields }) => isSet(live, fields, path))
    .map(({ name }) => name);
  return names.find((name) => name !== 'kustomize-controller');
}

function isSet(value: unknown, fields: Json, path: Path): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  // A list that is set as a whole, or a field without parts.
  if (!Object.keys(fields).length) return true;
  for (const [key, inner] of Object.entries(fields)) {
    const place = key === '.' ? undefined : placeOf(value, key);
    if (place === undefined) continue;
    const item = child(value, place);
    const isMeant = typeof first === 'object' ? isMap(item) && contains(item, first) : first === place;
    if (isMeant && isSet(item, map(inner), rest)) return true;
  }
  return false;
}

/** Where in `value` the entry of a field set is: `f:name`, `k:{"name":"api"}`, `v:"text"`, `i:0`. */
function placeOf(value: unknown, key: string): string | number | undefined {
  const [sort, rest] = [key.slice(0, 2), key.slice(2)];
  if (sort === 'f:') return isMap(value) && value[rest] !== undefined ? rest : undefined;
  if (!Array.isArray(value)) return undefined;
  if (sort === 'i:') return Number(rest) < value.length ? Number(rest) : undefined;
  const wanted: unknown = JSON.parse(rest);
  const place =
    sort === 'k:'
      ? value.findIndex((item) => contains(withDefaults(map(item)), map(wanted)))
      : value.findIndex((item) => same(item, wanted));
  return place < 0 ? undefined : place;
}

/** The parts of a list's key that the API server fills in, and files leave out. */
const withDefaults = (item: Json): Json =>
  item.protocol === undefined && (item.containerPort ?? item.port) !== undefined ? { ...item, protocol: 'TCP' } : item;

const contains = (item: Json, part: Json) => Object.entries(part).every(([key, value]) => same(item[key], value));

const child = (value: unknown, place: string | number): unknown => (value as Json)[place as string];

function without(value: unknown, place: string | number): unknown {
  if (Array.isArray(value)) return value.toSpliced(place as number, 1);
  const { [place]: _, ...rest } = value as Json;
  return rest;
}

function replaced(value: unknown, place: string | number, next: unknown): unknown {
  if (child(value, place) === next) return value;
  return Array.isArray(value) ? value.with(place as number, next) : { ...(value as Json), [place]: next };
}
