import { join, resolve } from 'node:path';
import { groupOf, idOf } from '../manifest.ts';
import { at, map, maps, strings, text, texts } from '../resolve/json.ts';
import { above, type Disk, isBelow, isKustomization } from './disk.ts';
import type { Document } from './documents.ts';
import type { Kustomizer } from './kustomize.ts';
import { substituted } from './transform.ts';
import { transformed } from './transformers.ts';

/** Objects that are applied together, and the files they come from. */
export interface ObjectSet {
  readonly documents: readonly Document[];
  readonly files: ReadonlySet<string>;
}

/** Follows Flux Kustomizations from one folder to the next, as the cluster that reconciles the first one would. */
export class Follower {
  readonly #disk: Disk;
  readonly #kustomizer: Kustomizer;
  /** The folders that `check` was given: paths of Kustomizations count from the repository they lie in. */
  readonly #given: readonly string[];

  constructor(disk: Disk, kustomizer: Kustomizer, given: readonly string[]) {
    this.#disk = disk;
    this.#kustomizer = kustomizer;
    this.#given = given;
  }

  /** The set itself and everything its Kustomizations take, theirs included. */
  follow({ documents, files }: ObjectSet): ObjectSet {
    const found = new Map<string, Document>();
    const all = new Set(files);
    const queue: Document[] = [];
    const add = (more: readonly Document[]) => {
      for (const document of more) {
        const key = `${document.file}:${document.line} ${idOf(document.object)}`;
        if (found.has(key)) continue;
        found.set(key, document);
        if (isFlux(document)) queue.push(document);
      }
    };
    add(documents);
    for (let next = queue.shift(); next; next = queue.shift()) {
      const folder = this.#folderOf(next, [...found.values()]);
      if (!folder) continue;
      const taken = this.#take(folder, next, [...found.values()]);
      for (const file of taken.files) all.add(file);
      add(taken.documents);
    }
    return { documents: [...found.values()], files: all };
  }

  /** The folder of this repository that a Kustomization means; nothing where it lies elsewhere. */
  #folderOf({ object, file }: Document, known: readonly Document[]): string | undefined {
    const source = at(object, 'spec', 'sourceRef', 'name');
    const path = text(at(object, 'spec', 'path'))?.replace(/^\.?\/+|\/+$/g, '');
    if (!path || path === '.') return undefined;
    const own = join(this.#disk.root, file);
    const given = this.#given.find((folder) => isBelow(own, folder));
    const repositories = [...above(own)].filter((folder) => this.#disk.isRepository(folder));
    const outward = given ? [given, ...above(given)] : [];
    for (const base of [...repositories, ...outward, ...above(own)]) {
      // `/etc` of this machine is no folder of the repository.
      if (base === resolve('/')) continue;
      for (const each of [path, ...copiedFrom(path, source, known)]) {
        if (this.#disk.isFolder(join(base, each))) return join(base, each);
      }
    }
    return undefined;
  }

  /** Builds a folder as Flux does: its kustomization, or every file below it that no deeper kustomization takes. */
  #take(folder: string, by: Document, known: readonly Document[]): ObjectSet {
    const spec = map(by.object.spec);
    const file = join(this.#disk.root, by.file);
    const work = {
      documents: [] as readonly Document[],
      files: new Set<string>(),
      folders: new Set<string>(),
      complete: true,
    };
    for (const { folder: each, files } of this.#disk.walk(folder)) {
      if ([...work.folders].some((built) => isBelow(each, built))) continue;
      const kustomization = this.#disk.kustomization(each);
      if (kustomization) {
        const built = this.#kustomizer.build(kustomization);
        work.documents = [...work.documents, ...built.documents];
        for (const taken of built.files) work.files.add(taken);
        work.folders.add(each);
        work.complete &&= built.complete;
        continue;
      }
      for (const plain of files) {
        if (isKustomization(plain)) continue;
        work.files.add(plain);
        work.documents = [...work.documents, ...(this.#disk.parsed(plain)?.documents ?? [])];
      }
    }
    for (const entry of texts(spec.components)) {
      const component = this.#disk.kustomization(join(folder, entry));
      if (component) this.#kustomizer.apply(component, work, [folder]);
    }
    this.#kustomizer.patch({ patches: spec.patches }, folder, file, work);
    work.documents = transformed(work.documents, { ...spec, namespace: spec.targetNamespace });
    const { namespace, name } = by.object.metadata;
    const kustomization = `${namespace ?? ''}/${name}`;
    const documents = filled(work.documents, by, known).map((document) => ({ ...document, kustomization }));
    return { documents, files: work.files };
  }
}

export const isFlux = ({ object }: Document) =>
  object.kind === 'Kustomization' && groupOf(object.apiVersion) === 'kustomize.toolkit.fluxcd.io';

/** Where the files of an artifact come from: an ArtifactGenerator copies folders of the repository into it. */
function copiedFrom(path: string, artifact: unknown, known: readonly Document[]): readonly string[] {
  const artifacts = known.flatMap(({ object }) =>
    object.kind === 'ArtifactGenerator' ? maps(at(object, 'spec', 'artifacts')) : [],
  );
  return artifacts
    .filter(({ name }) => name === artifact)
    .flatMap(({ copy }) => maps(copy))
    .flatMap(({ from, to }) => {
      const target = `${to}`.replace(/^@artifact\/?/, '').replace(/\/$/, '');
      const origin = `${from}`.replace(/^@[^/]+\/?/, '').replace(/\/?\*\*?$/, '');
      if (target && !isBelow(path, target)) return [];
      return [join(origin, path.slice(target.length))];
    });
}

/** Puts the values of postBuild in place. */
function filled(documents: readonly Document[], by: Document, known: readonly Document[]): readonly Document[] {
  const postBuild = map(at(by.object, 'spec', 'postBuild'));
  const sources = maps(postBuild.substituteFrom);
  if (!sources.length && !postBuild.substitute) return documents;
  const found = sources.map(({ kind, name }) => {
    const maker = known.find(
      ({ object }) => kind === 'ConfigMap' && object.kind === kind && object.metadata.name === name,
    );
    return maker && strings(maker.object.data);
  });
  const values = Object.assign({}, ...found.filter(Boolean), strings(postBuild.substitute)) as Record<string, string>;
  const complete = found.every(Boolean);
  return documents.map((document) => {
    const { labels, annotations } = document.object.metadata;
    if ({ ...labels, ...annotations }[SUBSTITUTE] === 'disabled') return document;
    return { ...document, object: substituted(document.object, values, complete) };
  });
}

const SUBSTITUTE = 'kustomize.toolkit.fluxcd.io/substitute';
