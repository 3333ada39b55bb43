import { basename, dirname, resolve } from 'node:path';
import type { Provides } from '../imports/relations.ts';
import { type Finding, idOf, type Manifest, type Rendered } from './manifest.ts';
import { Disk, isKustomization, type Known, type Kustomization } from './read/disk.ts';
import type { Document } from './read/documents.ts';
import type { Files } from './read/files.ts';
import { Follower, isFlux, type ObjectSet } from './read/flux.ts';
import { Kustomizer } from './read/kustomize.ts';
import { at, text } from './resolve/json.ts';

/** One set of objects that is applied to one cluster. */
export interface ReadWorld {
  /** Its outermost folder, relative to the root. */
  readonly name: string;
  readonly rendered: Rendered;
  /** What stands elsewhere in the same tree and may well be applied to the same cluster. */
  readonly provides: Provides;
}

export interface Read {
  readonly worlds: readonly ReadWorld[];
  /** Faults of the files themselves; those of their objects are for the checks. */
  readonly findings: readonly Finding[];
  readonly objectsRead: number;
}

export interface ReadOptions {
  readonly root: string;
  /** @default - the disk */
  readonly files?: Files;
  /** What another read has parsed. @default - nothing */
  readonly known?: Known;
}

/** A folder's own objects, and with what its Flux Kustomizations take. */
interface Unit extends ObjectSet {
  readonly folder: string;
  readonly whole: ObjectSet;
}

/**
 * Reads Kubernetes YAML and JSON of any shape, and sorts it into sets that are applied together:
 * - what a Flux Kustomization takes belongs to the cluster it runs in, wherever it lies in the repository;
 * - a kustomization nobody else takes is a set, with all it takes; what two overlays take belongs to both;
 * - other files belong with the files beside them, except alternatives: files that define one object twice.
 * YAML that is no Kubernetes object is passed over. Nothing is run, nothing is fetched.
 */
export function readManifests(paths: readonly string[], { root, files, known }: ReadOptions): Read {
  const disk = new Disk(root, files, known);
  const given = paths.map((path) => resolve(root, path));
  const folders = new Map<string, readonly string[]>();
  const single = new Set<string>();
  for (const path of given) {
    if (disk.isFolder(path)) for (const { folder, files } of disk.walk(path)) folders.set(folder, files);
    else if (isKustomization(path)) folders.set(dirname(path), []);
    else if (disk.parsed(path, true)) single.add(path);
  }

  const kustomizer = new Kustomizer(disk);
  const follower = new Follower(
    disk,
    kustomizer,
    given.filter((path) => disk.isFolder(path)),
  );
  const units: Unit[] = [];
  const taken = new Set<string>();
  const unit = (folder: string, set: ObjectSet) => {
    const whole = set.documents.some(isFlux) ? follower.follow(set) : set;
    for (const file of whole.files) taken.add(file);
    units.push({ folder, ...set, whole });
  };
  for (const kustomization of rootsOf(
    [...folders.keys()].flatMap((folder) => disk.kustomization(folder) ?? []),
    kustomizer,
  )) {
    unit(kustomization.folder, kustomizer.build(kustomization));
  }
  if (single.size) unit(dirname([...single][0]!), setOf([...single], disk));
  for (const [folder, files] of folders) {
    const left = files.filter((file) => !taken.has(file) && !single.has(file) && !isKustomization(file));
    if (PATCHES.test(folder)) continue;
    if (!disk.kustomization(folder)) for (const set of alternatives(setOf(left, disk), disk)) unit(folder, set);
    else tellUnlisted(folder, left, disk);
  }
  return { ...worldsOf(units, disk), findings: disk.findings };
}

/** Folders of half objects, by the habit of kustomize and kubeadm. */
const PATCHES = /[\\/]patch(?:es)?$/;

/** Kustomizations that no other one takes; of a circle, the first. Components are nothing by themselves. */
function rootsOf(all: readonly Kustomization[], kustomizer: Kustomizer): readonly Kustomization[] {
  const whole = all.filter(({ spec }) => spec.kind !== 'Component');
  const inner = new Set(
    whole.flatMap((each) => [...kustomizer.build(each).folders].filter((folder) => folder !== each.folder)),
  );
  const roots = whole.filter(({ folder }) => !inner.has(folder));
  const reached = new Set(roots.flatMap((each) => [...kustomizer.build(each).folders]));
  for (const each of whole) {
    if (reached.has(each.folder)) continue;
    roots.push(each);
    for (const folder of kustomizer.build(each).folders) reached.add(folder);
  }
  return roots;
}

