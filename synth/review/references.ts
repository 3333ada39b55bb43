import { groupBy } from '../group-by.ts';
import { type Index, isManifest, type Reference } from '../resolve.ts';
import type { Caution, NeededSecret } from './page.ts';
import { plural, type Sides } from './sides.ts';

/** Secrets, and keys of them, that pods need and nothing in the tree makes: what was missing before is no news. */
export function secretsOf({ base, head, entry }: Sides): NeededSecret[] {
  const known = new Set(missing(base).map(nameOf));
  const news = missing(head).filter((reference) => !known.has(nameOf(reference)));
  return [...groupBy(news, ({ namespace, name }) => `${namespace ?? ''}/${name}`)].map(([secret, references]) => ({
    secret,
    keys: [...new Set(references.flatMap(({ key }) => key ?? []))].sort(),
    by: [...new Set(references.map(({ from }) => from.object))].map(entry),
  }));
}

const nameOf = ({ namespace, name, key }: Reference) => `${namespace}/${name}/${key ?? ''}`;

function missing(index: Index): readonly Reference[] {
  return index.references.filter(({ kind, group, namespace, name, key, optional, target, from }) => {
    if (kind !== 'Secret' || group || optional || !index.workloadOf(from) || /\$\{|^$/.test(name)) return false;
    if (!target) return true;
    const keys = key === undefined || namespace === undefined ? 'any' : index.keysOf('Secret', namespace, name);
    return keys !== undefined && keys !== 'any' && !keys.has(key!);
  });
}

export function* referenceCautions(
  sides: Sides,
  secrets: readonly NeededSecret[],
  environment: string,
): Iterable<Caution> {
  for (const { secret, keys, by } of secrets) {
    const what = keys.length ? `Secret ${secret} with ${keys.join(', ')}` : `Secret ${secret}`;
    const message = `${what} is needed and nothing in the tree makes it: the pods will not start`;
    yield {
      ...by[0]!,
      rule: 'missing-secret',
      level: 'risky',
      message,
      steps: [`seal it: npm run seal -- ${environment} ${secret}`],
    };
  }
  const { base, head, entry } = sides;
  const broken = head.unresolved.filter(({ kind, group, namespace, name, optional, from }) => {
    if (kind === 'Secret' || optional || kind === 'Namespace') return false;
    const was = base.find(kind, namespace, name, group || undefined, from);
    return was !== undefined && isManifest(was);
  });
  for (const [what, references] of groupBy(
    broken,
    ({ kind, namespace, name }) => `${kind} ${namespace ? `${namespace}/` : ''}${name}`,
  )) {
    const users = [...new Set(references.map(({ from }) => from.object))].map((object) => entry(object).object);
    const message = `names ${what}, which is gone${users.length > 1 ? `; so ${users.length === 2 ? 'does' : 'do'} ${plural(users.length - 1, 'other')}` : ''}`;
    yield { ...entry(references[0]!.from.object), rule: 'broken-reference', level: 'risky', message };
  }
}
