import type { Construct } from 'constructs';
import { type Existing, environmentOf } from '../imports/environment.ts';
import { declare, identityOf, refuse } from '../imports/relations.ts';
import { nameProblems, namespaceOf } from './labels.ts';

/** What may be given of a thing that keeps nothing but its name. */
const NAME = ['name'] as const;

/**
 * What the environment says that `scope` is called already, its name in any case; `identity` is the one that it is given in
 * code. `keeps` is what a thing of its sort can keep; anything else is refused.
 */
export function existingOf(
  scope: Construct,
  identity: string | undefined,
  keeps: readonly (keyof Existing)[] = NAME,
): Existing & { readonly name: string } {
  const key = `${namespaceOf(scope)}/${identity ?? scope.node.id}`;
  const existing = environmentOf(scope).existing?.[key];
  if (!existing) return { name: identityOf(scope, identity) };
  declare(scope, { existing: key });
  const foreign = (Object.keys(existing) as (keyof Existing)[]).filter((field) => !keeps.includes(field));
  const names = [existing.name, existing.serviceName, existing.claim].filter((name) => name !== undefined);
  refuse(scope, [
    ...foreign.map((field) => `existing["${key}"].${field}: it has none to keep, only ${keeps.join(', ')}; remove it`),
    ...names.flatMap(nameProblems).map((problem) => `existing["${key}"]: ${problem}`),
    ...(existing.selector && !Object.keys(existing.selector).length
      ? [`existing["${key}"].selector: selects every pod of the namespace; give the labels of the StatefulSet's own`]
      : []),
  ]);
  return { ...existing, name: identityOf(scope, existing.name ?? identity) };
}
