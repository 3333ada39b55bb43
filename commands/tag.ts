import { compare } from '../synth/compare.ts';
import { readTags } from '../synth/images.ts';
import type { Finding } from '../synth/manifest.ts';
import { retagged, serviceOf } from '../synth/promote.ts';
import { publish, readTree, settle } from '../synth/publish.ts';
import { type Format, jsonOf, textOf } from '../synth/report.ts';
import { synthesize } from '../synth/synthesize.ts';
import { olderTags, wantedTags } from '../synth/wanted-tags.ts';
import { described } from './described.ts';
import { clusters, environmentNames, refusing } from './project.ts';

export interface TagOptions {
  readonly check?: boolean;
  readonly format: Format;
}

/**
 * Writes new tags of own images into the committed files, as image automation does where it can: for CI, and for clusters that
 * cannot reach git. Refused: an image that nobody runs, a tag that its rule would pass by, and one that is older.
 */
export async function tag(wanted: string, pairs: readonly string[], { check, format }: TagOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const environment = await described(name);
  if (!check) refusing(() => settle(clusters));
  const tree = readTree(clusters, name);
  const { tags, findings: clashes } = readTags(tree);
  const set = refusing(() => wantedTags(name, pairs, tags));

  const made = synthesize(environment, retagged(tree, set));
  const comparison = compare({ environment: name, tree, files: made.files, also: environment.also });
  const findings: Finding[] = [
    ...clashes,
    ...olderTags(set),
    ...[...made.findings, ...comparison.findings].filter(({ severity }) => severity === 'error'),
  ];
  const isRefused = findings.length > 0;
  if (!isRefused && !check) refusing(() => publish(clusters, [comparison]));
  const files = comparison.steps.map(({ path }) => path);
  if (format === 'json') {
    console.log(
      jsonOf({ environment: name, written: !isRefused && !check && files.length > 0, tags: set, files, findings }),
    );
  } else {
    for (const { policy, before, after } of set) console.log(`${serviceOf(policy)}  ${before} -> ${after}`);
    if (!set.length) console.log(`${name}: has these tags already`);
    if (isRefused) console.log(`${textOf(findings)}\nnothing was written`);
    else for (const path of files) console.log(`${check ? 'would write' : 'wrote'} clusters/${path}`);
  }
  if (isRefused) process.exitCode = 1;
}