const setOf = (files: readonly string[], disk: Disk): ObjectSet => ({
  documents: files.flatMap((file) => disk.parsed(file)?.documents ?? []),
  files: new Set(files),
});

/** Splits a folder where its files define one object twice: nobody applies both. */
function alternatives({ documents, files }: ObjectSet, disk: Disk): readonly ObjectSet[] {
  const sets: { readonly ids: Set<string>; readonly documents: Document[]; readonly files: Set<string> }[] = [];
  const byFile = new Map([...files].map((file) => [disk.name(file), { file, documents: [] as Document[] }]));
  for (const document of documents) byFile.get(document.file)!.documents.push(document);
  for (const { file, documents: own } of byFile.values()) {
    const ids = own.map(({ object }) => idOf(object));
    let set = sets.find((each) => !ids.some((id) => each.ids.has(id)));
    if (!set) {
      set = { ids: new Set(), documents: [], files: new Set() };
      sets.push(set);
    }
    for (const id of ids) set.ids.add(id);
    set.documents.push(...own);
    set.files.add(file);
  }
  return sets;
}

/** Files beside a kustomization that takes no notice of them are not applied; they may be half an object. */
function tellUnlisted(folder: string, files: readonly string[], disk: Disk) {
  const objects = files.filter((file) => disk.parsed(file)?.documents.length);
  if (!objects.length) return;
  const [first, ...others] = objects.map((file) => basename(file));
  disk.skip(
    disk.kustomization(folder)!.file,
    `it does not list ${first}${others.length ? ` and ${others.length} more` : ''}: not applied, not checked`,
    'list them, or move them out of the folder',
  );
}

/** One world per unit that no larger one takes in. */
function worldsOf(units: readonly Unit[], disk: Disk): Pick<Read, 'worlds' | 'objectsRead'> {
  const kept: Unit[] = [];
  for (const unit of units.toSorted((a, b) => b.whole.files.size - a.whole.files.size)) {
    const covered = kept.some(({ whole }) => [...unit.files].every((file) => whole.files.has(file)));
    if (unit.whole.documents.length && !covered) kept.push(unit);
  }
  const isCluster = ({ whole }: Unit) => whole.documents.some(isFlux);
  const objects = (some: readonly Unit[]) => some.flatMap(({ whole }) => whole.documents);
  const open = providedBy(objects(kept.filter((unit) => !isCluster(unit))));
  const all = providedBy(objects(kept));
  const names = new Map<string, number>();
  const worlds = kept.map((unit) => {
    const folder = disk.name(unit.folder);
    const count = (names.get(folder) ?? 0) + 1;
    names.set(folder, count);
    const name = count > 1 ? `${folder} (${count})` : folder;
    // What stands in another cluster's folder is not in this one.
    return { name, rendered: rendered(unit.whole.documents, name), provides: isCluster(unit) ? open : all };
  });
  const places = new Set(objects(kept).map(({ file, line, object }) => `${file}:${line} ${object.kind}`));
  return { worlds, objectsRead: places.size };
}

const rendered = (documents: readonly Document[], chart: string): Rendered => ({
  manifests: documents.map(
    ({ object, file, line, kustomization }): Manifest => ({
      object,
      path: `${file}:${line}`,
      chart,
      unit: file,
      file: { file, line },
      kustomization,
    }),
  ),
  declared: [],
});

/** Names of everything in these objects, Secrets that operators make of them included. */
function providedBy(documents: readonly Document[]): Provides {
  const kinds = new Set<string>();
  const objects = documents.flatMap(({ object }) => {
    const { kind, metadata } = object;
    const { name, namespace } = metadata;
    if (kind === 'CustomResourceDefinition')
      kinds.add(`${at(object, 'spec', 'group')}/${at(object, 'spec', 'names', 'kind')}`);
    const secret = {
      SealedSecret: name,
      ExternalSecret: text(at(object, 'spec', 'target', 'name')) ?? name,
      Certificate: text(at(object, 'spec', 'secretName')),
    }[kind];
    return [{ kind, namespace, name }, ...(secret ? [{ kind: 'Secret', namespace, name: secret }] : [])];
  });
  return { kinds: [...kinds], objects };
}
