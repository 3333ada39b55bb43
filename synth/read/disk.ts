import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Finding } from '../manifest.ts';
import { type Json, map } from '../resolve/json.ts';
import { type Parsed, parse } from './documents.ts';
import { type Files, onDisk } from './files.ts';

const LARGEST = 32 * 1024 * 1024;
const YAML = /\.(?:ya?ml|json)$/i;
const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** A folder that says which files make one set of objects. */
export interface Kustomization {
  readonly file: string;
  readonly folder: string;
  readonly spec: Json;
}

/** What was parsed, by file: two trees that share most of their files share what is in them too. */
export type Known = Map<string, { readonly text: string; readonly parsed: Parsed }>;

/** Files below one root, each read once. Paths are absolute; findings name them relative to the root. */
export class Disk {
  readonly root: string;
  readonly #findings: Finding[] = [];
  readonly #texts = new Map<string, string | undefined>();
  readonly #parsed = new Map<string, Parsed>();
  readonly #kustomizations = new Map<string, Kustomization | undefined>();

  readonly #templated = new Set<string>();

  readonly #files: Files;
  readonly #known: Known;

  constructor(root: string, files: Files = onDisk, known: Known = new Map()) {
    this.root = resolve(root);
    this.#files = files;
    this.#known = known;
  }

  /** What is wrong with the files that were read so far. */
  get findings(): readonly Finding[] {
    return [...this.#findings, ...[...this.#parsed.values()].flatMap(({ findings }) => findings)];
  }

  name(path: string): string {
    return relative(this.root, path).split(sep).join('/') || '.';
  }

  isFolder(path: string): boolean {
    return this.#files.stat(path)?.kind === 'folder';
  }

  isFile(path: string): boolean {
    return this.#files.stat(path)?.kind === 'file';
  }

  isRepository(folder: string): boolean {
    return this.#files.isRepository(folder);
  }

  /** Undefined for what is no text that can be read; that is a finding. */
  text(file: string): string | undefined {
    if (!this.#texts.has(file)) this.#texts.set(file, this.#read(file));
    return this.#texts.get(file);
  }

  #read(file: string): string | undefined {
    try {
      const size = this.#files.stat(file)?.size ?? 0;
      if (size > LARGEST) {
        this.skip(
          file,
          `it has ${Math.round(size / 1024 / 1024)} MiB and was not read`,
          'keep manifests apart from data',
        );
        return undefined;
      }
      const bytes = this.#files.read(file);
      if (!bytes.subarray(0, 8192).includes(0)) return bytes.toString('utf8');
      this.skip(file, 'it is not text in UTF-8 and was not read', 'save it as UTF-8');
    } catch (error) {
      this.fail(file, 'unreadable', (error as Error).message, 'give a file that exists and may be read');
    }
    return undefined;
  }

  /** `all`: faults count in YAML that is no Kubernetes object too. */
  parsed(file: string, all = false): Parsed | undefined {
    const known = this.#parsed.get(file);
    if (known && !all) return known;
    const text = this.text(file);
    if (text === undefined) return undefined;
    const parsed = this.#shared(text, file, all);
    this.#parsed.set(file, parsed);
    const folder = dirname(file);
    if (parsed.template && !this.#templated.has(folder)) {
      this.#templated.add(folder);
      this.skip(folder, 'templates in this folder were not read', 'check what they are rendered to');
    }
    return parsed;
  }

  #shared(text: string, file: string, all: boolean): Parsed {
    const key = `${file} ${all}`;
    const known = this.#known.get(key);
    if (known?.text === text) return known.parsed;
    const parsed = parse(text, this.name(file), all);
    this.#known.set(key, { text, parsed });
    return parsed;
  }

  kustomization(folder: string): Kustomization | undefined {
    if (!this.#kustomizations.has(folder)) {
      const file = KUSTOMIZATIONS.map((name) => join(folder, name)).find((path) => this.isFile(path));
      const parsed = file ? this.parsed(file, true) : undefined;
      this.#kustomizations.set(folder, file ? { file, folder, spec: map(parsed?.values[0]) } : undefined);
    }
    return this.#kustomizations.get(folder);
  }

  /** YAML files below `path` by folder; templates of Helm charts, hidden and installed folders left out. */
  *walk(
    path: string,
    seen = new Set<string>(),
  ): Iterable<{ readonly folder: string; readonly files: readonly string[] }> {
    let entries: readonly string[];
    try {
      const real = this.#files.real(path);
      if (seen.has(real)) return;
      seen.add(real);
      entries = this.#files.list(path).toSorted();
    } catch (error) {
      this.fail(path, 'unreadable', (error as Error).message, 'give a folder that exists and may be read');
      return;
    }
    const chart = entries.includes('Chart.yaml');
    if (chart && entries.includes('templates')) {
      this.skip(path, 'the templates of this Helm chart were not read', 'check what `helm template` makes of them');
    }
    const folders = entries.filter((entry) => this.isFolder(join(path, entry)) && !(chart && entry === 'templates'));
    const files = entries.filter(
      (entry) => YAML.test(entry) && !entry.startsWith('.') && this.isFile(join(path, entry)),
    );
    yield { folder: path, files: files.map((file) => join(path, file)) };
    for (const folder of folders) {
      if (!folder.startsWith('.') && folder !== 'node_modules') yield* this.walk(join(path, folder), seen);
    }
  }

  fail(path: string, rule: string, message: string, fix: string, line?: number) {
    const file = this.name(path);
    this.#findings.push({ rule, severity: 'error', object: file, file, line, message, fix });
  }

  skip(path: string, message: string, fix: string) {
    const file = this.name(path);
    if (this.#findings.some((finding) => finding.file === file && finding.message === message)) return;
    this.#findings.push({ rule: 'not-read', severity: 'info', object: file, file, message, fix });
  }

  /** The line on which `file` says `value`. */
  lineSaying(file: string, value: string): number | undefined {
    const before = this.text(file)?.split(value)[0];
    return before?.split('\n').length;
  }
}

/** `a/b/c` lies in `a/b` and in itself. */
export const isBelow = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

export const isKustomization = (file: string) => KUSTOMIZATIONS.includes(basename(file));

/** Each folder above `path`, the nearest first. */
export function* above(path: string): Iterable<string> {
  for (let folder = dirname(path), last = path; folder !== last; last = folder, folder = dirname(folder)) yield folder;
}
