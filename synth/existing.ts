import type { Environment, Existing } from '../imports/environment.ts';
import { didYouMean } from './check/nearest.ts';
import type { Declared, Finding, KubeObject } from './manifest.ts';
import { at, maps } from './resolve/json.ts';
import { isMap, same } from './review/equal.ts';

/** Kinds whose names can be kept. */
const KEPT = /^(StatefulSet|Deployment|PersistentVolumeClaim)$/;

/** Entries of `existing` that nothing rendered goes by: what they name would come anew beside what runs. */
export function unusedExisting(
  { name, existing = {} }: Pick<Environment, 'name' | 'existing'>,
  declared: readonly Declared[],
  objects: readonly KubeObject[],
): Finding[] {
  const used = new Set(declared.map((each) => each.existing));
  const known = objects.flatMap(({ kind, metadata }) =>
    KEPT.test(kind) ? [`${metadata.namespace}/${metadata.name}`] : [],
  );
  return Object.keys(existing)
    .filter((key) => !used.has(key))
    .map((key) => ({
      rule: 'unused-existing',
      severity: 'error',
      object: `existing: ${key}`,
      source: { file: `charts/environments/${name}.ts`, line: 1 },
      message: `no store, workload or shared folder would be called that${didYouMean(key, known)}`,
      fix: 'give <namespace>/<name> as it would be rendered without the entry; what an operator or a Helm chart makes keeps its name by their own settings',
    }));
}

/**
 * The committed objects that say what runs. Where the environment says it, and the committed one does not agree yet, it was
 * never applied: so there is nothing in it that must not change.
 */
export function withoutContradicted<T extends { readonly object: KubeObject }>(
  before: ReadonlyMap<string, T>,
  existing: Environment['existing'] = {},
): Map<string, T> {
  const contradicted = new Set(
    Object.entries(existing).flatMap(([key, entry]) => {
      const [namespace, name] = key.split('/') as [string, string];
      const kept = `${namespace}/${entry.name ?? name}`;
      const committed = [...before.values()].find(({ object }) => KEPT.test(object.kind) && placeOf(object) === kept);
      return committed && agreesWith(committed.object, entry) ? [] : [key, kept];
    }),
  );
  return new Map([...before].filter(([, { object }]) => !contradicted.has(placeOf(object))));
}

const placeOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;

function agreesWith(object: KubeObject, { serviceName, claim, selector }: Existing): boolean {
  if (object.kind !== 'StatefulSet') return serviceName === undefined && claim === undefined && selector === undefined;
  const claims = maps(at(object, 'spec', 'volumeClaimTemplates')).map((each) => at(each, 'metadata', 'name'));
  const labels = at(object, 'spec', 'selector', 'matchLabels');
  return (
    (serviceName === undefined || at(object, 'spec', 'serviceName') === serviceName) &&
    (claim === undefined || claims.includes(claim)) &&
    (selector === undefined || (isMap(labels) && same(labels, selector)))
  );
}
