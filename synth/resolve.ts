import type { Environment } from '../imports/environment.ts';
import type { ProvidedObject, Provides } from '../imports/relations.ts';
import { push } from './group-by.ts';
import { type Declared, groupOf, idOf, type KubeObject, type Manifest, type Rendered, typeOf } from './manifest.ts';
import { at, strings } from './resolve/json.ts';
import { isBuiltIn } from './resolve/kinds.ts';
import { LabelIndex } from './resolve/labels.ts';
import type { Link } from './resolve/links.ts';
import { Lookup } from './resolve/lookup.ts';
import type { Keys } from './resolve/producers.ts';
import { linksOf } from './resolve/references.ts';
import type { Selector } from './resolve/selectors.ts';
import { type Workload, workloadOf } from './resolve/workloads.ts';

/** What synth/ needs to know of a cluster; of a stranger's, perhaps only the nodes are known. */
export type ClusterFacts = Partial<
  Pick<
    Environment,
    'kubernetes' | 'nodes' | 'platforms' | 'repository' | 'storageClasses' | 'network' | 'ingress' | 'mesh'
  >
>;

/** What exists beside the manifests. */
export interface World {
  /** What the cluster itself brings. */
  readonly provides: readonly Provides[];
  /** Everything is known (an environment of ours), so what is not found does not exist. */
  readonly closed: boolean;
  readonly cluster?: ClusterFacts;
}

/** An object that exists though nothing renders it, and who said so; `by` is absent for what the cluster brings. */
export interface Provided extends ProvidedObject {
  readonly by?: Declared;
}

/** One object naming another. */
export interface Reference {
  readonly from: Manifest;
  /** `spec.template.spec.containers[0].env[2].valueFrom.secretKeyRef`. */
  readonly field: string;
  readonly kind: string;
  /** API group of the kind, empty for core. */
  readonly group: string;
  /** @default - cluster-scoped */
  readonly namespace?: string;
  readonly name: string;
  /** Key of a Secret or ConfigMap. */
  readonly key?: string;
  /** Port of a Service, by number or name. */
  readonly port?: number | string;
  /** The referring object works without it. */
  readonly optional: boolean;
  /** What answers to it: for a Secret, the SealedSecret, ExternalSecret or Certificate that makes it. */
  readonly target?: Manifest | Provided;
}

/** Every object of one cluster, and every reference between them. */
export interface Index {
  readonly world: World;
  readonly manifests: readonly Manifest[];
  readonly declared: readonly Declared[];
  /** By `idOf`; of two alike, the first. */
  byId(id: string): Manifest | undefined;
  byKind(kind: string, group?: string): readonly Manifest[];
  /** What answers to this name; of several in a stranger's folders, the one whose path is nearest to that of `near`. */
  find(
    kind: string,
    namespace: string | undefined,
    name: string,
    group?: string,
    near?: Manifest,
  ): Manifest | Provided | undefined;
  /** Names of that kind in a namespace. */
  names(kind: string, namespace: string | undefined): readonly string[];
  /** Keys of the Secret or ConfigMap of that name, whoever makes it; `any` where they cannot be known. */
  keysOf(kind: 'Secret' | 'ConfigMap', namespace: string, name: string): Keys | undefined;
  /** Whatever makes pods. */
  readonly workloads: readonly Workload[];
  workloadOf(manifest: Manifest): Workload | undefined;
  /** Workloads whose pods carry these labels; an empty selector takes all, no namespace means any. */
  select(namespace: string | undefined, selector: Selector): readonly Workload[];
  /** Services by their own labels, as a ServiceMonitor finds them; without a namespace, in all of them. */
  selectServices(namespace: string | undefined, selector: Selector): readonly Manifest[];
  readonly references: readonly Reference[];
  referencesFrom(manifest: Manifest): readonly Reference[];
  /** References that nothing answers to. */
  readonly unresolved: readonly Reference[];
  /** Who brings the kind of a custom resource: its CustomResourceDefinition, the part that declares it, or the cluster. */
  providerOf(object: Pick<KubeObject, 'apiVersion' | 'kind'>): Manifest | Declared | 'cluster' | undefined;
}

