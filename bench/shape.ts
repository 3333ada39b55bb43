// What the strict shapes cost, and what ajv's compiled validators would:
// node --experimental-vm-modules --no-warnings run.mjs bench/shape.ts
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { loadAll } from 'js-yaml';
import { isCustom } from '../imports/kinds.ts';
import { type Schema, schemaOf } from '../imports/schemas.ts';
import { strictly } from '../synth/check/strict.ts';
import type { KubeObject } from '../synth/manifest.ts';

const timed = <T>(run: () => T): [T, string] => {
  const start = performance.now();
  const result = run();
  return [result, `${(performance.now() - start).toFixed(0)} ms`];
};
const megabytes = (characters: number) => `${(characters / 1e6).toFixed(2)} MB`;

const samples = loadAll(readFileSync('test/cluster/samples.yaml', 'utf8')) as KubeObject[];
const [, loading] = timed(() => samples.map(({ apiVersion, kind }) => schemaOf(apiVersion, kind)));
const objects = Array.from({ length: 10_000 }, (_, number) => structuredClone(samples[number % samples.length]!));
const check = () => {
  for (const object of objects)
    strictly(object, schemaOf(object.apiVersion, object.kind)!, isCustom(object.apiVersion));
};
const [, first] = timed(check);
const [, second] = timed(check);

const files = readdirSync('imports/schemas').map((name) => readFileSync(`imports/schemas/${name}`, 'utf8'));
const schemas = files
  .map((text) => JSON.parse(text) as { $id: string; $defs: Record<string, Schema> })
  .filter(({ $id }) => $id);
const ajv = new Ajv({
  strict: false,
  allErrors: true,
  messages: false,
  inlineRefs: false,
  validateFormats: false,
  schemas,
  code: { source: true },
});
const roots = samples.map(({ apiVersion, kind }) => [apiVersion.replace('/', '_'), kind] as const);
const [code, compiling] = timed(() =>
  standalone.default(
    ajv,
    Object.fromEntries(
      roots.map(([file, kind]) => [`${file}_${kind}`.replace(/\W/g, '_'), `${file}.json#/$defs/${kind}`]),
    ),
  ),
);

console.log(`schemas: ${megabytes(files.join('').length)} for ${files.length - 1} API versions`);
console.log(`reading those of ${samples.length} kinds: ${loading}`);
console.log(`checking 10,000 objects of these kinds: ${first}, again ${second}`);
console.log(`ajv, the same kinds compiled ahead: ${megabytes(code.length)} of code, ${compiling} to compile`);
