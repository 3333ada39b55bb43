import { idOf, nameOf } from '../manifest.ts';
import { type Index, isManifest, type Reference } from '../resolve.ts';

export interface MissingSecret {
  readonly namespace: string;
  readonly name: string;
  /** Keys that are asked for and not there; empty where the Secret itself is not. */
  readonly keys: readonly string[];
  /** Objects that ask for it. */
  readonly users: readonly string[];
  /** What is committed to make it: `SealedSecret n8n/n8n-encryption-key`. */
  readonly maker?: string;
}

/** Secrets that committed objects name and the cluster does not have; `keysThere` by `<namespace>/<name>`. */
export function missingSecrets(index: Index, keysThere: ReadonlyMap<string, ReadonlySet<string>>): MissingSecret[] {
  const asked = new Map<string, Reference[]>();
  for (const reference of index.references) {
    if (reference.kind !== 'Secret' || reference.group !== '' || reference.optional || !reference.namespace) continue;
    const id = `${reference.namespace}/${reference.name}`;
    asked.set(id, [...(asked.get(id) ?? []), reference]);
  }
  return [...asked].flatMap(([id, references]) => {
    const there = keysThere.get(id);
    const wanted = [...new Set(references.flatMap(({ key }) => key ?? []))].sort();
    const keys = there ? wanted.filter((key) => !there.has(key)) : [];
    if (there && !keys.length) return [];
    const lacking = there ? references.filter(({ key }) => key !== undefined && keys.includes(key)) : references;
    const users = [...new Map(lacking.map(({ from }) => [idOf(from.object), nameOf(from.object)])).values()].sort();
    const target = references.find((reference) => reference.target)?.target;
    const maker = target && isManifest(target) && target.object.kind !== 'Secret' ? nameOf(target.object) : undefined;
    const [namespace, name] = id.split('/') as [string, string];
    return [{ namespace, name, keys, users, maker }];
  });
}
