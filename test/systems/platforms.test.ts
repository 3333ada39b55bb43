import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { load as yaml } from 'js-yaml';
import lab from '../../charts/environments/lab.ts';
import studio from '../../charts/environments/studio.ts';
import { platforms } from '../../charts/platforms.ts';
import { OwnImages } from '../../constructs/images.ts';
import type { Environment, Platforms } from '../../imports/environment.ts';
import { residentsOf } from '../../synth/fit/residents.ts';
import { repositoryOf } from '../../synth/image-reference.ts';
import { resolve } from '../../synth/resolve.ts';
import { render } from '../constructs/render.ts';
import { rendered } from './environment.ts';

const clusters = new URL('../../clusters/', import.meta.url);

test('every image of every cluster is listed', () => {
  const missing = new Set<string>();
  for (const name of readdirSync(clusters)) {
    const texts = readdirSync(new URL(name, clusters), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    // Own ones have a mark, or lie beside one that does.
    const images = texts.flatMap((text) => [...text.matchAll(/^[ -]+image: "?([^\s"]+)"?( # .*)?$/gm)]);
    const own = new Set(images.flatMap(([, image, mark]) => (mark ? [dirname(repositoryOf(image!))] : [])));
    for (const [, image] of images) {
      const repository = repositoryOf(image!);
      if (image!.includes(':') && !platforms[repository] && !own.has(dirname(repository))) missing.add(repository);
    }
  }
  expect([...missing]).toEqual([]);
});

test.each<Environment>([studio, lab])('$name: so is what charts and operators bring', (environment) => {
  const { manifests, declared } = rendered(environment);
  const cluster = { ...environment, platforms };
  const residents = residentsOf(resolve({ manifests, declared }, { provides: [], closed: true, cluster }));
  expect(residents.filter(({ images }) => !images.length).map(({ name }) => name)).toEqual([]);
  const own: Platforms = Object.assign({}, ...declared.map((relation) => relation.platforms));
  const used = residents.flatMap(({ images }) => images.map(({ image }) => repositoryOf(image)));
  expect(used.filter((repository) => !platforms[repository] && !own[repository])).toEqual([]);
});

test('each line of the list has its source above it, once, in order', () => {
  const text = readFileSync(new URL('../../charts/platforms.ts', import.meta.url), 'utf8');
  const lines = [...text.matchAll(/^ {2}\/\/ \S.+\n {2}'([^']+)': \[.+\],$/gm)].map(([, repository]) => repository!);
  expect(lines).toEqual(Object.keys(platforms));
  expect(lines).toEqual([...new Set(lines)].sort());
});

test('own images are taken to be built as the workflow builds them', () => {
  const { on } = yaml(readFileSync(new URL('../../.github/workflows/service-image.yml', import.meta.url), 'utf8')) as {
    on: { workflow_call: { inputs: { platforms: { default: string } } } };
  };
  const built = on.workflow_call.inputs.platforms.default.split(',').map((platform) => platform.replace('linux/', ''));
  const { relations } = render((chart) => {
    new OwnImages(chart, 'images').own('web', '1.0.0');
  });
  expect(Object.values(relations[0]!.platforms!)).toEqual([built]);
});
