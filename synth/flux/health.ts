import { compareObjects } from '../layout.ts';
import { type KubeObject, type Manifest, typeOf } from '../manifest.ts';
import { at } from '../resolve/json.ts';

/** `status` of Flux's health check expressions is CEL over the object: https://fluxcd.io/flux/components/kustomize/kustomizations/#health-check-expressions */
interface Health {
  /** True once others may rely on the object. @default - Flux's own notion: rolled out, or its Ready condition */
  readonly current?: string;
  readonly failed?: string;
}

const condition = (type: string, status: 'True' | 'False') =>
  `has(status.conditions) && status.conditions.exists(c, c.type == '${type}' && c.status == '${status}')`;

/**
 * Kinds that others wait for. A store serves while a majority of it is up and a Deployment while it is Available: Flux's
 * own notion, every replica of the newest revision, would hold back every push to the apps while one node is down.
 */
const HEALTH: Readonly<Record<string, Health>> = {
  'apps/StatefulSet': { current: 'has(status.readyReplicas) && status.readyReplicas * 2 > spec.replicas' },
  'apps/Deployment': { current: condition('Available', 'True') },
  'apps/DaemonSet': {},
  'batch/Job': {},
  'helm.toolkit.fluxcd.io/HelmRelease': {},
  'kustomize.toolkit.fluxcd.io/Kustomization': {},
  'operator.knative.dev/KnativeServing': {},
  'operator.knative.dev/KnativeEventing': {},
  'serving.knative.dev/Service': {},
  'kafka.strimzi.io/Kafka': {},
  'postgresql.cnpg.io/Cluster': {
    current: 'has(status.readyInstances) && status.readyInstances * 2 > spec.instances',
  },
  'rabbitmq.com/RabbitmqCluster': { current: condition('ClusterAvailable', 'True') },
};

const SEALED: Health = { current: condition('Synced', 'True'), failed: condition('Synced', 'False') };

/** The part of a Flux Kustomization that says what it waits for; empty where nothing is awaited. */
export function healthOf(awaited: Iterable<Manifest>): Readonly<Record<string, unknown>> {
  const objects = [...awaited]
    .map(({ object }) => object)
    .filter(isAwaitable)
    .sort(compareObjects);
  if (!objects.length) return {};
  const expressions = new Map(objects.flatMap((object) => expressionOf(object) ?? []));
  return {
    healthChecks: objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
      apiVersion,
      kind,
      name,
      namespace,
    })),
    ...(expressions.size ? { healthCheckExprs: [...expressions.values()] } : {}),
  };
}

/** Every SealedSecret of the hand-owned folder: which ones there are is not known here, and each is there at once or never. */
export const sealedHealth = {
  wait: true,
  healthCheckExprs: [{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', ...SEALED }],
};

/** A finished Job with a time to live is gone again, and would be waited for in vain. */
const isAwaitable = (object: KubeObject) =>
  typeOf(object) in HEALTH && (object.kind !== 'Job' || at(object, 'spec', 'ttlSecondsAfterFinished') === undefined);

function expressionOf(object: KubeObject): [string, object][] | undefined {
  const { apiVersion, kind } = object;
  const health = HEALTH[typeOf(object)]!;
  return health.current ? [[typeOf(object), { apiVersion, kind, ...health }]] : undefined;
}
