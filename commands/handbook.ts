import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { mapOf } from '../synth/map/model.ts';
import { svgOf } from '../synth/map/svg.ts';
import { readTree } from '../synth/publish.ts';
import { synthesize } from '../synth/synthesize.ts';
import { clusters, environmentNames, load, root } from './project.ts';

/** Writes what environments have to say to people, and a picture of each, under docs/; with `check`, exit code 1 where it is not what stands there. */
export async function handbook(wanted: readonly string[], { check }: { readonly check?: boolean }) {
  let stale = 0;
  for (const name of environmentNames(wanted)) {
    const environment = await load(name);
    if (!environment.handbook) continue;
    const synthesis = synthesize(environment, readTree(clusters, name));
    const objects = synthesis.index.manifests.map(({ object }) => object);
    const texts = {
      ...environment.handbook(environment, objects),
      [`${name}/map.svg`]: svgOf(mapOf(environment, synthesis)),
    };
    for (const [path, text] of Object.entries(texts)) {
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
