import { type Format, jsonOf } from '../synth/report.ts';
import { described } from './described.ts';
import { type Pushed, type PushOptions, push } from './oci/push.ts';
import { environmentNames, root } from './project.ts';

export interface ArtifactOptions extends PushOptions {
  readonly format: Format;
}

/** Pushes the committed files of an environment, and prints what its Flux will see; exit code 1 where `--check` finds something else. */
export async function artifact(wanted: string, { format, ...options }: ArtifactOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const pushed = await push(await described(name), root, options);
  console.log(format === 'json' ? jsonOf({ ...pushed }) : textOf(pushed, options));
  if (!pushed.current) process.exitCode = 1;
}

function textOf({ current, pushed, artifact, blobs, notes }: Pushed, { check }: PushOptions): string {
  const { url, tag, digest, revision, created, source, files, bytes } = artifact;
  const kept = blobs.kept.length ? `; ${blobs.kept.length} of its blobs were there already` : '';
  const said = pushed
    ? `pushed${kept}`
    : check
      ? current
        ? 'is there'
        : 'has something else, or nothing: npm run artifact pushes this'
      : 'is there already, nothing was pushed';
  return [
    `${url}:${tag}  ${said}`,
    `  revision  ${tag}@${digest}`,
    `  origin    ${revision}`,
    `  source    ${source}`,
    `  created   ${created}`,
    `  content   ${files} files, ${Math.ceil(bytes / 1024)} KiB packed`,
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}
