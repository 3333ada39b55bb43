import { didYouMean } from '../synth/check/nearest.ts';
import colors from '../synth/colors.ts';
import { type Connection, type Explanation, explainer, type Tie } from '../synth/explain.ts';
import type { Manifest } from '../synth/manifest.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { isManifest, type Provided } from '../synth/resolve.ts';
import { synthesized } from './described.ts';
import { environmentNames, Refusal } from './project.ts';

/**
 * Says of one object where it comes from, what it needs, who uses it, and what stops to work without it. `wanted` is
 * `<kind>/<namespace>/<name>`, or `<kind>/<name>` for a cluster-scoped one; upper and lower case are alike.
 */
export async function explain(environment: string, wanted: string, { format }: { readonly format: Format }) {
  const [name] = environmentNames([environment]) as [string];
  const { synthesis } = await synthesized(name);
  const { index } = synthesis;
  // What nobody renders, like a sealed Secret, is known by who names it.
  const known = new Map<string, Manifest | Provided>();
  for (const { target } of index.references) if (target && !isManifest(target)) known.set(addressOf(target), target);
  for (const manifest of index.manifests) known.set(addressOf(manifest), manifest);

  const meant = [...known].flatMap(([address, subject]) =>
    address.toLowerCase() === wanted.toLowerCase() ? [subject] : [],
  );
  if (!meant.length) throw new Refusal(unknown(wanted, name, [...known.keys()]));
  const explanations = meant.map(explainer(name, synthesis));
  console.log(format === 'json' ? jsonOf({ environment: name, explanations }) : explanations.map(textOf).join('\n\n'));
}

function addressOf(subject: Manifest | Provided): string {
  const { kind, namespace, name } = isManifest(subject)
    ? { kind: subject.object.kind, ...subject.object.metadata }
    : subject;
  return [kind, ...(namespace ? [namespace] : []), name].join('/');
}

function unknown(wanted: string, environment: string, addresses: readonly string[]): string {
  const name = wanted.split('/').at(-1)!;
  const namesakes = addresses.filter((address) => address.endsWith(`/${name}`));
  const form = wanted.includes('/') ? '' : '; write it as <kind>/<namespace>/<name>';
  const hint = namesakes.length
    ? `; of that name there are ${namesakes.join(', ')}`
    : didYouMean(wanted, addresses) || form;
  return `${wanted}: ${environment} has no such object${hint}`;
}

function textOf({ object, source, construct, file, kustomization, ...ties }: Explanation): string {
  const rows = [
    [
      'from',
      [source ? `${source.file}:${source.line}` : [], construct ? `construct ${construct}` : []].flat().join(', '),
    ],
    ['written to', file],
    ['applied by', kustomization && appliedBy(kustomization)],
  ].filter(([, text]) => text);
  return [
    colors.bold(object),
    ...rows.map(([label, text]) => `  ${label!.padEnd(10)}  ${text}`),
    ...section('needs', ties.needs.map(tieText)),
    ...section('needed by', ties.neededBy.map(tieText)),
    ...section('calls', ties.calls.map(connectionText)),
    ...section('called by', ties.calledBy.map(connectionText)),
    ...section('without it, these stop to work', ties.breaks),
  ].join('\n');
}

const appliedBy = ({ name, after }: NonNullable<Explanation['kustomization']>) =>
  `Flux Kustomization ${name}${after.length ? `, after ${after.join(', ')}` : ''}`;

/** As many lines of one kind as a terminal shows at once. */
const MOST = 40;

const section = (title: string, lines: readonly string[]) => [
  ...(lines.length ? [`  ${colors.dim(`${title}:`)}`] : []),
  ...lines.slice(0, MOST).map((line) => `    ${line}`),
  ...(lines.length > MOST ? [`    and ${lines.length - MOST} more; --format json lists them all`] : []),
];

function tieText({ object, fields, parts, optional, by }: Tie): string {
  const [field, ...others] = fields;
  const where = others.length ? `${field} and ${others.length} more` : field!;
  return [
    object,
    ...(parts.length ? [`(${parts.join(', ')})`] : []),
    ...(optional ? ['(optional)'] : []),
    ...(by ? [`made by ${by}`] : []),
    colors.dim(where),
  ].join(' ');
}

const connectionText = ({ peer, ports }: Connection) => `${peer} on ${ports.join(', ')}`;
