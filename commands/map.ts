import { realpathSync } from 'node:fs';
import { mermaidOf } from '../synth/map/mermaid.ts';
import { mapOf } from '../synth/map/model.ts';
import { mapPage } from '../synth/map/page.ts';
import { svgOf } from '../synth/map/svg.ts';
import { jsonOf } from '../synth/report.ts';
import { linksTo } from '../synth/review/links.ts';
import type { LinkOf } from '../synth/review/markdown.ts';
import { synthesized } from './described.ts';
import { Git } from './git.ts';
import { environmentNames, Refusal, root } from './project.ts';

export interface MapOptions {
  readonly format: 'html' | 'mermaid' | 'svg' | 'json';
}

/** Prints a picture of one environment: a page to explore, a diagram for a document, or what they are drawn from. */
export async function map(wanted: string, { format }: MapOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const { environment, synthesis } = await synthesized(name);
  const drawn = mapOf(environment, synthesis);
  const text = {
    html: () => mapPage(drawn, synthesis, linksHere()),
    svg: () => svgOf(drawn),
    mermaid: () => mermaidOf(drawn),
    json: () => `${jsonOf({ ...drawn })}\n`,
  }[format]();
  process.stdout.write(text);
}

/** To lines at the commit that is checked out; none where this is no clone of a repository that has an address. */
function linksHere(): LinkOf {
  try {
    const git = new Git(root);
    const commit = git.commit('HEAD');
    if (commit && git.root === realpathSync(root)) return linksTo(git.ask('remote', 'get-url', 'origin'), commit);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return () => undefined;
}
