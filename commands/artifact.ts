import { realpathSync } from 'node:fs';
import { posix, relative, sep } from 'node:path';
import { type ArtifactPlace, artifactPlace, type Source } from '../imports/source.ts';
import { type Artifact, artifactOf, isSame, originOf } from '../synth/artifact/artifact.ts';
import { urlOf } from '../synth/flux/source.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { Git } from './git.ts';
import { loginFor } from './oci/credentials.ts';
import { Registry } from './oci/registry.ts';
import { environmentNames, load, Refusal, root } from './project.ts';

export interface ArtifactOptions {
  readonly check?: boolean;
  /** Push though the registry has a commit that this one does not come after. */
  readonly force?: boolean;
  readonly format: Format;
}

/**
 * Pushes what is committed of an environment to the registry that its Flux reads: the files of HEAD, never those of the work
 * tree. What the registry has already is not pushed again; the tag moves last, so that Flux sees all of it or nothing.
 */
export async function artifact(wanted: string, { check, force, format }: ArtifactOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const environment = await load(name);
  const place = artifactPlace(environment);
  if (!place) {
    throw new Refusal(
      `${name}: its Flux reads git, so git push is all it needs; for an artifact, say repository: { kind: 'oci', ... } in charts/environments/${name}.ts`,
    );
  }
  const committed = committedFiles(name, environment.repository);
  const { commit, origin, files, notes } = committed;
  const made = artifactOf(files, origin);

  const { host, insecure, tag } = place;
  const access = check ? 'pull' : 'pull,push';
  const registry = new Registry({ host, name: place.name, insecure, login: loginFor(host), access });
  const before = await registry.manifest(tag);
  const isThere = !!before && isSame(before.bytes, made.manifest.bytes);
  if (before && !isThere && !force) refuseLoss(committed.git, commit, before.bytes, place);

  const pushed: string[] = [];
  if (!isThere && !check) {
    for (const blob of made.blobs) {
      if (await registry.has(blob.digest)) continue;
      await registry.push(blob);
      pushed.push(blob.digest);
    }
    await registry.tag(tag, made.manifest);
    pushed.push(made.manifest.digest);
  }
  const digest = isThere ? before.digest : made.manifest.digest;
  const report = {
    environment: name,
    pushed: !isThere && !check,
    current: isThere || !check,
    artifact: {
      url: `${urlOf(place)}:${tag}`,
      ...origin,
      digest,
      files: files.length,
      bytes: made.blobs[0]!.bytes.length,
    },
    blobs: pushed,
    notes,
  };
  console.log(format === 'json' ? jsonOf(report) : textOf(report, made, place, check));
  if (check && !isThere) process.exitCode = 1;
}

function committedFiles(name: string, { url, branch }: Source) {
  const git = new Git(root, 'an artifact is made of a commit: git init, git add, git commit');
  const commit = git.commit('HEAD');
  if (!commit) throw new Refusal(`${root}: has no commit yet, and an artifact is made of one: git add, git commit`);
  // The project may lie below the top of its repository; Flux's paths count from the project.
  const above = relative(realpathSync(git.root), realpathSync(root)).split(sep).join('/');
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
  const refs = (
    git.ask('for-each-ref', '--format=%(refname)', `refs/heads/${branch}`, `refs/remotes/*/${branch}`) ?? ''
  )
    .split('\n')
    .filter(Boolean);
  if (!refs.some((ref) => git.contains(ref, commit))) {
    throw new Refusal(
      `${commit.slice(0, 7)}: is not in ${branch}, which ${name} follows; merge it, then git switch ${branch}`,
    );
  }
  const remotes = refs.filter((ref) => ref.startsWith('refs/remotes/'));
  const isPushed = !remotes.length || remotes.some((ref) => git.contains(ref, commit));
  const algorithm = git.ask('rev-parse', '--show-object-format') ?? 'sha1';
  const created = new Date(git.ask('show', '--no-patch', '--format=%cI', commit)!).toISOString();
  return {
    git,
    commit,
    files,
    origin: {
      created: created.replace('.000Z', 'Z'),
      source: url,
      revision: `${branch}@${algorithm}:${commit}`,
    },
    notes: isPushed
      ? []
      : [`${commit.slice(0, 7)} is not at ${remotes[0]!.slice('refs/remotes/'.length)} yet: git push`],
  };
}

/** What would be undone without anybody having seen it. */
function refuseLoss(git: Git, commit: string, before: Buffer, place: ArtifactPlace) {
  const there = `${urlOf(place)}:${place.tag}`;
  const origin = originOf(before);
  if (!origin) {
    throw new Refusal(
      `${there}: is no artifact of Flux but something else; give repository another artifact or tag, or overwrite it: --force`,
    );
  }
  const [, other = ''] = /:(\w+)$/.exec(origin.revision ?? '') ?? [];
  if (other && git.contains(commit, other)) return;
  const known = other && git.commit(other);
  throw new Refusal(
    known && git.contains(other, commit)
      ? `${there}: has ${other.slice(0, 7)}, which comes after ${commit.slice(0, 7)}; git pull, and to go back, git revert; or --force`
      : `${there}: has ${origin.revision ?? 'an unknown commit'}, which ${commit.slice(0, 7)} does not come after; git pull first (in CI, the whole history: fetch-depth: 0); or --force`,
  );
}

interface Report {
  readonly pushed: boolean;
  readonly current: boolean;
  readonly artifact: {
    readonly url: string;
    readonly digest: string;
    readonly revision: string;
    readonly created: string;
    readonly source: string;
    readonly files: number;
    readonly bytes: number;
  };
  readonly blobs: readonly string[];
  readonly notes: readonly string[];
}

function textOf(
  { pushed, current, artifact, blobs, notes }: Report,
  { blobs: all }: Artifact,
  { tag }: ArtifactPlace,
  check = false,
): string {
  const { url, digest, revision, created, source, files, bytes } = artifact;
  const kept = all.filter((blob) => !blobs.includes(blob.digest)).length;
  const done = pushed
    ? `pushed${kept ? `; ${kept} of ${all.length} blobs were there already` : ''}`
    : current
      ? 'is there already: nothing was pushed'
      : 'is not there: npm run artifact pushes it';
  return [
    `${url}  ${check && current ? 'is there' : done}`,
    `  revision  ${tag}@${digest}`,
    `  origin    ${revision}`,
    `  source    ${source}`,
    `  created   ${created}`,
    `  content   ${files} files, ${Math.ceil(bytes / 1024)} KiB packed`,
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}
