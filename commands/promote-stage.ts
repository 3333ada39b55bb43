import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promoteStage } from '../synth/promote-stage.ts';
import { readTree } from '../synth/publish.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { clusters, environmentNames, Refusal } from './project.ts';

export interface PromoteStageOptions {
  readonly only?: readonly string[];
  readonly format: Format;
}

/** Has one stage of an environment run what another one runs, in its committed files; a person commits and approves. */
export function promote(wanted: string, from: string, to: string, { only, format }: PromoteStageOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const tree = readTree(clusters, name);
  const { files, promotions, unknown } = promoteStage(tree, { from, to, only });
  if (unknown.length) {
    throw new Refusal(
      `${unknown.join(', ')}: nothing of ${name} is marked for it; stages are the first part of a policy's name`,
    );
  }
  for (const [path, text] of files) writeFileSync(join(clusters, path), text);
  if (format === 'json') {
    const promoted = promotions.map(({ image, from: before, to: after }) => ({ image, before, after }));
    const written = [...files.keys()].map((path) => `clusters/${path}`);
    return console.log(jsonOf({ environment: name, from, to, promoted, files: written }));
  }
  for (const { image, from: before, to: after } of promotions) console.log(`${image}: ${before} -> ${after}`);
  if (!promotions.length) console.log(`${name}: ${to} runs what ${from} runs`);
}
