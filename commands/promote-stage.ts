import { readTags } from '../synth/images.ts';
import { promoteStage } from '../synth/promote-stage.ts';
import { publish, readTree, settle } from '../synth/publish.ts';
import { type Format, jsonOf, textOf } from '../synth/report.ts';
import { clusters, environmentNames, Refusal, refusing } from './project.ts';

export interface PromoteStageOptions {
  readonly only?: readonly string[];
  readonly format: Format;
}

/** Has one stage of an environment run what another one runs, in its committed files; a person commits and approves. */
export function promote(wanted: string, from: string, to: string, { only, format }: PromoteStageOptions) {
  const [name] = environmentNames([wanted]) as [string];
  refusing(() => settle(clusters));
  const tree = readTree(clusters, name);
  const { findings } = readTags(tree);
  if (findings.length) throw new Refusal(`nothing was written:\n${textOf(findings)}`);
  const { files, promotions, unknown } = promoteStage(tree, { from, to, only });
  if (unknown.length) {
    throw new Refusal(
      `${unknown.join(', ')}: nothing of ${name} is marked for it; stages are the first part of a policy's name`,
    );
  }
  const steps = [...files].map(([path, after]) => ({ path, before: tree.get(path), after }));
  refusing(() => publish(clusters, [{ environment: name, findings, steps }]));
  if (format === 'json') {
    const promoted = promotions.map(({ image, from: before, to: after }) => ({ image, before, after }));
    const written = [...files.keys()].map((path) => `clusters/${path}`);
    return console.log(jsonOf({ environment: name, from, to, promoted, files: written }));
  }
  for (const { image, from: before, to: after } of promotions) console.log(`${image}: ${before} -> ${after}`);
  if (!promotions.length) console.log(`${name}: ${to} runs what ${from} runs`);
}
