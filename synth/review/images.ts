import { groupBy } from '../group-by.ts';
import { imageReference } from '../image-reference.ts';
import { type KubeObject, typeOf } from '../manifest.ts';
import { at, text } from '../resolve/json.ts';
import type { Caution, Entry, ImageChange } from './page.ts';
import { kept, type Sides } from './sides.ts';
import { type Edit, fieldOf, type Path } from './values.ts';

/** `ghcr.io/org/app`, and what stands behind it: tag, digest or both. */
function imageParts(image: string): { readonly name: string; readonly version: string } {
  const { name, tag, digest } = imageReference(image);
  return { name, version: [tag, digest?.slice(0, 19)].filter(Boolean).join('@') || 'latest' };
}

/** One change of version, of an image or a chart. */
interface Bump {
  readonly kind: 'image' | 'chart';
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** The bump that an edit of `object` is, if it is nothing else. */
function bumpOf(object: KubeObject, { path, op, before, after, inside }: Edit): Bump | undefined {
  if (op !== 'change' || inside || typeof before !== 'string' || typeof after !== 'string') return undefined;
  const last = path.at(-1);
  if (last === 'image' || last === 'imageName') {
    const [was, is] = [imageParts(before), imageParts(after)];
    return was.name === is.name ? { kind: 'image', name: is.name, before: was.version, after: is.version } : undefined;
  }
  if (path.at(-2) === 'image' && (last === 'tag' || last === 'digest')) {
    const [was, is] = [before, after].map((tag) => imageParts(last === 'tag' ? `:${tag}` : `@${tag}`).version);
    return { kind: 'image', name: repositoryOf(object, path), before: was!, after: is! };
  }
  return CHART.test(`${typeOf(object)} ${fieldOf(path)}`)
    ? { kind: 'chart', name: chartOf(object), before, after }
    : undefined;
}

const CHART =
  /^helm\.toolkit\.fluxcd\.io\/HelmRelease spec\.chart\.spec\.version$|^source\.toolkit\.fluxcd\.io\/(?:(?:OCI|Git)Repository spec\.ref\.(?:tag|digest|semver)|HelmChart spec\.version)$/;

/** The repository beside a tag among a chart's values; the field where there is none. */
function repositoryOf(object: KubeObject, path: Path): string {
  const keys = path.filter((part) => typeof part === 'string');
  return text(at(object, ...keys.slice(0, -1), 'repository')) ?? (keys.slice(2, -2).join('.') || object.metadata.name);
}

/** What a release installs, or the last part of where a source lies. */
const chartOf = ({ metadata, spec }: KubeObject): string =>
  text(at(spec, 'chart', 'spec', 'chart')) ??
  (text(at(spec, 'url')) ?? metadata.name)
    .replace(/(?:\.git)?\/?$/, '')
    .split('/')
    .at(-1)!;

/** Labels that name a version and say nothing else. */
const VERSION_LABEL =
  /^(?:spec\.(?:template|jobTemplate\.spec\.template)\.)?metadata\.labels\["(?:helm\.sh\/chart|app\.kubernetes\.io\/version)"\]$/;

/** Only versions of images and charts change; whatever comes or goes is more than that. */
export function isRoutine({ changes }: Sides): boolean {
  return (
    changes.length > 0 &&
    changes.every(
      (change) =>
        change.kind === 'changed' &&
        change.edits.every((edit) => VERSION_LABEL.test(fieldOf(edit.path)) || bumpOf(change.after, edit)),
    )
  );
}

function bumps(sides: Sides): (Bump & Entry)[] {
  return kept(sides).flatMap(({ after, edits }) =>
    edits.flatMap((edit) => {
      const bump = bumpOf(after, edit) ?? labelBump(edit);
      return bump ? [{ ...bump, ...sides.entry(after) }] : [];
    }),
  );
}

/** A chart rendered elsewhere leaves its version in a label. */
function labelBump({ path, before, after }: Edit): Bump | undefined {
  if (path.at(-1) !== 'helm.sh/chart') return undefined;
  const [was, is] = [before, after].map((label) => /^(.*?)-(v?\d.*)$/.exec(text(label) ?? ''));
  return was && is && was[1] === is[1] ? { kind: 'chart', name: is[1]!, before: was[2]!, after: is[2]! } : undefined;
}

export function imagesOf(sides: Sides): ImageChange[] {
  const groups = groupBy(bumps(sides), ({ kind, name, before, after }) => `${kind} ${name} ${before} ${after}`);
  return [...groups.values()].map((group) => {
    const { kind, name, before, after } = group[0]!;
    return {
      image: kind === 'chart' ? `chart ${name}` : name,
      before,
      after,
      objects: [...new Set(group.map(({ object }) => object))],
    };
  });
}

/** Major versions, ways back, data that another version cannot read, and another image altogether. */
export function* imageCautions(sides: Sides): Iterable<Caution> {
  for (const { kind, after, edits } of kept(sides)) {
    for (const { path, op, before: was, after: is } of kind === 'changed' ? edits : []) {
      if (path.at(-1) !== 'image' || op !== 'change' || typeof was !== 'string' || typeof is !== 'string') continue;
      if (imageParts(was).name === imageParts(is).name) continue;
      yield {
        ...sides.entry(after),
        rule: 'other-image',
        level: 'risky',
        message: `runs another image: ${was} -> ${is}`,
      };
    }
  }
  const said = new Set<string>();
  for (const { kind, name, before, after, ...place } of bumps(sides)) {
    const key = `${kind} ${name} ${before} ${after}`;
    const [was, is] = [versionOf(before), versionOf(after)];
    if (!was || !is || said.has(key)) continue;
    said.add(key);
    const isDatabase = kind === 'image' && POSTGRES.test(name);
    if (was[0] !== is[0] && isDatabase) {
      const message = `${name} ${before} -> ${after}: PostgreSQL ${is[0]} cannot open the data directory of ${was[0]}; pods will not start`;
      yield {
        ...place,
        rule: 'data-format',
        level: 'risky',
        message,
        steps: [
          'back up, and read the backup back',
          `dump from ${was[0]}, or upgrade in place as its document says`,
          'restore into a new store of the new version, then switch over',
        ],
      };
    } else if (is[0]! > was[0]!) {
      const message = `${name} ${before} -> ${after}: a major version; read its upgrade notes`;
      yield { ...place, rule: kind === 'chart' ? 'major-chart-bump' : 'major-image-bump', level: 'risky', message };
    } else if (older(is, was)) {
      const message = `${name} ${before} -> ${after}: goes back; what the newer one has written, the older may not read`;
      yield { ...place, rule: 'downgrade', level: 'risky', message };
    }
  }
}

/** PostgreSQL opens no data directory of another major version: https://www.postgresql.org/docs/current/upgrading.html */
const POSTGRES = /(?:^|\/)(?:postgres(?:ql)?|spilo(?:-\d+)?|timescaledb|pgvector|postgis)$/;

/** Numbers of a version; nothing for `latest`, digests and dates. */
function versionOf(version: string): number[] | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+@].*)?$/.exec(version);
  const numbers = match?.slice(1, 4).map((part) => Number(part ?? 0));
  return numbers && numbers[0]! < 1000 ? numbers : undefined;
}

function older(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}
