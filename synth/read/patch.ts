import type { KubeObject } from '../manifest.ts';
import { groupOf } from '../manifest.ts';
import { at, type Json, map, strings, text } from '../resolve/json.ts';

// Strategic merge and JSON patches as kustomize applies them:
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/

/** Which objects a patch is for; every field is a whole regular expression, selectors are `key=value, ...`. */
export type Target = Json;

/** Objects answer to the names they had before, too. */
export function isTarget(
  target: Target,
  { apiVersion, kind, metadata }: KubeObject,
  former: readonly string[] = [],
): boolean {
  const facts: Readonly<Record<string, readonly string[]>> = {
    group: [groupOf(apiVersion)],
    version: [apiVersion.slice(apiVersion.indexOf('/') + 1)],
    kind: [kind],
    name: [metadata.name, ...former],
    namespace: [metadata.namespace ?? 'default', ''],
  };
  return (
    Object.entries(facts).every(([field, values]) => {
      const pattern = text(target[field]);
      return pattern === undefined || values.some((value) => isMatch(pattern, value));
    }) &&
    hasAll(text(target.labelSelector), strings(metadata.labels)) &&
    hasAll(text(target.annotationSelector), strings(metadata.annotations))
  );
}

function isMatch(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value);
  } catch {
    return pattern === value;
  }
}

/** `a=b`, `a!=b`, `a`, `!a`, `a in (b, c)`, `a notin (b)`, all of them. */
const hasAll = (selector: string | undefined, labels: Readonly<Record<string, string>>) =>
  [
    ...(selector ?? '').matchAll(/(!?)\s*([^\s,=!()]+)\s*(?:(!=|==?|(?:not)?in\b)\s*(?:\(([^)]*)\)|([^\s,]*)))?/g),
  ].every(([, absent, key = '', operator, list, one = '']) => {
    if (!operator) return key in labels === !absent;
    const values = list === undefined ? [one] : list.split(',').map((value) => value.trim());
    const has = key in labels && values.includes(labels[key]!);
    return operator.startsWith('!') || operator === 'notin' ? !has : has;
  });

/** Lists whose items are merged by one of their fields; every other list is replaced. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  ports: ['containerPort', 'port'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey'],
  webhooks: ['name'],
  resourceClaims: ['name'],
};

/** A strategic merge; undefined where the patch deletes the object. */
export function merged(target: unknown, patch: unknown, field = '', known = true): unknown {
  if (Array.isArray(patch)) return mergedList(Array.isArray(target) ? target : [], patch, field, known);
  if (!isMap(patch)) return patch;
  if (patch.$patch === 'delete') return undefined;
  const result: Record<string, unknown> = patch.$patch === 'replace' ? {} : { ...map(target) };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    const next = value === null ? undefined : merged(result[key], value, key, known);
    if (next === undefined) delete result[key];
    else result[key] = next;
  }
  return result;
}

function mergedList(target: readonly unknown[], patch: readonly unknown[], field: string, known: boolean): unknown {
  const first = patch.find(isMap);
  const key = known ? KEYS[field]?.find((name) => first && name in first) : undefined;
  if (!key || patch.some((item) => isMap(item) && item.$patch === 'replace'))
    return patch.filter((item) => !isMap(item) || !item.$patch);
  // Items that the patch names come first, in its order.
  const rest = [...target];
  const named = patch.flatMap((item) => {
    const index = rest.findIndex((other) => at(other, key) === at(item, key));
    const [before] = index < 0 ? [] : rest.splice(index, 1);
    return merged(before, item, '', known) ?? [];
  });
  return [...named, ...rest];
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * RFC 6902, as leniently as kustomize: `replace` may set what is not there, and there are always annotations.
 * Throws where an operation finds nothing to act on.
 */
export function patched(object: KubeObject, operations: readonly Json[]): unknown {
  const { metadata } = object;
  const root = {
    '': structuredClone({ ...object, metadata: { ...metadata, annotations: { ...metadata.annotations } } }),
  };
  for (const { op, path, from, value } of operations) {
    if (op === 'add' || op === 'replace') place(root, `${path}`, structuredClone(value), op);
    else if (op === 'remove') take(root, `${path}`);
    else if (op === 'move') place(root, `${path}`, take(root, `${from}`), 'add');
    else if (op === 'copy') place(root, `${path}`, structuredClone(reach(root, `${from}`)), 'add');
  }
  return root[''];
}

const parts = (pointer: string) => pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function reach(root: unknown, pointer: string): unknown {
  let node = root;
  for (const part of parts(pointer)) {
    if (typeof node !== 'object' || node === null || !(part in node)) throw new Error(`${pointer} is not there`);
    node = (node as Record<string, unknown>)[part];
  }
  return node;
}

function place(root: unknown, pointer: string, value: unknown, op: 'add' | 'replace') {
  const key = parts(pointer).at(-1)!;
  const parent = reach(root, pointer.slice(0, pointer.lastIndexOf('/')));
  if (!Array.isArray(parent)) (parent as Record<string, unknown>)[key] = value;
  else if (op === 'replace') parent[Number(key)] = value;
  else parent.splice(key === '-' ? parent.length : Number(key), 0, value);
}

function take(root: unknown, pointer: string): unknown {
  const value = reach(root, pointer);
  const parent = reach(root, pointer.slice(0, pointer.lastIndexOf('/')));
  const key = parts(pointer).at(-1)!;
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete (parent as Record<string, unknown>)[key];
  return value;
}
