import { push } from './group-by.ts';
import type { Declared, Finding, OwnImage } from './manifest.ts';

/** Comments by the scalar they stand behind: `ghcr.io/salomax/app:1.4.2` to `{"$imagepolicy": "flux-system:app"}`. */
export type Marks = ReadonlyMap<string, string>;

/** A scalar that image automation keeps: https://fluxcd.io/flux/guides/image-update/#configure-image-update-for-custom-resources. */
export interface Marked {
  /** Where its line starts in the text. */
  readonly at: number;
  readonly value: string;
  /** `<namespace>:<name>`. */
  readonly policy: string;
  /** What of the image the scalar says; a digest behind a tag belongs to the tag. */
  readonly name?: string;
  readonly tag?: string;
}

/**
 * The marks of all own images of one environment, for the files of a chart: where two charts run one image, each keeps it
 * by its own policy. Refused: one policy for two images (automation would write one over the other), and in one chart one
 * image under two policies (a scalar carries one mark).
 */
export function marksOf(declared: readonly Declared[]): { marks: (chart: string) => Marks; findings: Finding[] } {
  const images = declared.flatMap(({ image, chart, source }) =>
    image ? [{ ...image, chart, source, scalar: scalarOf(image), mark: `{"$imagepolicy": "${image.policy}"}` }] : [],
  );
  const byPolicy = new Map<string, (typeof images)[number]>();
  const byScalar = new Map<string, (typeof images)[number]>();
  const anywhere = new Map<string, string>();
  const findings: Finding[] = [];
  for (const image of images) {
    const inChart = `${image.chart} ${image.scalar}`;
    const samePolicy = byPolicy.get(image.policy);
    const sameScalar = byScalar.get(inChart);
    const refuse = (message: string, fix: string) =>
      findings.push({
        rule: 'image-policy-clash',
        severity: 'error',
        object: objectOf(image.policy),
        source: image.source,
        message,
        fix,
      });
    if (samePolicy && samePolicy.scalar !== image.scalar) {
      refuse(`keeps both ${samePolicy.scalar} and ${image.scalar}`, 'give each image its own policy');
    } else if (sameScalar && sameScalar.policy !== image.policy) {
      refuse(`keeps ${image.scalar}, and so does ${objectOf(sameScalar.policy)}`, 'keep one image with one policy');
    }
    byPolicy.set(image.policy, samePolicy ?? image);
    byScalar.set(inChart, sameScalar ?? image);
    if (!anywhere.has(image.scalar)) anywhere.set(image.scalar, image.mark);
  }
  const charts = new Map<string, Marks>();
  for (const chart of new Set(images.map((image) => image.chart))) {
    const own = [...byScalar.values()].filter((image) => image.chart === chart);
    charts.set(chart, new Map([...anywhere, ...own.map(({ scalar, mark }) => [scalar, mark] as const)]));
  }
  return { marks: (chart) => charts.get(chart) ?? anywhere, findings };
}

const scalarOf = ({ repository, tag }: OwnImage) => `${repository}:${tag}`;
const objectOf = (policy: string) => `ImagePolicy ${policy.replace(':', '/')}`;

const KEY = '"$imagepolicy"';
const MARK = /(\S+)\s+#\s*\{\s*"\$imagepolicy"\s*:\s*"([^":]+:[^":]+)(?::(name|tag|digest))?"\s*\}\s*$/;

/** Every marked scalar of a file; of a file in merge conflict those of both sides, not of their common base. */
export function markedIn(text: string): Marked[] {
  const found: Marked[] = [];
  const hasBase = text.includes('\n|||||||');
  for (let key = text.indexOf(KEY); key >= 0; key = text.indexOf(KEY, key + 1)) {
    const at = text.lastIndexOf('\n', key) + 1;
    const end = text.indexOf('\n', key);
    const match = MARK.exec(text.slice(at, end < 0 ? undefined : end));
    if (!match || (hasBase && text.lastIndexOf('\n|||||||', at) > text.lastIndexOf('\n=======', at))) continue;
    const value = match[1]!.replace(/^(["'])(.*)\1$/, '$2');
    found.push({ at, value, policy: match[2]!, ...partsOf(value, match[3]) });
  }
  return found;
}

function partsOf(value: string, part?: string): Pick<Marked, 'name' | 'tag'> {
  if (part) return part === 'digest' ? {} : { [part]: value };
  const [, name, tag] = /^(.*?):([^/]+)$/.exec(value) ?? [];
  return { name: name ?? value, tag };
}

/**
 * The tags that stand in the committed files of one environment, by policy (`<namespace>:<name>`). Refused: two places
 * that disagree. Files by path as `readTree` gives them; `root` is put in front of them in findings.
 */
export function readTags(
  files: ReadonlyMap<string, string>,
  root = 'clusters',
): { tags: Map<string, string>; findings: Finding[] } {
  const places = new Map<string, { tag: string; path: string; at: number }[]>();
  for (const [path, text] of files) {
    for (const { policy, tag, at } of markedIn(text)) {
      if (tag) push(places, policy, { tag, path, at });
    }
  }
  const tags = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [policy, list] of places) {
    const { tag } = list[0]!;
    tags.set(policy, tag);
    if (list.every((other) => other.tag === tag)) continue;
    const lineOf = (path: string, at: number) => files.get(path)!.slice(0, at).split('\n').length;
    const clash = list
      .filter((place, index) => index === 0 || place.tag !== tag)
      .map(({ tag, path, at }) => ({ tag, file: `${root}/${path}`, line: lineOf(path, at) }));
    findings.push({
      rule: 'image-tag-clash',
      severity: 'error',
      object: objectOf(policy),
      file: clash[0]!.file,
      line: clash[0]!.line,
      message: `the committed files disagree on its tag: ${clash.map(({ tag, file, line }) => `${tag} (${file}:${line})`).join(', ')}`,
      fix: 'write the tag that should run into each of these lines, then run synth again',
    });
  }
  return { tags, findings };
}
