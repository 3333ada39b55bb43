import type { Environment } from '../imports/environment.ts';
import { FLUX_SYSTEM, sourceKind } from '../imports/source.ts';
import { findingsOf } from './flux/findings.ts';
import { planner } from './flux/guards.ts';
import { healthOf, sealedHealth } from './flux/health.ts';
import { type Needs, needsOf } from './flux/needs.ts';
import { inOrder, reduced } from './graph.ts';
import { type Layout, layoutOf, SECRETS, sorted } from './layout.ts';
import type { Finding, KubeObject, Manifest } from './manifest.ts';
import type { Index } from './resolve.ts';

export { goneKustomizations, lapsed, type Removal } from './flux/gone.ts';
export { isGuarded } from './flux/guards.ts';
export { type Committed, movedObjects } from './flux/moved.ts';
export { renamedObjects } from './flux/renamed.ts';

export type FluxFacts = Pick<Environment, 'name' | 'flux' | 'also' | 'repository'>;

/** What is hand-owned under `clusters/<env>`. */
export interface HandOwned {
  /** `flux bootstrap` made its folder; listing it before fails the build. */
  readonly hasFluxSystem: boolean;
  /** YAML files under `secrets/`. */
  readonly secretFiles: readonly string[];
}

export interface PlannedFile {
  readonly objects: readonly KubeObject[];
  /** The file of charts/ that made it. */
  readonly source?: string;
  /** Where the objects come from, one each. */
  readonly manifests?: readonly Manifest[];
}

export interface Plan {
  /** By path under `clusters/<env>`. */
  readonly files: ReadonlyMap<string, PlannedFile>;
  /** The Flux Kustomizations, each after what it depends on. */
  readonly kustomizations: readonly KubeObject[];
  readonly findings: readonly Finding[];
}

/**
 * Spreads the objects over folders, one Flux Kustomization each, in the order that their kinds, references and uses ask
 * for; what holds data is guarded against prune. The index's objects stay as they are.
 */
export function fluxPlan(index: Index, facts: FluxFacts, hand: HandOwned): Plan {
  const layout = layoutOf(index.manifests, index.declared);
  const needs = needsOf(index, layout, hand.secretFiles.length > 0);
  const dependsOn = reduced(
    new Map(byLayer(layout, needs).map((name) => [name, new Set(needs.folders.get(name)!.keys())])),
  );
  const kustomizations = new Map(
    inOrder(dependsOn).map((name) => [name, kustomization(name, layout, needs, dependsOn.get(name)!, facts)]),
  );

  const files = new Map<string, PlannedFile>();
  const planned = planner(index, layout, needs);
  for (const { name, files: units } of layout.folders.values()) {
    for (const [unit, manifests] of units) {
      const objects = manifests.map(planned);
      files.set(`${name}/${unit}.yaml`, { objects, manifests, source: manifests[0]!.source?.file });
    }
    files.set(`${name}/kustomization.yaml`, resources([...units.keys()].sort().map((unit) => `${unit}.yaml`)));
  }
  const roots = hand.hasFluxSystem ? [FLUX_SYSTEM] : [];
  for (const path of ['infrastructure.yaml', 'apps.yaml']) {
    const objects = [...kustomizations].flatMap(([name, object]) => (rootOf(layout, name) === path ? [object] : []));
    if (!objects.length) continue;
    files.set(path, { objects });
    roots.push(path);
  }
  files.set('kustomization.yaml', resources([...roots, ...(facts.also ?? [])]));

  return { files, kustomizations: [...kustomizations.values()], findings: findingsOf(index, layout, needs) };
}

/** Folders by layer, then name; the hand-owned secrets stand before all that may read them. */
function byLayer({ folders }: Layout, needs: Needs): string[] {
  const names = [...folders.keys()];
  const early = [...folders.values()].filter(({ layer }) => layer === 'namespaces' || layer === 'controllers').length;
  return [...names.slice(0, early), ...(needs.folders.has(SECRETS) ? [SECRETS] : []), ...names.slice(early)];
}

const rootOf = ({ folders }: Layout, name: string) =>
  folders.get(name)?.infrastructure === false ? 'apps.yaml' : 'infrastructure.yaml';

/** https://fluxcd.io/flux/components/kustomize/kustomizations/ */
function kustomization(
  name: string,
  { folders }: Layout,
  { awaited }: Needs,
  dependsOn: Iterable<string>,
  { name: environment, flux: { interval, retryInterval }, repository }: FluxFacts,
): KubeObject {
  const objects = [...(awaited.get(name) ?? [])];
  const size = [...(folders.get(name)?.files.values() ?? [])].reduce((sum, { length }) => sum + length, 0);
  const after = [...dependsOn].sort().map((needed) => ({ name: needed }));
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: FLUX_SYSTEM },
    spec: sorted({
      ...(after.length ? { dependsOn: after } : {}),
      ...(name === SECRETS ? sealedHealth : healthOf(objects)),
      interval,
      path: `./clusters/${environment}/${name}`,
      prune: true,
      retryInterval,
      sourceRef: { kind: sourceKind(repository), name: FLUX_SYSTEM },
      timeout: timeout(size, objects),
    }),
  };
}

/**
 * As short as applying and a rollout take: a push that repairs what is waited for comes through only when the wait is
 * over (unless kustomize-controller runs with CancelHealthCheckOnNewRevision), and a wait that was too short is repeated.
 */
const timeout = (size: number, awaited: readonly Manifest[]) =>
  `${(awaited.some(({ object }) => object.kind === 'HelmRelease') ? 5 : 2) + Math.floor(size / 1000)}m`;

/** A kustomize list: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ */
const resources = (paths: readonly string[]): PlannedFile => ({
  // A file for kustomize, not an object: it has no metadata.
  objects: [
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: paths } as unknown as KubeObject,
  ],
});
