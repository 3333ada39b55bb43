import type { Sealed } from '../../imports/relations.ts';
import { isBelow, type Layout, manifestsBelow, NAMESPACES, SECRETS } from '../layout.ts';
import { type Declared, groupOf, type Manifest, nameOf } from '../manifest.ts';
import { type Index, isManifest, type Provided, type Reference } from '../resolve.ts';

/** Why one folder is applied after another. */
export interface Reason {
  /** `ServiceMonitor stores/minio needs HelmRelease monitoring/stack, which brings its kind`. */
  readonly text: string;
  /** The object that needs another; absent for what is hand-owned. */
  readonly from?: Manifest;
  /** What has to be there first because it brings a kind of custom resources. */
  readonly installer?: Manifest;
}

export interface Needs {
  /** Folder, folder it needs, and the first reason found. */
  readonly folders: ReadonlyMap<string, ReadonlyMap<string, Reason>>;
  /** Objects of a folder whose health the folders that need it rely on. */
  readonly awaited: ReadonlyMap<string, ReadonlySet<Manifest>>;
  /** HelmReleases of one folder that follow each other. */
  readonly releases: ReadonlyMap<Manifest, ReadonlySet<Manifest>>;
  /** What brings kinds: uninstalling it takes every object of these kinds along. */
  readonly installers: ReadonlySet<Manifest>;
}

/**
 * Kinds without which what names them is refused or cannot start. The rest (a Service behind a route, the target of an
 * HPA, a scraped port) may come later, and would only add cycles.
 */
const NEEDED_FIRST = new Set([
  'Secret',
  'ConfigMap',
  'ServiceAccount',
  'PersistentVolumeClaim',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'IngressClass',
  'GatewayClass',
  'Issuer',
  'ClusterIssuer',
  'SecretStore',
  'ClusterSecretStore',
  'Middleware',
  'GitRepository',
  'HelmRepository',
  'OCIRepository',
  'RabbitmqCluster',
]);

/** Who is let in may come after what lets it in. */
const MESH = 'policy.linkerd.io';

const isDefinition = ({ object }: Manifest) => object.kind === 'CustomResourceDefinition';

const isRelease = ({ object }: Manifest) => object.kind === 'HelmRelease';

/** Kinds whose object being Ready means that the kinds it installs are there. */
const isInstaller = ({ object: { apiVersion, kind } }: Manifest) =>
  kind === 'HelmRelease' ||
  kind === 'CustomResourceDefinition' ||
  groupOf(apiVersion) === 'operator.knative.dev' ||
  (kind === 'Kustomization' && groupOf(apiVersion) === 'kustomize.toolkit.fluxcd.io');

/** The order of folders and releases, from namespaces, kinds, resolved references and declared uses. */
export function needsOf(index: Index, layout: Layout, hasSecrets: boolean): Needs {
  const order = new Order(index, layout, hasSecrets);
  for (const manifest of index.manifests) {
    order.byNamespace(manifest);
    order.byKind(manifest);
  }
  for (const reference of index.references) order.byReference(reference);
  for (const declared of index.declared) order.byUse(declared);
  if (hasSecrets) order.ofSecrets();
  return order;
}

class Order implements Needs {
  readonly folders = new Map<string, Map<string, Reason>>();
  readonly awaited = new Map<string, Set<Manifest>>();
  readonly releases = new Map<Manifest, Set<Manifest>>();
  readonly installers: ReadonlySet<Manifest>;
  readonly #folderOf: Layout['folderOf'];
  readonly #namespaces: ReadonlySet<string>;
  readonly #below: (path: string) => readonly Manifest[];
  readonly #sealedBelow: (path: string) => Sealed | undefined;
  readonly #installersOf: (declared: Declared) => readonly Manifest[];
  readonly #installersOfKind: (apiVersion: string, kind: string) => readonly Manifest[];

