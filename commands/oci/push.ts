import type { Environment } from '../../imports/environment.ts';
import { type ArtifactPlace, artifactPlace } from '../../imports/source.ts';
import { artifactOf, isSame, type Origin, originOf } from '../../synth/artifact/artifact.ts';
import { urlOf } from '../../synth/flux/source.ts';
import { Refusal } from '../project.ts';
import { type Committed, committed } from './committed.ts';
import { loginFor } from './credentials.ts';
import { Registry } from './registry.ts';

export interface PushOptions {
  /** Push nothing. */
  readonly check?: boolean;
  /** Push though the registry has a commit that this one does not come after. */
  readonly force?: boolean;
}

export interface Pushed {
  readonly environment: string;
  /** Whether the tag stands for it now. */
  readonly current: boolean;
  /** Whether anything was pushed. */
  readonly pushed: boolean;
  readonly artifact: Origin & {
    readonly url: string;
    readonly tag: string;
    readonly digest: string;
    readonly files: number;
    /** Of the layer, as it is packed. */
    readonly bytes: number;
  };
  /** Digests of what was pushed, and of what the registry had already. */
  readonly blobs: { readonly pushed: readonly string[]; readonly kept: readonly string[] };
  readonly notes: readonly string[];
}

type Facts = Pick<Environment, 'name' | 'repository' | 'registries'>;

/**
 * Pushes what is committed of an environment to the registry that its Flux reads. What the registry has already is not pushed
 * again; the tag moves last, so that Flux sees all of it or nothing, and a push that broke off is finished by the next one.
 */
export async function push(environment: Facts, project: string, { check, force }: PushOptions): Promise<Pushed> {
  const { name } = environment;
  const place = artifactPlace(environment);
  if (!place) {
    throw new Refusal(
      `${name}: its Flux reads git, so git push is all it needs; for an artifact, say repository: { kind: 'oci', ... } in charts/environments/${name}.ts`,
    );
  }
  const head = committed(project, name, environment.repository);
  const { blobs, manifest } = artifactOf(head.files, head.origin);
  const { host, insecure, tag } = place;
  const access = check ? 'pull' : 'pull,push';
  const registry = new Registry({ host, name: place.name, insecure, login: () => loginFor(host), access });

  const before = await registry.manifest(tag);
  const isThere = !!before && isSame(before.bytes, manifest.bytes);
  if (before && !isThere && !force) refuseLoss(head, before.bytes, place);
  const kept: string[] = [];
  const pushed: string[] = [];
  if (!isThere && !check) {
    for (const blob of blobs) {
      const isKept = await registry.has(blob.digest);
      if (!isKept) await registry.push(blob);
      (isKept ? kept : pushed).push(blob.digest);
    }
    await registry.tag(tag, manifest);
    pushed.push(manifest.digest);
  }
  return {
    environment: name,
    current: isThere || !check,
    pushed: pushed.length > 0,
    artifact: {
      url: urlOf(place),
      tag,
      digest: isThere ? before.digest : manifest.digest,
      ...head.origin,
      files: head.files.length,
      bytes: blobs[0]!.bytes.length,
    },
    blobs: { pushed, kept },
    notes: head.isPublic
      ? []
      : [`${head.commit.slice(0, 7)} is at no remote yet, and git is what people read: git push`],
  };
}

/** What would be undone without anybody having seen it. */
function refuseLoss({ git, commit }: Committed, before: Buffer, place: ArtifactPlace) {
  const there = `${urlOf(place)}:${place.tag}`;
  const origin = originOf(before);
  if (!origin) {
    throw new Refusal(
      `${there}: is no artifact of Flux but something else; give repository another artifact or tag, or overwrite it: --force`,
    );
  }
  const [, other] = /:(\w+)$/.exec(origin.revision ?? '') ?? [];
  if (other && git.contains(commit, other)) return;
  throw new Refusal(
    other && git.contains(other, commit)
      ? `${there}: has ${other.slice(0, 7)}, which comes after ${commit.slice(0, 7)}; git pull, and to go back, git revert; or --force`
      : `${there}: has ${origin.revision ?? 'an unknown commit'}, which ${commit.slice(0, 7)} does not come after; git pull first (in CI, the whole history: fetch-depth: 0); or --force`,
  );
}
