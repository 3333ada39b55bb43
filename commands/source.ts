import { toYaml } from '../synth/emit.ts';
import { syncObjects, syncPath } from '../synth/flux/source.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { described } from './described.ts';
import { environmentNames } from './project.ts';

/** Prints where Flux reads from, for its owner to keep beside what `flux install` prints. */
export async function source(wanted: string, { format }: { readonly format: Format }) {
  const [name] = environmentNames([wanted]) as [string];
  const objects = syncObjects(await described(name));
  if (format === 'json') return console.log(jsonOf({ environment: name, path: `clusters/${syncPath(name)}`, objects }));
  console.log(`# clusters/${syncPath(name)}, of npm run source -- ${name}`);
  process.stdout.write(objects.map((object) => toYaml(object)).join('---\n'));
}
