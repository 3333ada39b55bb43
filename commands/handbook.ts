import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Environment } from '../imports/environment.ts';
import { mapOf } from '../synth/map/model.ts';
import { svgOf } from '../synth/map/svg.ts';
import { readTree } from '../synth/publish.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { synthesize } from '../synth/synthesize.ts';
import { described, whole } from './described.ts';
import { clusters, environmentNames, root } from './project.ts';

/** What an environment has for people, and a picture of it, by path under docs/; nothing where it has no handbook. */
export function handbookOf(environment: Environment): Readonly<Record<string, string>> {
  if (!environment.handbook) return {};
  const { name } = environment;
  const synthesis = whole(synthesize(environment, readTree(clusters, name)));
  const objects = synthesis.index.manifests.map(({ object }) => object);
  return {
    ...environment.handbook(environment, objects),
    [`${name}/map.svg`]: svgOf(mapOf(environment, synthesis)),
  };
}

export interface HandbookOptions {
  readonly check?: boolean;
  readonly format: Format;
}

/** Writes what environments have for people under docs/; with `check`, exit code 1 where that is not what stands there. */
export async function handbook(wanted: readonly string[], { check, format }: HandbookOptions) {
  const stale: string[] = [];
  for (const name of environmentNames(wanted)) {
    for (const [path, text] of Object.entries(handbookOf(await described(name)))) {
      const file = join(root, 'docs', path);
      if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
      stale.push(relative(process.cwd(), file));
      if (check) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  if (format === 'json') console.log(jsonOf({ written: !check, files: stale }));
  else for (const file of stale) console.log(`${check ? 'stale' : 'wrote'}: ${file}`);
  if (check && stale.length) process.exitCode = 1;
}
