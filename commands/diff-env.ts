import { type Format, jsonOf } from '../synth/report.ts';
import { environmentDifference, type RenderedEnvironment, textDifference } from '../synth/review/environments.ts';
import { synthesized } from './described.ts';
import { environmentNames, Refusal } from './project.ts';

/** Renders two environments and prints what they differ in; writes nothing. */
export async function diffEnvironments(wanted: readonly string[], { format }: { readonly format: Format }) {
  const names = environmentNames(wanted);
  if (wanted.length !== 2 || names.length !== 2) {
    throw new Refusal('--diff-env: name two environments, npm run synth -- --diff-env <one> <other>');
  }
  const [from, to] = (await Promise.all(names.map(rendered))) as [RenderedEnvironment, RenderedEnvironment];
  const difference = environmentDifference(from, to);
  console.log(format === 'json' ? jsonOf({ ...difference }) : textDifference(difference));
}

async function rendered(name: string): Promise<RenderedEnvironment> {
  const { synthesis } = await synthesized(name);
  return { name, index: synthesis.index };
}
