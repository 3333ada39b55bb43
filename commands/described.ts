import type { Environment } from '../imports/environment.ts';
import type { Finding } from '../synth/manifest.ts';
import { readTree } from '../synth/publish.ts';
import { thrown } from '../synth/render.ts';
import { type Synthesis, synthesize } from '../synth/synthesize.ts';
import { clusters, load, Refusal } from './project.ts';

/** The literal of an environment, for commands that print no findings: refused where it cannot be loaded. */
export async function described(name: string): Promise<Environment> {
  try {
    return await load(name);
  } catch (error) {
    throw broken([thrown(fileOf(name), error)]);
  }
}

/**
 * What an environment is rendered to, for commands that answer questions about it. Refused where a chart threw: without
 * the rest of its objects every answer could be a wrong one.
 */
export async function synthesized(name: string): Promise<{ environment: Environment; synthesis: Synthesis }> {
  const environment = await described(name);
  const tree = readTree(clusters, name);
  return { environment, synthesis: whole(synthesisOf(environment, tree)) };
}

/** What was rendered, if no chart threw. */
export function whole<R extends { readonly thrown: readonly Finding[] }>(made: R): R {
  if (made.thrown.length) throw broken(made.thrown);
  return made;
}

function synthesisOf(environment: Environment, tree: ReadonlyMap<string, string>): Synthesis {
  try {
    return synthesize(environment, tree);
  } catch (error) {
    throw broken([thrown(fileOf(environment.name), error)]);
  }
}

const fileOf = (name: string) => `charts/environments/${name}.ts`;

/** One line each. */
const broken = (findings: readonly Finding[]) =>
  new Refusal(
    findings
      .map(({ object, source, message, fix }) =>
        [`${source ? `${source.file}:${source.line}` : object}: ${message}`, ...(fix ? [fix] : [])].join('; '),
      )
      .join('\n'),
  );