/** True for an object that is rendered, false for one that is only said to exist. */
export const isManifest = (target: Manifest | Provided): target is Manifest => 'object' in target;

/** Reads all manifests once. */
export function resolve({ manifests, declared }: Rendered, world: World): Index {
  const byId = new Map<string, Manifest>();
  const byKind = new Map<string, Manifest[]>();
  const workloads = new Map<Manifest, Workload>();
  const pods = new LabelIndex<Workload>();
  const services = new LabelIndex<Manifest>();
  for (const manifest of manifests) {
    const { object } = manifest;
    const id = idOf(object);
    if (!byId.has(id)) byId.set(id, manifest);
    for (const key of [object.kind, typeOf(object)]) push(byKind, key, manifest);
    const workload = workloadOf(manifest);
    if (workload) {
      workloads.set(manifest, workload);
      pods.add(workload, workload.namespace, workload.labels);
    }
    if (object.kind === 'Service' && object.apiVersion === 'v1') {
      services.add(manifest, object.metadata.namespace ?? '', strings(object.metadata.labels));
    }
  }

  const lookup = new Lookup(manifests, declared, world);
  const referencesFrom = new Map<Manifest, readonly Reference[]>();
  const references: Reference[] = [];
  for (const from of manifests) {
    const own = linksOf(from, workloads.get(from)).map((link) => referenceOf(from, link, lookup));
    if (!own.length) continue;
    referencesFrom.set(from, own);
    references.push(...own);
  }

  const providers = providersOf(manifests, declared, world);
  return {
    world,
    manifests,
    declared,
    byId: (id) => byId.get(id),
    byKind: (kind, group) => byKind.get(group === undefined ? kind : `${group}/${kind}`) ?? [],
    find: (kind, namespace, name, group, near) => lookup.find(kind, namespace, name, group, near),
    names: (kind, namespace) => lookup.names(kind, namespace),
    keysOf: (kind, namespace, name) => lookup.keysOf(kind, namespace, name),
    workloads: [...workloads.values()],
    workloadOf: (manifest) => workloads.get(manifest),
    select: (namespace, selector) => select(pods, namespace, selector, world.closed),
    selectServices: (namespace, selector) => select(services, namespace, selector, world.closed),
    references,
    unresolved: references.filter(({ target }) => !target),
    referencesFrom: (manifest) => referencesFrom.get(manifest) ?? [],
    providerOf: ({ apiVersion, kind }) => {
      const group = groupOf(apiVersion);
      return isBuiltIn(group) ? 'cluster' : (providers.get(`${group}/${kind}`) ?? providers.get(`${group}/*`));
    },
  };
}

function referenceOf(from: Manifest, link: Link, lookup: Lookup): Reference {
  const { field, kind, group, key, port, optional } = link;
  const { namespace, name } = link.joined
    ? lookup.split(kind, link.name, group, from.object.metadata.namespace ?? '')
    : link;
  const target = lookup.find(kind, namespace, name, group, from);
  return { from, field, kind, group, namespace, name, key, port, optional, target };
}

/** In a stranger's folder, what has no namespace may end up in any. */
function select<T>(
  index: LabelIndex<T>,
  namespace: string | undefined,
  selector: Selector,
  closed: boolean,
): readonly T[] {
  const found = index.select(namespace, selector);
  if (found.length || closed || namespace === undefined) return found;
  return index.select(namespace ? '' : undefined, selector);
}

/** `group/Kind`, or `group/*`, to who brings it. */
function providersOf(manifests: readonly Manifest[], declared: readonly Declared[], world: World) {
  const providers = new Map<string, Manifest | Declared | 'cluster'>();
  for (const { kinds = [] } of world.provides) for (const kind of kinds) providers.set(kind, 'cluster');
  for (const by of declared) for (const kind of by.provides?.kinds ?? []) providers.set(kind, by);
  for (const manifest of manifests) {
    if (manifest.object.kind !== 'CustomResourceDefinition') continue;
    providers.set(`${at(manifest.object, 'spec', 'group')}/${at(manifest.object, 'spec', 'names', 'kind')}`, manifest);
  }
  return providers;
}
