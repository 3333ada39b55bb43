import { resolve } from 'node:path';
import type { KubeObject } from '../manifest.ts';
import { nameOf } from '../manifest.ts';
import { type Json, map, maps, text, texts } from '../resolve/json.ts';
import type { Disk, Kustomization } from './disk.ts';
import type { Document } from './documents.ts';
import { type Generated, generated, overlaid } from './generate.ts';
import { isTarget, merged, patched } from './patch.ts';
import { followed, transformed } from './transformers.ts';
import { readYaml } from './yaml.ts';

/** What one kustomization makes. */
export interface Built {
  readonly documents: readonly Document[];
  /** Everything it took: resources, patches, inputs of generators, the kustomizations themselves. */
  readonly files: ReadonlySet<string>;
  /** Folders of the kustomizations it takes. */
  readonly folders: ReadonlySet<string>;
  /** False where a part comes from elsewhere: a URL, a chart, a plugin. */
  readonly complete: boolean;
}

interface Work {
  documents: readonly Document[];
  readonly files: Set<string>;
  readonly folders: Set<string>;
  complete: boolean;
}

/** Builds kustomizations as `kustomize build` would, generated names without their hash. */
export class Kustomizer {
  readonly #disk: Disk;
  readonly #built = new Map<string, Built>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  build(kustomization: Kustomization, within: readonly string[] = []): Built {
    const { folder } = kustomization;
    const known = this.#built.get(folder);
    if (known) return known;
    const work: Work = { documents: [], files: new Set(), folders: new Set(), complete: true };
    this.apply(kustomization, work, within);
    work.documents = followed(work.documents);
    this.#built.set(folder, work);
    return work;
  }

  /** Adds what a kustomization takes and makes; a component also changes what is there already. */
  apply({ file, folder, spec }: Kustomization, work: Work, within: readonly string[]) {
    work.files.add(file);
    work.folders.add(folder);
    const inside = [...within, folder];
    for (const entry of [...texts(spec.resources), ...texts(spec.bases)]) this.#take(entry, file, folder, work, inside);
    for (const entry of texts(spec.components)) {
      const component = this.#nested(entry, file, folder, work, inside);
      if (component) this.apply(component, work, inside);
    }
    if (['helmCharts', 'helmChartInflationGenerator', 'generators', 'transformers'].some((field) => spec[field]))
      work.complete = false;
    for (const kind of ['ConfigMap', 'Secret'] as const) {
      for (const generator of maps(spec[`${kind === 'Secret' ? 'secret' : 'configMap'}Generator`])) {
        this.#generate(kind, generator, file, folder, work);
      }
    }
    this.patch(spec, folder, file, work);
    work.documents = transformed(work.documents, spec);
  }

  #take(entry: string, file: string, folder: string, work: Work, within: readonly string[]) {
    const path = resolve(folder, entry);
    if (this.#disk.isFile(path)) {
      work.files.add(path);
      work.documents = [...work.documents, ...(this.#disk.parsed(path)?.documents ?? [])];
      return;
    }
    const nested = this.#nested(entry, file, folder, work, within);
    if (!nested) return;
    const built = this.build(nested, within);
    work.documents = [...work.documents, ...built.documents];
    for (const each of built.files) work.files.add(each);
    for (const each of built.folders) work.folders.add(each);
    work.complete &&= built.complete;
  }

  /** The kustomization an entry names; nothing where it is remote, or not there. */
  #nested(
    entry: string,
    file: string,
    folder: string,
    work: Work,
    within: readonly string[],
  ): Kustomization | undefined {
    const path = resolve(folder, entry);
    const found = this.#disk.kustomization(path);
    if (found && !within.includes(path)) return found;
    work.complete = false;
    if (!found && REMOTE.test(entry)) return undefined;
    const [message, fix] = found
      ? [`${entry} takes this kustomization in again`, 'break the circle']
      : this.#disk.isFolder(path)
        ? [`${entry} has no kustomization.yaml`, 'list its files, or give it one']
        : [`${entry} does not exist`, 'take it off the list, or add it'];
    this.#fail(file, entry, message, fix);
    return undefined;
  }

  #fail(file: string, value: string, message: string, fix: string) {
    this.#disk.fail(file, 'kustomization', message, fix, this.#disk.lineSaying(file, value));
  }

  #generate(kind: Generated, generator: Json, file: string, folder: string, work: Work) {
    const made = generated(kind, generator, (path) => {
      const from = resolve(folder, path);
      work.files.add(from);
      if (this.#disk.isFile(from)) return this.#disk.text(from) ?? '';
      // Secrets of a public repository are often left out of it.
      if (kind === 'ConfigMap') this.#fail(file, path, `${path} does not exist`, 'take it off the list, or add it');
      return '';
    });
    const { name } = made.metadata;
    const behavior = text(generator.behavior) ?? 'create';
    const existing = work.documents.find(
      ({ object, former = [] }) => object.kind === kind && [object.metadata.name, ...former].includes(name),
    );
    if (existing && behavior !== 'create') {
      const object = overlaid(existing.object, made, behavior);
      work.documents = work.documents.map((document) => (document === existing ? { ...document, object } : document));
      return;
    }
    const line = this.#disk.lineSaying(file, name) ?? 1;
    work.documents = [...work.documents, { object: made, file: this.#disk.name(file), line }];
  }

  /** Applies `patches` and their two older forms. */
  patch(spec: Json, folder: string, file: string, work: Work) {
    for (const each of texts(spec.patchesStrategicMerge)) {
      const path = resolve(folder, each);
      this.#patch(this.#disk.isFile(path) ? { path: each } : { patch: each }, folder, file, work);
    }
    // The first kustomize took a list of files here.
    for (const path of texts(spec.patches)) this.#patch({ path }, folder, file, work);
    for (const each of [...objectsOf(spec.patches), ...objectsOf(spec.patchesJson6902)])
      this.#patch(each, folder, file, work);
  }

  #patch(entry: Json, folder: string, file: string, work: Work) {
    const path = text(entry.path);
    if (path) work.files.add(resolve(folder, path));
    if (path && !this.#disk.isFile(resolve(folder, path))) {
      if (!REMOTE.test(path))
        this.#fail(file, path, `the patch ${path} does not exist`, 'take it off the list, or add it');
      return;
    }
    const values = path
      ? (this.#disk.parsed(resolve(folder, path), true)?.values ?? [])
      : inline(text(entry.patch) ?? '');
    const target = entry.target === undefined ? undefined : map(entry.target);
    const operations = values.flatMap((value) => (Array.isArray(value) ? maps(value) : []));
    if (operations.length && target) {
      this.#change(work, target, (object) => patched(object, operations), file, path ?? 'patch');
    }
    for (const value of values) {
      const patch = map(value) as unknown as KubeObject;
      const kind = text(patch.kind);
      if (!kind) continue;
      const name = text(patch.metadata?.name) ?? '';
      const own = { kind: literally(kind), name: literally(name) };
      const found = this.#change(work, target ?? own, (object) => strategic(object, patch), file, path ?? name);
      if (found || target || !work.complete) continue;
      const message = `a patch is for ${kind} ${name}, which this kustomization does not take`;
      this.#fail(file, path ?? `name: ${name}`, message, 'name an object it takes');
    }
  }

  /** Changes every object that is meant, and says whether there was one. */
  #change(work: Work, target: Json, change: (object: KubeObject) => unknown, file: string, value: string): boolean {
    let found = false;
    work.documents = work.documents.flatMap((document) => {
      if (!isTarget(target, document.object, document.former)) return [document];
      found = true;
      try {
        const object = change(document.object);
        return object === undefined ? [] : [{ ...document, object: object as KubeObject }];
      } catch (error) {
        if (work.complete) {
          const message = `a patch fails on ${nameOf(document.object)}: ${(error as Error).message}`;
          this.#fail(file, value, message, 'patch a field that is there');
        }
        return [document];
      }
    });
    return found;
  }
}

const REMOTE = /^(?:https?|ssh|git|file|oci):|^git@|^git::|\/\/|\?ref=|^github\.com\/|\$\{/;

/** As a regular expression that means only this. */
const literally = (value: string) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const objectsOf = (value: unknown) => maps(value).filter((each) => Object.keys(each).length);

const inline = (source: string) => source.split(/^---(?=\s|$)/m).map((part) => readYaml(part).value);

/** A patch may change everything but who the object is. Kinds that kustomize has no schema of keep no list of theirs. */
const strategic = (object: KubeObject, patch: KubeObject) => {
  const { apiVersion, kind, metadata } = object;
  const known = !apiVersion.includes('.') || apiVersion.includes('.k8s.io/');
  const result = merged(object, patch, '', known) as KubeObject | undefined;
  const { name, namespace } = metadata;
  return (
    result && { ...result, apiVersion, kind, metadata: { ...result.metadata, name, ...(namespace && { namespace }) } }
  );
};
