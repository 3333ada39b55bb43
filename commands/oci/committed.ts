import { realpathSync } from 'node:fs';
import { posix, relative, sep } from 'node:path';
import type { Source } from '../../imports/source.ts';
import type { Origin } from '../../synth/artifact/artifact.ts';
import type { TarFile } from '../../synth/artifact/tar.ts';
import { Git } from '../git.ts';
import { Refusal } from '../project.ts';

/** What HEAD has of an environment. */
export interface Committed {
  readonly git: Git;
  readonly commit: string;
  readonly files: readonly TarFile[];
  readonly origin: Origin;
  /** Whether a remote's branch has it, as far as is known here; true where there is no remote. */
  readonly isPublic: boolean;
}

/**
 * The files of `clusters/<name>` in HEAD. Refuses where the work tree has others, since one would look at these and push those, and a
 * commit outside of the branch that the environment follows.
 */
export function committed(project: string, name: string, { url, branch }: Source): Committed {
  const git = new Git(project, 'an artifact is made of a commit: git init, git add, git commit');
  const [commit, date = ''] = git.ask('log', '-1', '--format=%H %cI', 'HEAD')?.split(' ') ?? [];
  if (!commit) throw new Refusal(`${project}: has no commit yet, and an artifact is made of one: git add, git commit`);
  // The project may lie below the top of its repository; Flux's paths count from the project.
  const above = relative(realpathSync(git.root), realpathSync(project)).split(sep).join('/');
  const folder = posix.join(above, 'clusters', name);

  const dirty = git.dirty(folder);
  if (dirty.length) {
    const more = dirty.length > 5 ? ` and ${dirty.length - 5} more` : '';
    throw new Refusal(
      `${dirty.slice(0, 5).join(', ')}${more}: not committed, and an artifact is made of what is; git add and git commit, or git stash -u`,
    );
  }
  const files = git.filesBelow(commit, folder).map((file) => ({ ...file, path: posix.relative(above, file.path) }));
  if (!files.length) {
    throw new Refusal(`${folder}: nothing of it is committed; npm run synth -- ${name}, then git add and git commit`);
  }

  const patterns = [`refs/heads/${branch}`, `refs/remotes/*/${branch}`];
  const having = git.refs(`--contains=${commit}`, ...patterns);
  if (!having.length) {
    throw new Refusal(
      `${commit.slice(0, 7)}: is not in ${branch}, which ${name} follows; merge it, then git switch ${branch}`,
    );
  }
  const isRemote = (ref: string) => ref.startsWith('refs/remotes/');
  return {
    git,
    commit,
    files,
    origin: {
      created: new Date(date).toISOString().replace('.000Z', 'Z'),
      source: url,
      revision: `${branch}@${commit.length === 40 ? 'sha1' : 'sha256'}:${commit}`,
    },
    isPublic: having.some(isRemote) || !git.refs(...patterns).some(isRemote),
  };
}
