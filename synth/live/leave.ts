import { groupOf, type KubeObject, nameOf } from '../manifest.ts';
import { at, map, text } from '../resolve/json.ts';
import { type Entry, fullName, inventoryOf, isKustomization } from './inventory.ts';

/** An object by what kubectl calls it. */
export interface Handle {
  /** `kustomizations.kustomize.toolkit.fluxcd.io`, or `<Kind>.<version>.<group>`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly said: string;
}

/** How a cluster is taken from under Flux. In this order; every step may be done again. */
export interface Departure {
  /** Nothing is applied, pruned or uninstalled by these any more: the root first, which would undo it in the others. */
  readonly suspended: readonly Handle[];
  /** What only tells Flux what to do. The root last, so that a departure that broke off is found again. */
  readonly deleted: readonly Handle[];
  /** What stays: everything else that these have applied. */
  readonly kept: readonly Entry[];
}

/** What kustomize-controller must be told before its Kustomization may be deleted without what it applied. */
export const LET_GO = { spec: { suspend: true, prune: false, deletionPolicy: 'Orphan' } };
export const SUSPEND = { spec: { suspend: true } };

const isFlux = (group: string) => group.endsWith('.toolkit.fluxcd.io');

/** Deleting one would uninstall its chart, were it not suspended; suspended it may as well stay, and come back. */
const STAYING = new Set(['HelmRelease', 'HelmChart']);

/** Of Flux's own kinds, those that are told to stand still. */
const STILL = new Set(['Kustomization', 'ImageUpdateAutomation', 'HelmRelease']);

/**
 * The plan for the environment whose root Kustomization is `root`, from what it and its Kustomizations say they have applied.
 * Others in the cluster are left alone.
 */
export function departureOf(root: KubeObject, kustomizations: readonly KubeObject[]): Departure {
  const byName = new Map(kustomizations.map((each) => [fullName(each), each]));
  const ours = new Map([[fullName(root), root]]);
  const entries = new Map<string, Entry>();
  for (const each of ours.values()) {
    for (const entry of inventoryOf(each)) {
      entries.set(JSON.stringify(entry), entry);
      const inner = isKustomization({ apiVersion: `${entry.group}/`, kind: entry.kind })
        ? byName.get(`${entry.namespace}/${entry.name}`)
        : undefined;
      // A map that grows while it is walked hands out what was added, too.
      if (inner) ours.set(fullName(inner), inner);
    }
  }
  const source = sourceOf(root);
  const rest = [...entries.values()].filter(
    ({ group, kind, namespace, name }) =>
      isFlux(group) &&
      !(kind === 'Kustomization') &&
      !(source && kind === source.kind && namespace === source.namespace && name === source.name),
  );
  const inner = [...ours.values()].slice(1);
  return {
    suspended: [...[root, ...inner].map(handleOf), ...rest.filter(({ kind }) => STILL.has(kind)).map(entryHandle)],
    deleted: [
      ...rest.filter(({ kind }) => !STAYING.has(kind)).map(entryHandle),
      ...inner.map(handleOf),
      ...(source ? [entryHandle(source)] : []),
      handleOf(root),
    ],
    kept: [...entries.values()].filter(({ group, kind }) => !isFlux(group) || STAYING.has(kind)),
  };
}

/** Whether a live Kustomization takes nothing along when it is deleted. */
export const letsGo = (kustomization: KubeObject) => at(kustomization, 'spec', 'suspend') === true;

/** Whether its controller is still at work on it. */
export const isAtWork = ({ metadata, status }: KubeObject) => {
  const conditions = at(status, 'conditions');
  return (
    metadata.deletionTimestamp === undefined &&
    Array.isArray(conditions) &&
    conditions.some(
      (each) => map(each).type === 'Reconciling' && map(each).status === 'True' && map(each).reason === 'Progressing',
    )
  );
};

function sourceOf(root: KubeObject): Entry | undefined {
  const kind = text(at(root, 'spec', 'sourceRef', 'kind'));
  const name = text(at(root, 'spec', 'sourceRef', 'name'));
  if (!kind || !name) return undefined;
  const namespace = text(at(root, 'spec', 'sourceRef', 'namespace')) ?? root.metadata.namespace!;
  return { group: 'source.toolkit.fluxcd.io', version: 'v1', kind, namespace, name };
}

const handleOf = (object: KubeObject): Handle => {
  const { kind, apiVersion, metadata } = object;
  return {
    kind: `${kind}.${apiVersion.split('/').at(-1)}.${groupOf(apiVersion)}`,
    namespace: metadata.namespace!,
    name: metadata.name,
    said: nameOf(object),
  };
};

const entryHandle = ({ kind, version, group, namespace, name }: Entry): Handle => ({
  kind: group ? `${kind}.${version}.${group}` : kind,
  namespace,
  name,
  said: `${kind} ${namespace ? `${namespace}/` : ''}${name}`,
});
