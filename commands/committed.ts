import { join, resolve as resolvePath } from 'node:path';
import type { Manifest } from '../synth/manifest.ts';
import { type Files, onDisk } from '../synth/read/files.ts';
import { readManifests } from '../synth/read.ts';
import { type Index, resolve } from '../synth/resolve.ts';
import { Git } from './git.ts';
import { Refusal, refusing } from './project.ts';

/** What an environment's folder has for its cluster, as Flux takes it. */
export interface Committed {
  readonly manifests: readonly Manifest[];
  readonly index: Index;
}

/** The folder as it is on disk. */
export const onDiskOf = (environment: string, repository: string): Committed =>
  read(environment, resolvePath(repository), onDisk);

/** The folder at a commit, and what git says of other commits. */
export function committedAt(environment: string, repository: string, ref: string) {
  const git = refusing(
    () => new Git(resolvePath(repository), 'the cluster is compared with a commit, so point --repo at one'),
  );
  const commit = git.base(ref);
  return { git, commit, ...read(environment, git.root, git.files(commit)) };
}

function read(environment: string, root: string, files: Files): Committed {
  const folder = `clusters/${environment}`;
  if (!files.stat(join(root, folder)))
    throw new Refusal(
      `${folder}: not there; npm run synth -- ${environment} writes it, and then it has to be committed`,
    );
  const { worlds, findings } = readManifests([folder], { root, files });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length)
    throw new Refusal(
      errors.map(({ file, line, message }) => `${file}${line ? `:${line}` : ''}: ${message}`).join('\n'),
    );
  const manifests = worlds.flatMap(({ rendered }) => rendered.manifests);
  return { manifests, index: resolve({ manifests, declared: [] }, { provides: [], closed: false }) };
}
