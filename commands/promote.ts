import { didYouMean } from '../synth/check/nearest.ts';
import { compare } from '../synth/compare.ts';
import type { Finding } from '../synth/manifest.ts';
import { absentFrom, promotedTags, retagged, runs, serviceOf, servicesOf, unsealed } from '../synth/promote.ts';
import { publish, readTree, settle } from '../synth/publish.ts';
import { type Format, jsonOf, textOf } from '../synth/report.ts';
import { sealedFiles, sealedGaps } from '../synth/seal.ts';
import { synthesize } from '../synth/synthesize.ts';
import { described, whole } from './described.ts';
import { clusters, environmentNames, Refusal, refusing } from './project.ts';

export interface PromoteOptions {
  readonly only?: string;
  readonly check?: boolean;
  readonly format: Format;
}

/**
 * Brings what runs in one environment to another: the tags of own images as they are committed, and with them what the
 * sources say of those services' configuration now. Nothing is written where the target could not have it.
 */
export async function promote(from: string, to: string, { only, check, format }: PromoteOptions) {
  if (from === to) throw new Refusal(`${from}: is both where it comes from and where it goes`);
  const [source, target] = environmentNames([from, to]) as [string, string];
  if (!check) refusing(() => settle(clusters));
  const [origin, destination] = [await described(source), await described(target)];
  const [there, here] = [readTree(clusters, source), readTree(clusters, target)];
  const services = servicesOf(here);
  if (only !== undefined && !services.includes(only)) {
    throw new Refusal(
      `--only ${only}: ${target} keeps no tag of such a service${didYouMean(only, services)}; it keeps ${services.join(', ') || 'none'}`,
    );
  }

  const { promoted, findings: clashes } = promotedTags(there, here, only);
  const [before, after] = [synthesize(destination, here), synthesize(destination, retagged(here, promoted))];
  const one = { name: source, index: whole(synthesize(origin, there)).index };
  const other = { name: target, index: after.index };
  const comparison = compare({ environment: target, tree: here, files: after.files, also: destination.also });
  const steps = comparison.steps.filter(
    ({ path, after: content }) => only === undefined || runs(content ?? here.get(path) ?? '', promoted),
  );

  const declared = after.index.declared;
  const repositories = new Set(
    declared.flatMap(({ image }) =>
      image && promoted.some(({ policy }) => policy === image.policy) ? [image.repository] : [],
    ),
  );
  const known = new Set(before.findings.map(({ rule, object }) => `${rule} ${object}`));
  const findings: Finding[] = [
    ...clashes,
    ...[...after.findings, ...comparison.findings].filter(({ severity }) => severity === 'error'),
    ...unsealed(after.index, sealedGaps(declared, sealedFiles(here, target)), repositories, target),
    ...after.findings.filter(({ severity, rule, object }) => severity === 'warning' && !known.has(`${rule} ${object}`)),
  ];
  const refused = findings.some(({ severity }) => severity === 'error');
  if (!refused && !check) refusing(() => publish(clusters, [{ ...comparison, steps, findings: [] }]));

  const named = only === undefined ? undefined : [only];
  const report = {
    from: source,
    to: target,
    written: !refused && !check && steps.length > 0,
    promoted,
    absent: { [target]: absentFrom(one, other, named), [source]: absentFrom(other, one, named) },
    files: steps.map(({ path }) => path),
    left: comparison.steps.flatMap(({ path }) => (steps.some((step) => step.path === path) ? [] : [path])),
    findings,
  };
  console.log(format === 'json' ? jsonOf(report) : textReport(report, { refused, check }));
  if (refused) process.exitCode = 1;
}

interface Report {
  readonly from: string;
  readonly to: string;
  readonly promoted: ReturnType<typeof promotedTags>['promoted'];
  readonly absent: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly string[];
  readonly left: readonly string[];
  readonly findings: readonly Finding[];
}

function textReport(
  { from, to, promoted, absent, files, left, findings }: Report,
  { refused, check }: { readonly refused: boolean; readonly check?: boolean },
): string {
  const list = (title: string, lines: readonly string[]) =>
    lines.length ? [title, ...lines.map((line) => `  ${line}`)] : [];
  const verb = refused ? 'nothing was written; it would have been' : check ? 'would write' : 'wrote';
  return [
    ...list(
      `${from} -> ${to}`,
      promoted.length
        ? promoted.map(({ policy, before, after }) => `${serviceOf(policy)}  ${before} -> ${after}`)
        : ['every tag is the same'],
    ),
    ...list(`in ${from} but not in ${to}`, absent[to]!),
    ...list(`in ${to} but not in ${from}`, absent[from]!),
    ...(findings.length ? [textOf(findings)] : []),
    ...list(
      verb,
      files.map((path) => `clusters/${path}`),
    ),
    ...(left.length
      ? [`left as they are, though synth would change them: ${left.map((path) => `clusters/${path}`).join(', ')}`]
      : []),
  ].join('\n');
}
