import { Exceptions } from '../check/exceptions.ts';
import type { Plan } from '../flux.ts';
import { imageReference } from '../image-reference.ts';
import { type Finding, idOf, type KubeObject, type Manifest, nameOf, typeOf } from '../manifest.ts';
import { at, maps, text } from '../resolve/json.ts';
import { workloadOf } from '../resolve/workloads.ts';
import { renamesOf } from '../review/renames.ts';

/** The rule's name. It can be accepted, for what may be made anew under another name. */
export const RENAMED = 'renamed-object';

/** Kinds that others know by name, and whether data hangs on it. */
const KNOWN_BY_NAME: Readonly<Record<string, boolean>> = {
  '/PersistentVolumeClaim': true,
  'apps/StatefulSet': true,
  'kafka.strimzi.io/Kafka': true,
  'kafka.strimzi.io/KafkaNodePool': true,
  'postgresql.cnpg.io/Cluster': true,
  'rabbitmq.com/RabbitmqCluster': true,
  'apps/Deployment': false,
  'apps/DaemonSet': false,
  'helm.toolkit.fluxcd.io/HelmRelease': false,
  'serving.knative.dev/Service': false,
};

/**
 * Refuses what would come under a new name with the content of something committed that goes: Flux makes an empty store
 * beside the old one's volumes, or takes a service away from all who call it. One finding per unit. Two programs of one
 * shape are told apart by their images.
 */
export function renamedObjects(
  { files }: Plan,
  committed: ReadonlyMap<string, { readonly object: KubeObject }>,
  exceptions = new Exceptions([]),
): Finding[] {
  const planned = [...files.values()].flatMap(({ objects, manifests = [] }) =>
    manifests.map((manifest, i) => [objects[i]!, manifest] as const),
  );
  const ids = new Set(planned.map(([object]) => idOf(object)));
  const gone = [...committed].flatMap(([id, { object }]) =>
    !ids.has(id) && typeOf(object) in KNOWN_BY_NAME ? [object] : [],
  );
  if (!gone.length) return [];
  const come = new Map(planned.filter(([object]) => typeOf(object) in KNOWN_BY_NAME && !committed.has(idOf(object))));
  const units = new Map<string, { was: KubeObject; is: KubeObject; manifest: Manifest }>();
  for (const [is, was] of renamesOf(gone, [...come.keys()])) {
    const manifest = come.get(is)!;
    const unit = `${manifest.chart}/${manifest.unit}`;
    // Of a store's objects the one with the data speaks.
    if (!isSameProgram(was, is) || (units.has(unit) && !KNOWN_BY_NAME[typeOf(is)])) continue;
    units.set(unit, { was, is, manifest });
  }
  return [...units.values()].map(({ was, is, manifest }) =>
    exceptions.accept(finding(was, is, manifest), manifest.path),
  );
}

/** Images without their tags, or what a release installs. */
function programsOf(object: KubeObject): readonly string[] {
  const workload = workloadOf({ object, path: '', chart: '', unit: '' });
  const images = workload?.containers.flatMap(({ image }) => (image ? imageReference(image).name : [])) ?? [];
  return [
    ...images,
    ...[text(at(object, 'spec', 'chart', 'spec', 'chart')), text(at(object, 'spec', 'chartRef', 'name'))].flatMap(
      (name) => name ?? [],
    ),
  ];
}

const isSameProgram = (was: KubeObject, is: KubeObject) => `${programsOf(was)}` === `${programsOf(is)}`;

function finding(was: KubeObject, is: KubeObject, { source, unit }: Manifest): Finding {
  const { name } = was.metadata;
  const holds =
    KNOWN_BY_NAME[typeOf(is)] && (is.kind !== 'StatefulSet' || maps(at(is, 'spec', 'volumeClaimTemplates')).length > 0);
  const steps = holds
    ? '1. render the new one beside it, and push; 2. stop what writes, back up, restore into the new one; 3. point its users at the new one; 4. take the old one away'
    : '1. render the new one beside it, and push; 2. point its callers at the new one; 3. take the old one away';
  return {
    rule: RENAMED,
    severity: 'error',
    object: `${is.apiVersion} ${nameOf(is)}`,
    source,
    message: `is committed as ${nameOf(was)}: under the new name ${holds ? 'it starts empty, and its data stays behind under the old one' : 'nobody finds it who calls it by the old one'}`,
    fix: `keep the name, identity: '${name}' at ${unit}; or migrate: ${steps}`,
  };
}
