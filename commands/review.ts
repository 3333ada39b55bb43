import { existsSync, realpathSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { platforms } from '../charts/platforms.ts';
import type { Node, NodePool } from '../imports/environment.ts';
import type { Provides } from '../imports/relations.ts';
import { type Finding, idOf, type Manifest } from '../synth/manifest.ts';
import { readTree } from '../synth/publish.ts';
import type { Known } from '../synth/read/disk.ts';
import { type Files, onDisk } from '../synth/read/files.ts';
import { type Read, readManifests } from '../synth/read.ts';
import { resolve } from '../synth/resolve.ts';
import { htmlPages } from '../synth/review/html.ts';
import { linksTo } from '../synth/review/links.ts';
import { markdownPage } from '../synth/review/markdown.ts';
import { PAGE_VERSION, type Page } from '../synth/review/page.ts';
import { reviewOf } from '../synth/review/review.ts';
import type { SourceOf } from '../synth/review/sides.ts';
import { textPage } from '../synth/review/text.ts';
import { Git } from './git.ts';
import { nodesIn } from './nodes.ts';
import { clusters, load, root as project, Refusal, refusing } from './project.ts';

export interface ReviewOptions {
  readonly repo: string;
  readonly base?: string;
  readonly head?: string;
  readonly nodes?: string;
  readonly format: 'text' | 'markdown' | 'html' | 'json';
}

/**
 * What the work tree, or `head`, does to each environment, against where it left `base`. Everything of the base is read
 * from git's objects: nothing is checked out, fetched or asked of a cluster.
 */
export async function review(wanted: readonly string[], options: ReviewOptions) {
  const git = refusing(() => new Git(resolvePath(options.repo)));
  const base = options.base ?? git.defaultBase();
  git.base(base);
  const head = options.head === undefined ? git.commit('HEAD') : git.base(options.head);
  if (!head) throw new Refusal(`${git.root}: has no commit yet; there is nothing to compare with`);
  const from = git.mergeBase(base, head);

  const known: Known = new Map();
  const trees = [git.files(from), options.head === undefined ? onDisk : git.files(head)] as const;
  const paths = pathsOf(wanted, git.root, trees);
  const [before, after] = trees.map((files) => read(paths, git.root, files, known)) as [Trees, Trees];
  const isOurs = git.root === realpathSync(project);
  const nodes = options.nodes === undefined ? undefined : nodesIn(options.nodes);
  // Asked of git only where something was passed over.
  let changed: ReadonlySet<string> | undefined;
  const isChanged = (file: string) => {
    changed ??= git.changed(from, options.head && head);
    return changed.has(file);
  };
  const notes = [
    ...notesOf(before.findings, isChanged, `at ${from.slice(0, 10)} `),
    ...notesOf(after.findings, isChanged, ''),
    ...behind(git, base, from, paths),
  ];

  const pages: Page[] = [];
  for (const environment of new Set([...after.sets.keys(), ...before.sets.keys()])) {
    const [old, now] = [before.sets.get(environment) ?? NOTHING, after.sets.get(environment) ?? NOTHING];
    if (isSame(old.manifests, now.manifests)) continue;
    const facts: ProjectFacts = isOurs ? await factsOf(environment, options.head === undefined) : {};
    const cluster = nodes ?? facts.nodes;
    const index = ({ manifests, provides }: ObjectSet) =>
      resolve(
        { manifests, declared: [] },
        { provides, closed: false, cluster: cluster && { nodes: cluster, platforms } },
      );
    pages.push(
      reviewOf(index(old), index(now), {
        environment,
        sourceOf: facts.sourceOf,
        exceptions: facts.exceptions,
        notes: [...(facts.notes ?? []), ...notes],
      }),
    );
  }
  console.log(
    print(
      pages.filter(({ verdict }) => verdict.level !== 'none'),
      { base, from, head, git, notes, ...options },
    ),
  );
}

interface ObjectSet {
  readonly manifests: readonly Manifest[];
  readonly provides: readonly Provides[];
}

interface Trees {
  readonly sets: ReadonlyMap<string, ObjectSet>;
  readonly findings: readonly Finding[];
}

const NOTHING: ObjectSet = { manifests: [], provides: [] };

/** `clusters` where there is one, else everything; refused: what neither tree has. */
function pathsOf(wanted: readonly string[], root: string, trees: readonly Files[]): readonly string[] {
  const isThere = (path: string) => trees.some((files) => files.stat(resolvePath(root, path)));
  const absent = wanted.filter((path) => !isThere(path));
  if (absent.length) throw new Refusal(`${absent.join(', ')}: no such file or folder, neither now nor in the base`);
  return wanted.length ? wanted : isThere('clusters') ? ['clusters'] : ['.'];
}

/** Objects by environment: a folder under `clusters`, else what is applied together. */
function read(paths: readonly string[], root: string, files: Files, known: Known): Trees {
  const there = paths.filter((path) => files.stat(resolvePath(root, path)));
  const { worlds, findings }: Read = there.length
    ? readManifests(there, { root, files, known })
    : { worlds: [], findings: [], objectsRead: 0 };
  const sets = new Map<string, { manifests: Manifest[]; provides: Provides[] }>();
  for (const { name, rendered, provides } of worlds) {
    const environment = /^clusters\/([^/]+)/.exec(name)?.[1] ?? name;
    const set = sets.get(environment) ?? { manifests: [], provides: [] };
    set.manifests.push(...rendered.manifests);
    set.provides.push(provides);
    sets.set(environment, set);
  }
  return { sets, findings };
}

/** Files that both trees share are parsed once, so equal trees hold the very same objects. */
const isSame = (a: readonly Manifest[], b: readonly Manifest[]) =>
  a.length === b.length &&
  a.every(({ object, kustomization }, i) => object === b[i]!.object && kustomization === b[i]!.kustomization);

interface ProjectFacts {
  readonly nodes?: readonly (Node | NodePool)[];
  readonly sourceOf?: SourceOf;
  readonly exceptions?: Page['exceptions'];
  readonly notes?: readonly string[];
}

/** Of an environment of this project: its nodes, the line of TypeScript that makes each object, what was accepted there. */
async function factsOf(environment: string, isWorkTree: boolean): Promise<ProjectFacts> {
  const file = `charts/environments/${environment}.ts`;
  if (!existsSync(join(project, file))) return {};
  try {
    const described = await load(environment);
    if (!isWorkTree) return { nodes: described.nodes };
    // Rendering loads cdk8s, which a stranger's tree has no use for.
    const { synthesize } = await import('../synth/synthesize.ts');
    const { index, findings } = synthesize(described, readTree(clusters, environment));
    const sources = new Map(index.manifests.map(({ object, source }) => [idOf(object), source]));
    const exceptions = findings.flatMap(({ rule, object, message, fix, source }) => {
      const [, reason] = /^accepted: (.*)$/s.exec(fix) ?? [];
      return reason === undefined ? [] : [{ rule, object, message, reason, source }];
    });
    return { nodes: described.nodes, sourceOf: (object) => sources.get(idOf(object)), exceptions };
  } catch (error) {
    return { notes: [`${file}: ${(error as Error).message}; so nodes and lines of TypeScript are left out`] };
  }
}

/** Faults of files: errors anywhere, and what was passed over among the files that changed. */
const notesOf = (findings: readonly Finding[], isChanged: (file: string) => boolean, when: string): readonly string[] =>
  findings.flatMap(({ severity, file, line, message }) =>
    severity === 'error' || (file && isChanged(file)) ? [`${when}${file}${line ? `:${line}` : ''}: ${message}`] : [],
  );

/** What the base did since is not in the page. */
function behind(git: Git, base: string, from: string, paths: readonly string[]): readonly string[] {
  const count = Number(git.ask('rev-list', '--count', `${from}..${base}`, '--', ...paths) ?? 0);
  return count
    ? [
        `${base} has ${count} newer commit${count === 1 ? '' : 's'} on these paths, since ${from.slice(0, 10)}; rebase to see what merging does`,
      ]
    : [];
}

interface Printing extends ReviewOptions {
  readonly git: Git;
  readonly from: string;
  readonly notes: readonly string[];
}

function print(pages: readonly Page[], { format, git, base, from, head, notes }: Printing): string {
  const commit = git.commit('HEAD')!;
  const linkOf = linksTo(git.ask('remote', 'get-url', 'origin'), head ?? commit);
  const nothing = ['nothing changes', ...notes].join('\n');
  switch (format) {
    case 'json':
      return JSON.stringify(
        { version: PAGE_VERSION, base: { ref: base, commit: from }, head, notes, environments: pages },
        null,
        2,
      );
    case 'markdown':
      return pages.length ? pages.map((page) => markdownPage(page, linkOf)).join('\n\n') : nothing;
    case 'html':
      return htmlPages(pages, { title: `Review against ${base}`, linkOf });
    default:
      return pages.length ? pages.map(textPage).join('\n\n') : nothing;
  }
}
