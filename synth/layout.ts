import type { Layer } from '../imports/relations.ts';
import { push } from './group-by.ts';
import type { Declared, KubeObject, Manifest } from './manifest.ts';

/** One folder under `clusters/<env>`, which is one Flux Kustomization of that name. */
export interface Folder {
  readonly name: string;
  readonly layer: Layer;
  /** Listed in infrastructure.yaml rather than apps.yaml. */
  readonly infrastructure: boolean;
  /** By file name without `.yaml`; the objects of a file are in the order they are written in. */
  readonly files: Map<string, Manifest[]>;
}

export interface Layout {
  /** In the order of their layers, then by name. */
  readonly folders: ReadonlyMap<string, Folder>;
  folderOf(manifest: Manifest): string;
}

/** The one folder for the Namespaces of every chart: whatever lives in a namespace follows it. */
export const NAMESPACES = 'namespaces';

/** The hand-owned folder of SealedSecrets. */
export const SECRETS = 'secrets';

/**
 * Places every object: `namespaces/<namespace>`, `<chart>-controllers/<unit>`, `<chart>-stores/<unit>`, `<chart>/<unit>`.
 * Chart, unit and layer alone decide, so an object never moves because another one came or went.
 */
export function layoutOf(manifests: readonly Manifest[], declared: readonly Declared[]): Layout {
  const platforms = new Set(declared.flatMap(({ chart, platform }) => (platform ? [chart] : [])));
  const unordered = new Map<string, Folder>();
  const names = new Map<Manifest, string>();
  const layerOf = layersOf(declared);
  const identities = new Map(declared.flatMap(({ path, identity }) => (identity ? [[path, identity] as const] : [])));
  const identityOf = (chart: string) => identities.get(chart) ?? chart;

  for (const manifest of manifests) {
    const layer = layerOf(manifest);
    const name = folderName(identityOf(manifest.chart), layer);
    let folder = unordered.get(name);
    if (!folder) {
      folder = { name, layer, infrastructure: layer !== 'apps' || platforms.has(manifest.chart), files: new Map() };
      unordered.set(name, folder);
    }
    const file =
      layer === 'namespaces'
        ? namespaceOf(manifest.object)
        : (identities.get(`${manifest.chart}/${manifest.unit}`) ?? manifest.unit);
    push(folder.files, file, manifest);
    names.set(manifest, folder.name);
  }

  const folders = [...unordered.values()].sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
  for (const { files } of folders) {
    for (const inFile of files.values()) inFile.sort((a, b) => compareObjects(a.object, b.object));
  }
  return {
    folders: new Map(folders.map((folder) => [folder.name, folder])),
    folderOf: (manifest) => names.get(manifest)!,
  };
}

/** Groups whose kinds install something or fetch what installs it. */
const INSTALLING = /^(source|helm|kustomize)\.toolkit\.fluxcd\.io\//;

/** The layer declared nearest above an object, or that of its kind. */
function layersOf(declared: readonly Declared[]): (manifest: Manifest) => Layer {
  const byUnit = new Map<string, Declared[]>();
  for (const relation of declared) {
    if (!relation.layer) continue;
    const unit = `${relation.chart}/${relation.unit}`;
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), relation]);
  }
  const nearest = ({ chart, unit, path }: Manifest) =>
    [...(byUnit.get(`${chart}/${unit}`) ?? []), ...(byUnit.get(`${chart}/`) ?? [])]
      .filter((above) => isBelow(path, above.path))
      .sort((a, b) => b.path.length - a.path.length)[0]?.layer;
  return (manifest) => {
    const { apiVersion, kind } = manifest.object;
    if (kind === 'Namespace') return 'namespaces';
    const installs = kind === 'CustomResourceDefinition' || INSTALLING.test(apiVersion);
    return nearest(manifest) ?? (installs ? 'controllers' : 'apps');
  };
}

/** Whether a construct path is `above` or one below it. */
export const isBelow = (path: string, above: string) =>
  path.startsWith(above) && (path.length === above.length || path[above.length] === '/');

/** Objects below a construct path; grouped, because a store may be used by every unit. */
export function manifestsBelow(manifests: readonly Manifest[]): (path: string) => readonly Manifest[] {
  const groups = new Map<string, Manifest[]>();
  for (const manifest of manifests) {
    for (const group of [manifest.chart, `${manifest.chart}/${manifest.unit}`]) push(groups, group, manifest);
  }
  return (path) => {
    const group = path.split('/').slice(0, 2).join('/');
    return (groups.get(group) ?? []).filter((manifest) => isBelow(manifest.path, path));
  };
}

function folderName(chart: string, layer: Layer) {
  if (layer === 'namespaces') return NAMESPACES;
  return layer === 'apps' ? chart : `${chart}-${layer}`;
}

const namespaceOf = ({ kind, metadata }: KubeObject) =>
  kind === 'Namespace' ? metadata.name : (metadata.namespace ?? metadata.name);

const LAYERS: readonly Layer[] = ['namespaces', 'controllers', 'stores', 'apps'];

/** Platform charts stand with the infrastructure, before the first app. */
const rank = ({ layer, infrastructure }: Folder) => LAYERS.indexOf(layer) + (infrastructure ? 0 : 1);

export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** As a person reads a service: where it lives, who it is, what it is given, what runs, how it is reached. */
const KINDS = new Map(
  [
    'Namespace',
    'ResourceQuota',
    'LimitRange',
    'CustomResourceDefinition',
    'GitRepository',
    'HelmRepository',
    'OCIRepository',
    'HelmChart',
    'HelmRelease',
    'StorageClass',
    'PriorityClass',
    'ServiceAccount',
    'ClusterRole',
    'ClusterRoleBinding',
    'Role',
    'RoleBinding',
    'SecretStore',
    'ClusterSecretStore',
    'Password',
    'ExternalSecret',
    'SealedSecret',
    'Secret',
    'ConfigMap',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'StatefulSet',
    'Deployment',
    'DaemonSet',
    'Job',
    'CronJob',
    'Service',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
    'NetworkPolicy',
    'Middleware',
    'Ingress',
    'IngressRoute',
  ].map((kind, index) => [kind, index]),
);

/** Fixed kind order (kinds outside of it follow by name), then namespace, then name. */
export function compareObjects(a: KubeObject, b: KubeObject): number {
  return (
    (KINDS.get(a.kind) ?? KINDS.size) - (KINDS.get(b.kind) ?? KINDS.size) ||
    compare(a.kind, b.kind) ||
    compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compare(a.metadata.name, b.metadata.name) ||
    compare(a.apiVersion, b.apiVersion)
  );
}

/** Keys stand in order in every object that cdk8s renders; so they do where synth adds some. */
export const sorted = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => compare(a, b)));
