import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readTree } from '../synth/publish.ts';
import { textOf } from '../synth/report.ts';
import { synthesize } from '../synth/synthesize.ts';
import { described } from './described.ts';
import { clusters, environmentNames } from './project.ts';

/**
 * What `cdk8s synth` runs: the same files as `synth`, written into the CLI's output folder, which it empties first; it
 * never points at clusters/. The folder's name comes from the CLI, in CDK8S_OUTDIR.
 */
export async function app() {
  const output = process.env['CDK8S_OUTDIR'] ?? 'dist';
  for (const name of environmentNames([])) {
    const { files, findings } = synthesize(await described(name), readTree(clusters, name));
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (errors.length) {
      console.error(textOf(errors));
      process.exitCode = 1;
      continue;
    }
    for (const [path, text] of files) {
      const target = join(output, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }
}
