import { groupOf, type Manifest } from '../manifest.ts';
import { at, type Json, map, maps, number, strings, text } from './json.ts';

/** One container of a pod template, its lists read defensively. */
export interface Container {
  readonly name: string;
  /** `spec.template.spec.containers[0]`. */
  readonly path: string;
  /** `init` runs before the others and ends; `sidecar` is an init container that restarts always and stays. */
  readonly role: 'main' | 'init' | 'sidecar';
  readonly image?: string;
  readonly env: readonly Json[];
  readonly envFrom: readonly Json[];
  readonly ports: readonly Json[];
  readonly volumeMounts: readonly Json[];
  readonly requests: Json;
  readonly limits: Json;
  /** The container as written. */
  readonly spec: Json;
}

/** Anything with a pod template. */
export interface Workload {
  readonly manifest: Manifest;
  /** Empty where the object has none. */
  readonly namespace: string;
  /** Labels and annotations of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `spec.template.spec`. */
  readonly podPath: string;
  /** The pod spec as written. */
  readonly pod: Json;
  readonly containers: readonly Container[];
  readonly volumes: readonly Json[];
  readonly serviceAccount: string;
  /** Pods at rest as written, 1 where nothing is; undefined for a DaemonSet and a Knative Service. */
  readonly replicas?: number;
}

const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ['template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  ScaledJob: ['spec', 'jobTargetRef', 'template'],
};

/** The workload that `manifest` is, if it has a pod template; custom kinds are known by a `spec.template` with containers. */
export function workloadOf(manifest: Manifest): Workload | undefined {
  const { object } = manifest;
  // Anyone's: `constructor` is in every object.
  const path = Object.hasOwn(TEMPLATES, object.kind) ? TEMPLATES[object.kind]! : ['spec', 'template'];
  const template = map(at(object, ...path));
  const pod = map(template.spec);
  if (!Array.isArray(pod.containers)) return undefined;
  const metadata = map(template.metadata);
  const podPath = [...path, 'spec'].join('.');
  const knative = groupOf(object.apiVersion) === 'serving.knative.dev';
  return {
    manifest,
    namespace: object.metadata.namespace ?? '',
    labels: strings(metadata.labels),
    annotations: strings(metadata.annotations),
    podPath,
    pod,
    containers: [
      ...containers(pod.initContainers, `${podPath}.initContainers`, true),
      ...containers(pod.containers, `${podPath}.containers`, false),
    ],
    volumes: maps(pod.volumes),
    serviceAccount: text(pod.serviceAccountName) ?? text(pod.serviceAccount) ?? 'default',
    replicas: replicasOf(object.kind, map(object.spec), knative),
  };
}

function containers(list: unknown, path: string, init: boolean): Container[] {
  return maps(list).map((spec, index) => ({
    name: text(spec.name) ?? '',
    path: `${path}[${index}]`,
    role: !init ? 'main' : spec.restartPolicy === 'Always' ? 'sidecar' : 'init',
    image: text(spec.image),
    env: maps(spec.env),
    envFrom: maps(spec.envFrom),
    ports: maps(spec.ports),
    volumeMounts: maps(spec.volumeMounts),
    requests: map(at(spec, 'resources', 'requests')),
    limits: map(at(spec, 'resources', 'limits')),
    spec,
  }));
}

function replicasOf(kind: string, spec: Json, knative: boolean): number | undefined {
  if (knative || kind === 'DaemonSet') return undefined;
  if (kind === 'Job') return number(spec.parallelism) ?? 1;
  if (kind === 'CronJob') return number(at(spec, 'jobTemplate', 'spec', 'parallelism')) ?? 1;
  return number(spec.replicas) ?? 1;
}
