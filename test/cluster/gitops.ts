// What a person and Flux do with a repository: push a tree, point Flux at it, wait for it, and look at how it went.
import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Bed } from './bed.ts';
import { hasCondition, type KubernetesObject, waitFor } from './client.ts';
import { fetched } from './flux.ts';

const exec = promisify(execFile);
const kustomizations = 'kustomizations.kustomize.toolkit.fluxcd.io';
const root = 'flux-system';

export interface Repository {
  readonly url: string;
  /** The clone that is pushed from; a test may edit files in it before push(). */
  readonly worktree: string;
  /** Makes `target` in the repository equal to the folder `source`, and pushes. Answers the commit. */
  pushTree(source: string, target: string): Promise<string>;
  /** Writes files by their path in the repository (undefined deletes one), and pushes. Answers the commit. */
  pushFiles(files: Record<string, string | undefined>): Promise<string>;
  /** Commits and pushes what changed in the clone. Answers the commit. */
  push(): Promise<string>;
}

/** Makes a bare repository with a first commit on `main`, and serves it. */
export async function createRepository(bed: Bed, name = 'fleet'): Promise<Repository> {
  const bare = join(bed.dir, `${name}.git`);
  const worktree = join(bed.dir, name);
  const identity = ['-c', 'user.name=bed', '-c', 'user.email=bed@localhost', '-c', 'commit.gpgsign=false'];
  const git = async (...args: string[]) => (await exec('git', ['-C', worktree, ...identity, ...args])).stdout.trim();
  await exec('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
  await exec('git', ['clone', '--quiet', bare, worktree]);
  const push = async () => {
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--message=bed');
    await git('push', '--quiet', 'origin', 'HEAD:main');
    return git('rev-parse', 'HEAD');
  };
  await push();
  const { url } = await bed.serveGit(bare);
  return {
    url,
    worktree,
    push,
    async pushTree(source, target) {
      await rm(join(worktree, target), { recursive: true, force: true });
      await cp(source, join(worktree, target), { recursive: true });
      return push();
    },
    async pushFiles(files) {
      for (const [path, text] of Object.entries(files)) {
        const file = join(worktree, path);
        await mkdir(dirname(file), { recursive: true });
        await (text === undefined ? rm(file) : writeFile(file, text));
      }
      return push();
    },
  };
}

/** Points Flux at a path of the repository with the two objects that `flux bootstrap` makes. */
export async function bootstrap(bed: Bed, repository: Repository, path: string): Promise<void> {
  const metadata = { name: root, namespace: root };
  await bed.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: root } },
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata: { ...metadata, labels: fetched },
      spec: { interval: '1m0s', ref: { branch: 'main' }, url: repository.url },
    },
    {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata,
      spec: {
        interval: '10m0s',
        path: `./${path}`,
        prune: true,
        sourceRef: { kind: 'GitRepository', name: root },
      },
    },
  ]);
}

/** Makes Flux look at once, as a webhook of the forge does: at the source, or also at one Kustomization. */
export async function reconcile(bed: Bed, kustomization?: string, source = 'gitrepositories'): Promise<void> {
  const annotation = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
  const kind = kustomization ? kustomizations : `${source}.source.toolkit.fluxcd.io`;
  await bed.kubectl(['annotate', '--overwrite', `--namespace=${root}`, kind, kustomization ?? root, annotation]);
}

interface ReadyKustomization {
  /** namespace/name */
  readonly name: string;
  readonly dependsOn: string[];
  /** When its Ready condition last became True, to the second. */
  readonly readyAt: string;
}

const readyCondition = ({
  status,
}: KubernetesObject): { status: string; message: string; lastTransitionTime: string } =>
  status?.conditions?.find((condition: { type: string }) => condition.type === 'Ready') ?? {
    status: 'Unknown',
    message: 'not looked at yet',
    lastTransitionTime: '',
  };

const nameOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace}/${metadata.name}`;

/** Of an artifact the revision is a digest; the commit is its origin's. */
const isReady = (object: KubernetesObject, commit: string): boolean =>
  hasCondition(object, 'Ready') &&
  object['status'].observedGeneration === object['metadata'].generation &&
  [object['status'].lastAppliedRevision, object['status'].lastAppliedOriginRevision].some((revision) =>
    revision?.endsWith(`sha1:${commit}`),
  );

/**
 * Waits until every Kustomization has applied the commit and is Ready; answers them in the order they became so.
 * After the time it names each one that is not, with Flux's own reason.
 */
export async function fluxReady(bed: Bed, commit: string, seconds = 300): Promise<ReadyKustomization[]> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const all = await bed.list(kustomizations);
    const pending = all.filter((object) => !isReady(object, commit));
    if (all.length > 0 && pending.length === 0) {
      return all
        .map((object) => ({
          name: nameOf(object),
          dependsOn: (object['spec'].dependsOn ?? []).map(
            (entry: { name: string; namespace?: string }) =>
              `${entry.namespace ?? object['metadata'].namespace}/${entry.name}`,
          ),
          readyAt: readyCondition(object).lastTransitionTime,
        }))
        .sort((a, b) => a.readyAt.localeCompare(b.readyAt));
    }
    if (performance.now() > deadline) {
      const reasons = pending.map((object) => `  ${nameOf(object)}: ${readyCondition(object).message}`);
      throw new Error(
        `${pending.length} of ${all.length} Kustomizations not Ready in ${seconds} s:\n${reasons.join('\n')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits until Flux says `why` it does not apply the commit, by the name of a Kustomization and its reason. */
export async function fluxRefuses(bed: Bed, commit: string, why: RegExp): Promise<void> {
  let said = '';
  const isSaid = async () => {
    said = await fluxReady(bed, commit, 0).then(
      () => 'all are Ready',
      (error: Error) => error.message,
    );
    return why.test(said);
  };
  await waitFor(`Flux says ${why}`, isSaid).catch((error: Error) => {
    throw new Error(`${error.message}; it says: ${said}`);
  });
}

/** Pairs in which a Kustomization was Ready before one that it depends on; empty is right. First reconciliation only. */
export function orderViolations(ready: ReadyKustomization[]): string[] {
  const readyAt = new Map(ready.map(({ name, readyAt }) => [name, readyAt]));
  return ready.flatMap(({ name, dependsOn, readyAt: own }) =>
    dependsOn
      .filter((dependency) => !((readyAt.get(dependency) ?? '9') <= own))
      .map((dependency) => `${name} (${own}) before ${dependency} (${readyAt.get(dependency) ?? 'never'})`),
  );
}
