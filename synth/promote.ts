import type { Tree } from './compare.ts';
import { imageReference } from './image-reference.ts';
import { markedIn, readTags } from './images.ts';
import { type Finding, idOf, type Manifest, nameOf } from './manifest.ts';
import { map, maps, text } from './resolve/json.ts';
import type { Index } from './resolve.ts';
import type { RenderedEnvironment } from './review/environments.ts';
import { named } from './review/named.ts';

/** One image on its way from one environment to another. */
export interface Promoted {
  /** `<namespace>:<name>`. */
  readonly policy: string;
  readonly before: string;
  readonly after: string;
}

/** What an environment has and the other has not: objects, keys of their configuration, variables of their containers. */
export type Absent = readonly string[];

/** What the service of a policy is called on the command line: `flux-system:neotool-app` is `neotool-app`. */
export const serviceOf = (policy: string) => policy.slice(policy.indexOf(':') + 1);

/**
 * The tags that are committed for `from` and not for `to`, for images that both run. Refused: a place where the committed
 * files disagree, and a tag that would take `to` back to an older version.
 */
export function promotedTags(from: Tree, to: Tree, only?: string): { promoted: Promoted[]; findings: Finding[] } {
  const [a, b] = [readTags(from), readTags(to)];
  const promoted = [...b.tags].flatMap(([policy, before]): Promoted[] => {
    const after = a.tags.get(policy);
    const isWanted = only === undefined || serviceOf(policy) === only;
    return after && after !== before && isWanted ? [{ policy, before, after }] : [];
  });
  const backwards = promoted.filter(({ before, after }) => isOlder(after, before));
  return {
    promoted,
    findings: [
      ...a.findings,
      ...b.findings,
      ...backwards.map(
        ({ policy, before, after }): Finding => ({
          rule: 'promotes-back',
          severity: 'error',
          object: serviceOf(policy),
          message: `${after} is older than ${before}, which runs there`,
          fix: 'promote the other way round, or go back with git revert of the commit that brought it',
        }),
      ),
    ],
  };
}

/** Names of the services whose tags both environments keep. */
export const servicesOf = (tree: Tree): readonly string[] => [...readTags(tree).tags.keys()].map(serviceOf).sort();

/** The tree with these tags in its marked lines, as image automation would have written them. */
export function retagged(tree: Tree, promoted: readonly Promoted[]): Map<string, string> {
  const tags = new Map(promoted.map(({ policy, after }) => [policy, after]));
  return new Map([...tree].map(([path, content]) => [path, withTags(content, tags)]));
}

function withTags(content: string, tags: ReadonlyMap<string, string>): string {
  let out = '';
  let done = 0;
  for (const { at, value, policy, tag } of markedIn(content)) {
    const after = tags.get(policy);
    if (!after || !tag) continue;
    const start = content.indexOf(value, at) + value.length - tag.length;
    out += content.slice(done, start) + after;
    done = start + tag.length;
  }
  return out + content.slice(done);
}

/** Whether a file runs one of the promoted images: with `--only`, no other is written. */
export function runs(content: string, promoted: readonly Promoted[]): boolean {
  const policies = new Set(promoted.map(({ policy }) => policy));
  return markedIn(content).some(({ policy }) => policies.has(policy));
}

/** What `a` has and `b` has not, in the units of the named services or, without them, in the charts that both have. */
export function absentFrom(
  { name: from, index: a }: RenderedEnvironment,
  { name: to, index: b }: RenderedEnvironment,
  services: readonly string[] | undefined,
): Absent {
  const charts = new Set(b.manifests.map(({ chart }) => chart));
  const counterpart = ({ object }: Manifest) => b.byId(idOf(object)) ?? b.byId(idOf(named(object, from, to)));
  const isMeant = ({ chart, unit }: Manifest) =>
    charts.has(chart) && (!services || services.includes(unit) || services.includes(`${chart}-${unit}`));
  return a.manifests.filter(isMeant).flatMap((manifest) => {
    const other = counterpart(manifest);
    if (!other) return [nameOf(manifest.object)];
    const has = new Set(partsOf(other, b));
    return partsOf(manifest, a)
      .filter((part) => !has.has(part))
      .map((part) => `${part} of ${nameOf(manifest.object)}`);
  });
}

/** `key LOG_LEVEL`, `variable PORT`. */
function partsOf(manifest: Manifest, index: Index): string[] {
  const { kind, data } = manifest.object;
  const keys = kind === 'ConfigMap' ? Object.keys(map(data)).map((key) => `key ${key}`) : [];
  const containers = index.workloadOf(manifest)?.containers ?? [];
  return [
    ...keys,
    ...containers.flatMap(({ env }) => maps(env).flatMap(({ name }) => (text(name) ? [`variable ${name}`] : []))),
  ];
}

/** Secrets that the promoted images' pods read, in these files still without keys that they need. */
export function unsealed(
  index: Index,
  gaps: readonly { readonly namespace: string; readonly name: string; readonly keys: readonly string[] }[],
  repositories: ReadonlySet<string>,
  environment: string,
): Finding[] {
  const readers = index.workloads.filter(({ containers }) =>
    containers.some(({ image }) => image && repositories.has(imageReference(image).name)),
  );
  return readers.flatMap(({ manifest }) => {
    const read = index
      .referencesFrom(manifest)
      .filter(({ kind, group, optional }) => kind === 'Secret' && !group && !optional);
    const lacking = gaps.filter((gap) =>
      read.some(
        ({ namespace, name, key }) =>
          namespace === gap.namespace && name === gap.name && (key === undefined || gap.keys.includes(key)),
      ),
    );
    return lacking.map(
      ({ namespace, name, keys }): Finding => ({
        rule: 'missing-secret',
        severity: 'error',
        object: nameOf(manifest.object),
        source: manifest.source,
        message: `reads Secret ${namespace}/${name}, of which ${keys.join(', ')} is not sealed for ${environment}`,
        fix: `npm run seal -- ${environment} ${namespace}/${name}`,
      }),
    );
  });
}

/** By the numbers of both, `v2.1.0` or `v2.1.0-a3f5c2b-prod`; tags that have no version have no order. */
export function isOlder(a: string, b: string): boolean {
  const numbers = (tag: string) => /^v?(\d+)\.(\d+)\.(\d+)(?:-[a-f0-9]{7}-[a-z]+)?$/.exec(tag)?.slice(1).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  if (!left || !right) return false;
  const at = left.findIndex((part, i) => part !== right[i]);
  return at >= 0 && left[at]! < right[at]!;
}