  constructor(index: Index, layout: Layout, hasSecrets: boolean) {
    for (const name of layout.folders.keys()) this.folders.set(name, new Map());
    if (hasSecrets) this.folders.set(SECRETS, new Map());
    this.#folderOf = layout.folderOf;
    this.#namespaces = new Set(index.byKind('Namespace', '').map(({ object }) => object.metadata.name));
    this.#below = memoized(manifestsBelow(index.manifests));
    const sealed = index.declared.filter((relation) => relation.sealed);
    this.#sealedBelow = memoized((used) => sealed.find(({ path }) => isBelow(path, used))?.sealed);
    this.#installersOf = memoized(({ path }) => {
      const all = this.#below(path);
      const installers = all.filter(isInstaller);
      return installers.length ? installers : all;
    });
    // Empty for what the cluster brings, or nobody.
    const ofKind = memoized((type: string) => {
      const [apiVersion, kind] = type.split(' ') as [string, string];
      const provider = index.providerOf({ apiVersion, kind });
      if (!provider || provider === 'cluster') return [];
      return 'object' in provider ? [provider] : this.#installersOf(provider);
    });
    this.#installersOfKind = (apiVersion, kind) => ofKind(`${apiVersion} ${kind}`);
    const bringing = index.declared.filter(({ provides }) => provides?.kinds?.length);
    this.installers = new Set(bringing.flatMap(this.#installersOf).filter(isInstaller));
  }

  byNamespace(manifest: Manifest) {
    const { namespace } = manifest.object.metadata;
    if (namespace === undefined || !this.#namespaces.has(namespace)) return;
    this.#follow(this.#folderOf(manifest), NAMESPACES, () => ({
      text: `${nameOf(manifest.object)} lives in Namespace ${namespace}`,
      from: manifest,
    }));
  }

  byKind(manifest: Manifest) {
    const { apiVersion, kind } = manifest.object;
    const installers = this.#installersOfKind(apiVersion, kind);
    if (!installers.length) return;
    const folder = this.#folderOf(manifest);
    const elsewhere = installers.filter((installer) => this.#folderOf(installer) !== folder);
    for (const installer of elsewhere) this.#need(manifest, installer, BRINGS, true);
    // Flux applies CustomResourceDefinitions before the rest of their folder; any other installer is too late there.
    const beside = installers.find((installer) => installer !== manifest && !isDefinition(installer));
    if (!elsewhere.length && beside) this.#follow(folder, folder, () => reasonOf(manifest, beside, BRINGS));
  }

  byReference({ from, kind, optional, target }: Reference) {
    if (!target || optional || !NEEDED_FIRST.has(kind) || groupOf(from.object.apiVersion) === MESH) return;
    if (isManifest(target)) this.#need(from, target, 'which it names', false);
    else if (target.by?.sealed) this.#needSealed(from, target);
    else if (target.by) for (const to of this.#installersOf(target.by)) this.#need(from, to, 'which it names', false);
  }

  byUse({ path, uses = [] }: Declared) {
    if (!uses.length) return;
    // One object speaks for its folder; releases are ordered one by one.
    const heard = new Set<string>();
    for (const from of this.#below(path)) {
      const folder = this.#folderOf(from);
      if (heard.has(folder) && !isRelease(from)) continue;
      heard.add(folder);
      for (const used of uses) {
        for (const to of this.#below(used)) this.#need(from, to, 'which it uses', true);
        const sealed = this.#sealedBelow(used);
        if (sealed) this.#needSealed(from, sealed);
      }
    }
  }

  /** The hand-owned folder: which objects are in it is not known here. */
  ofSecrets() {
    const text = `what is sealed in ${SECRETS}/`;
    this.#follow(SECRETS, NAMESPACES, () => ({ text: `${text} lives in Namespaces` }));
    for (const installer of this.#installersOfKind('bitnami.com/v1alpha1', 'SealedSecret')) {
      const folder = this.#folderOf(installer);
      this.#follow(SECRETS, folder, () => ({
        text: `${text} needs ${nameOf(installer.object)}, ${BRINGS}`,
        installer,
      }));
      into(this.awaited, folder).add(installer);
    }
  }

  #need(from: Manifest, to: Manifest, how: string, wait: boolean) {
    const [folder, other] = [this.#folderOf(from), this.#folderOf(to)];
    if (folder !== other) {
      this.#follow(folder, other, () => reasonOf(from, to, how));
      if (wait) into(this.awaited, other).add(to);
    } else if (from !== to && isRelease(from) && isRelease(to)) into(this.releases, from).add(to);
  }

  #needSealed(from: Manifest, { namespace, name }: Pick<Provided, 'namespace' | 'name'>) {
    const text = `${nameOf(from.object)} needs Secret ${namespace}/${name}, which is sealed in ${SECRETS}/`;
    this.#follow(this.#folderOf(from), SECRETS, () => ({ text, from }));
  }

  #follow(folder: string, other: string, reason: () => Reason) {
    const needs = this.folders.get(folder)!;
    if (folder !== NAMESPACES && this.folders.has(other) && !needs.has(other)) needs.set(other, reason());
  }
}

const BRINGS = 'which brings its kind';

const reasonOf = (from: Manifest, to: Manifest, how: string): Reason => ({
  text: `${nameOf(from.object)} needs ${nameOf(to.object)}, ${how}`,
  from,
  ...(how === BRINGS ? { installer: to } : {}),
});

function into<K, V>(sets: Map<K, Set<V>>, key: K): Set<V> {
  const found = sets.get(key) ?? new Set<V>();
  sets.set(key, found);
  return found;
}

function memoized<K, V>(compute: (key: K) => V): (key: K) => V {
  const memory = new Map<K, V>();
  return (key) => {
    if (!memory.has(key)) memory.set(key, compute(key));
    return memory.get(key)!;
  };
}
