import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Environment } from '../imports/environment.ts';
import { mapOf } from '../synth/map/model.ts';
import { svgOf } from '../synth/map/svg.ts';
import { readTree } from '../synth/publish.ts';
import { synthesize } from '../synth/synthesize.ts';
import { clusters, environmentNames, load, root } from './project.ts';

/** What an environment has for people, and a picture of it, by path under docs/; nothing where it has no handbook. */
export function handbookOf(environment: Environment): Readonly<Record<string, string>> {
  if (!environment.handbook) return {};
  const { name } = environment;
  const synthesis = synthesize(environment, readTree(clusters, name));
  const objects = synthesis.index.manifests.map(({ object }) => object);
  return {
    ...environment.handbook(environment, objects),
    [`${name}/map.svg`]: svgOf(mapOf(environment, synthesis)),
  };
}

/** Writes what environments have for people under docs/; with `check`, exit code 1 where that is not what stands there. */
export async function handbook(wanted: readonly string[], { check }: { readonly check?: boolean }) {
  let stale = 0;
  for (const name of environmentNames(wanted)) {
    for (const [path, text] of Object.entries(handbookOf(await load(name)))) {
      const file = join(root, 'docs', path);
      if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
      stale++;
      console.log(`${check ? 'stale' : 'wrote'}: ${relative(process.cwd(), file)}`);
      if (check) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  if (check && stale) process.exitCode = 1;
}
