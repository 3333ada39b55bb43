import { compare, type Folder, isBelow, type Layout, sorted } from '../layout.ts';
import { type KubeObject, type Manifest, typeOf } from '../manifest.ts';
import { at, maps, strings } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Needs } from './needs.ts';

/** https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomizetoolkitfluxcdioprune */
const PRUNE = 'kustomize.toolkit.fluxcd.io/prune';

/** Kinds whose deletion takes data along, theirs or that of everything in or of them. */
const HOLDING = new Set([
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'kafka.strimzi.io/Kafka',
  'kafka.strimzi.io/KafkaNodePool',
  'kafka.strimzi.io/KafkaTopic',
  'postgresql.cnpg.io/Cluster',
  'rabbitmq.com/Queue',
  'rabbitmq.com/RabbitmqCluster',
  'rabbitmq.com/Vhost',
]);

/** True where Flux is told never to delete the object; it reads labels and annotations, in any case. */
export const isGuarded = ({ metadata }: KubeObject) =>
  [metadata.annotations, metadata.labels].some((map) => strings(map)[PRUNE]?.toLowerCase() === 'disabled');

/** Gives each object as it is written: guarded against prune where it holds data, its HelmRelease dependencies filled in. */
export function planner({ declared }: Index, layout: Layout, { installers, releases }: Needs) {
  const asked = declared.filter(({ guard }) => guard);
  const holds = (manifest: Manifest) =>
    installers.has(manifest) ||
    holdsData(manifest.object, layout.folders.get(layout.folderOf(manifest))!) ||
    asked.some(({ path }) => isBelow(manifest.path, path));
  return (manifest: Manifest): KubeObject => {
    const { object } = manifest;
    const after = releases.get(manifest);
    const ordered = after ? withDependencies(object, after) : object;
    return !isGuarded(object) && holds(manifest) ? withGuard(ordered) : ordered;
  };
}

/** Whether data goes, or is lost sight of, with the object. */
export function holdsData(object: KubeObject, { layer }: Pick<Folder, 'layer'>): boolean {
  const { kind, spec } = object;
  switch (kind) {
    case 'StatefulSet':
      return maps(at(spec, 'volumeClaimTemplates')).length > 0;
    case 'ExternalSecret':
      // A generated value exists nowhere else.
      return maps(at(spec, 'dataFrom')).some((from) => at(from, 'sourceRef', 'generatorRef', 'kind') === 'Password');
    case 'HelmRelease':
      return layer === 'stores';
    default:
      return HOLDING.has(typeOf(object));
  }
}

function withGuard(object: KubeObject): KubeObject {
  const { annotations, ...metadata } = object.metadata;
  return { ...object, metadata: { annotations: sorted({ ...annotations, [PRUNE]: 'disabled' }), ...metadata } };
}

/** HelmReleases of one Kustomization are applied at once; helm-controller then starts each after those it names. */
function withDependencies(object: KubeObject, after: ReadonlySet<Manifest>): KubeObject {
  const spec = object.spec as Readonly<Record<string, unknown>>;
  const written = maps(spec.dependsOn);
  const names = new Set(written.map(({ namespace, name }) => `${namespace ?? object.metadata.namespace}/${name}`));
  const derived = [...after]
    .map(({ object: { metadata } }) => ({ name: metadata.name, namespace: metadata.namespace! }))
    .filter(({ namespace, name }) => !names.has(`${namespace}/${name}`))
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  return { ...object, spec: sorted({ ...spec, dependsOn: [...written, ...derived] }) };
}
