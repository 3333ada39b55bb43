import { existsSync } from 'node:fs';
import { platforms } from '../charts/platforms.ts';
import { check as findingsOf } from '../synth/check/check.ts';
import type { Finding } from '../synth/manifest.ts';
import { lineFinder } from '../synth/read/position.ts';
import { readManifests } from '../synth/read.ts';
import { count, type Format, format } from '../synth/report.ts';
import { resolve } from '../synth/resolve.ts';
import { nodesIn } from './nodes.ts';
import { Refusal } from './project.ts';

export interface CheckOptions {
  readonly nodes?: string;
  readonly format: Format;
}

/** Runs the rules over any YAML, as in an open world: what is missing may exist elsewhere. Exit code 1 on errors. */
export function check(paths: readonly string[], { nodes, format: as }: CheckOptions) {
  const absent = paths.filter((path) => !existsSync(path));
  if (absent.length) throw new Refusal(`${absent.join(', ')}: no such file or folder`);
  const cluster = nodes === undefined ? undefined : { nodes: nodesIn(nodes), platforms };

  const { worlds, findings, objectsRead } = readManifests(paths, { root: process.cwd() });
  const lineOf = lineFinder(process.cwd());
  const found = new Map<string, Finding>();
  const keep = (finding: Finding) => found.set(JSON.stringify(finding), finding);
  findings.forEach(keep);
  for (const { rendered, provides } of worlds) {
    const index = resolve(rendered, { provides: [provides], closed: false, cluster });
    // What two overlays take is read twice, and said once.
    findingsOf(index, { lineOf }).forEach(keep);
  }

  const all = [...found.values()];
  const text = format(all, as, { objects: objectsRead });
  if (text) console.log(text);
  if (as === 'text') console.log(`${objectsRead} objects, ${count(all)}`);
  if (all.some(({ severity }) => severity === 'error')) process.exitCode = 1;
}
