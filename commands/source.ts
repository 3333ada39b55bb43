import { toYaml } from '../synth/emit.ts';
import { syncObjects, syncPath } from '../synth/flux/source.ts';
import { environmentNames, load } from './project.ts';

/** Prints where Flux reads from, for its owner to keep beside what `flux install` prints. */
export async function source(wanted: string) {
  const [name] = environmentNames([wanted]) as [string];
  const objects = syncObjects(await load(name));
  console.log(`# clusters/${syncPath(name)}, of npm run source -- ${name}`);
  process.stdout.write(objects.map((object) => toYaml(object)).join('---\n'));
}
