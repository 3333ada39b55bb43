import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { posix, relative, sep } from 'node:path';
import { didYouMean } from '../synth/check/nearest.ts';
import type { Files } from '../synth/read/files.ts';
import { Refusal } from './project.ts';

/** Git of one repository, without network: objects that a partial clone left out are not fetched. */
export class Git {
  readonly root: string;

  /** `need` says why it has to be one, and what to do. */
  constructor(folder: string, need = 'review compares commits, so point --repo at one') {
    if (!existsSync(folder)) throw new Refusal(`${folder}: no such folder; point --repo at a git repository`);
    const { status, stdout, stderr } = run(folder, ['rev-parse', '--show-toplevel']);
    // A container's user is another one than the runner's.
    if (/dubious ownership/.test(`${stderr}`)) {
      throw new Refusal(
        `${folder}: belongs to somebody else, and git does not trust it; git config --global --add safe.directory ${folder}`,
      );
    }
    if (status) throw new Refusal(`${folder}: is no git repository with a work tree; ${need}`);
    this.root = stdout.toString().trim();
  }

  /** Undefined where git refuses. */
  ask(...words: readonly string[]): string | undefined {
    const { status, stdout } = run(this.root, words);
    return status ? undefined : stdout.toString().trimEnd();
  }

  /** The full id of a commit. */
  commit(ref: string): string | undefined {
    return this.ask('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  }

  /** The commit that `ref` means; a refusal where it is not here. */
  base(ref: string): string {
    const commit = this.commit(ref);
    if (commit) return commit;
    const names = (
      this.ask('for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/remotes', 'refs/tags') ?? ''
    ).split('\n');
    const fetch = this.#isShallow()
      ? `; this clone is shallow, and may lack it: ${DEEPEN}`
      : '; fetch it first where it is only at the remote';
    throw new Refusal(`${ref}: no such commit, branch or tag here${didYouMean(ref, names.filter(Boolean))}${fetch}`);
  }

  /** What a branch is usually merged into. */
  defaultBase(): string {
    const refs = [
      this.ask('symbolic-ref', '--short', '--quiet', 'refs/remotes/origin/HEAD'),
      'origin/main',
      'origin/master',
      'main',
      'master',
    ];
    const found = refs.find((ref) => ref && this.commit(ref));
    if (!found)
      throw new Refusal('no branch main or master here, nor at origin; say what to compare with: --base <ref>');
    return found;
  }

  /** Where `head` left `base`. */
  mergeBase(base: string, head: string): string {
    const found = this.ask('merge-base', base, head);
    if (found) return found;
    if (this.#isShallow())
      throw new Refusal(`this clone is shallow, and does not reach back to where ${head} left ${base}: ${DEEPEN}`);
    throw new Refusal(`${base} and ${head} have no commit in common; compare with the branch this one started from`);
  }

  #isShallow() {
    return this.ask('rev-parse', '--is-shallow-repository') === 'true';
  }

  /** Paths that differ between a commit and another, or the work tree with what is new in it. */
  changed(from: string, to?: string): ReadonlySet<string> {
    const paths = (this.ask('diff', '--name-only', '-z', '--no-renames', from, ...(to ? [to] : [])) ?? '').split('\0');
    const fresh = to ? [] : (this.ask('ls-files', '--others', '--exclude-standard', '-z') ?? '').split('\0');
    return new Set([...paths, ...fresh].filter(Boolean));
  }

  /** Full names of those that match, by what `git for-each-ref` takes. */
  refs(...patterns: readonly string[]): readonly string[] {
    return (this.ask('for-each-ref', '--format=%(refname)', ...patterns) ?? '').split('\n').filter(Boolean);
  }

  /** Whether everything in `older` is in `newer` too. */
  contains(newer: string, older: string): boolean {
    return this.ask('merge-base', '--is-ancestor', older, newer) !== undefined;
  }

  /** What of these paths is not as it is committed, or not committed at all. */
  dirty(path: string): readonly string[] {
    const entries = (
      this.ask('status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--', path) ?? ''
    ).split('\0');
    return entries.filter(Boolean).map((entry) => entry.slice(3));
  }

  /** The files of a folder in a commit, from git's objects alone; links and submodules are none. */
  filesBelow(commit: string, folder: string): { path: string; executable: boolean; content: Buffer }[] {
    const { status, stdout } = run(this.root, ['ls-tree', '-r', '-z', '--full-tree', commit, '--', `${folder}/`]);
    if (status) throw new Refusal(UNREADABLE(commit));
    const entries = [...stdout.toString().matchAll(/(100\d+) blob (\w+)\t([^\0]*)\0/g)];
    const contents = contentsOf(
      this.root,
      entries.map(([, , id]) => id!),
    );
    return entries.map(([, mode, id, path]) => {
      const content = contents.get(id!);
      if (!content) throw new Refusal(UNREADABLE(commit));
      return { path: path!, executable: mode === '100755', content };
    });
  }

  /** The tree of a commit as files, read from git's objects alone. */
  files(commit: string): Files {
    const { status, stdout } = run(this.root, ['ls-tree', '-r', '-z', '--long', '--full-tree', commit]);
    if (status) throw new Refusal(UNREADABLE(commit));
    return new GitTree(this.root, stdout.toString());
  }
}

const UNREADABLE = (commit: string) =>
  `${commit}: its tree cannot be read here; a partial clone may lack it: git fetch --refetch --no-filter`;

const DEEPEN = 'git fetch --unshallow (actions/checkout: fetch-depth: 0)';

function run(folder: string, words: readonly string[], input?: string) {
  const { status, stdout, stderr, error } = spawnSync('git', ['-c', 'core.quotepath=off', ...words], {
    cwd: folder,
    input,
    maxBuffer: 2 ** 31 - 1,
    env: { ...process.env, LC_ALL: 'C', GIT_NO_LAZY_FETCH: '1', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
  });
  if (error && (error as NodeJS.ErrnoException).code === 'ENOENT')
    throw new Refusal('git: not found; the repository is read with it');
  return { status: error ? 1 : (status ?? 1), stdout, stderr };
}

/** Blobs by their ids, by one process; those that are not here are left out. */
function contentsOf(root: string, wanted: readonly string[]): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  const ids = [...new Set(wanted)];
  if (!ids.length) return contents;
  const { stdout } = run(root, ['cat-file', '--batch'], ids.join('\n'));
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf(10, at);
    const [id = '', kind, size] = stdout.toString('latin1', at, end).split(' ');
    at = end + 1;
    if (kind !== 'blob') continue;
    contents.set(id, stdout.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

interface Blob {
  readonly id: string;
  readonly size: number;
  readonly isLink: boolean;
}

/** As large as `Disk` reads. */
const LARGEST = 32 * 2 ** 20;
const YAML = /(?:\.(?:ya?ml|json)|(?:^|\/)Kustomization)$/i;

class GitTree implements Files {
  readonly #root: string;
  readonly #blobs = new Map<string, Blob>();
  readonly #folders = new Map<string, Set<string>>([['', new Set()]]);
  readonly #contents = new Map<string, Buffer>();

  constructor(root: string, listing: string) {
    this.#root = root;
    for (const entry of listing.split('\0')) {
      const match = /^(\d+) blob (\w+) +(\d+)\t(.*)$/s.exec(entry);
      if (match) this.#add(match[4]!, { id: match[2]!, size: Number(match[3]), isLink: match[1] === '120000' });
    }
    this.#readAhead();
  }

  #add(path: string, blob: Blob) {
    this.#blobs.set(path, blob);
    for (let child = path; child; child = parent(child)) {
      const folder = parent(child);
      const entries = this.#folders.get(folder) ?? new Set();
      this.#folders.set(folder, entries.add(posix.basename(child)));
    }
  }

  /** Everything that is surely asked for, by one process. */
  #readAhead() {
    const wanted = [...this.#blobs].flatMap(([path, { id, size, isLink }]) =>
      isLink || (YAML.test(path) && size <= LARGEST) ? [id] : [],
    );
    for (const [id, content] of contentsOf(this.#root, wanted)) this.#contents.set(id, content);
  }

  /** Relative to the root, links followed; undefined for what is not there. */
  #find(path: string, hops = 0): string | undefined {
    const name = relative(this.#root, path).split(sep).join('/');
    if (name.startsWith('..') || hops > 8) return undefined;
    const above = name
      .split('/')
      .slice(0, -1)
      .map((_, i, parts) => parts.slice(0, i + 1).join('/'));
    const link = [...above, name].find((each) => this.#blobs.get(each)?.isLink);
    if (link === undefined) return this.#blobs.has(name) || this.#folders.has(name) ? name : undefined;
    const target = this.#content(this.#blobs.get(link)!).toString();
    return this.#find(posix.join(this.#root, posix.join(parent(link), target), name.slice(link.length)), hops + 1);
  }

  #content({ id }: Blob): Buffer {
    const known = this.#contents.get(id);
    if (known) return known;
    const { status, stdout } = run(this.#root, ['cat-file', 'blob', id]);
    if (status)
      throw new Error(`git has no object ${id}; a partial clone leaves some out: git fetch --refetch --no-filter`);
    this.#contents.set(id, stdout);
    return stdout;
  }

  stat(path: string) {
    const name = this.#find(path);
    if (name === undefined) return undefined;
    const blob = this.#blobs.get(name);
    return { kind: blob ? ('file' as const) : ('folder' as const), size: blob?.size ?? 0 };
  }

  read(path: string): Buffer {
    const blob = this.#blobs.get(this.#find(path) ?? '');
    if (!blob) throw new Error(`${path}: no such file in that commit`);
    return this.#content(blob);
  }

  list(path: string): readonly string[] {
    return [...(this.#folders.get(this.#find(path) ?? '\0') ?? [])];
  }

  real(path: string): string {
    return posix.join(this.#root, this.#find(path) ?? relative(this.#root, path));
  }

  isRepository(folder: string): boolean {
    return folder === this.#root;
  }
}

const parent = (path: string) => {
  const name = posix.dirname(path);
  return name === '.' ? '' : name;
};
