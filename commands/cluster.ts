import type { Environment } from '../imports/environment.ts';
import type { Beside } from '../synth/live/adopt.ts';
import { afterTakingOver, applyMode, asApplied } from '../synth/live/drift.ts';
import { environmentAt, type Recognized, recognize } from '../synth/live/identity.ts';
import { fullName } from '../synth/live/inventory.ts';
import { idOf, type KubeObject } from '../synth/manifest.ts';
import { at, text } from '../synth/resolve/json.ts';
import type { Committed } from './committed.ts';
import { itemsOf, Kubectl, lastLine } from './kubectl.ts';
import { Refusal } from './project.ts';

export const KUSTOMIZATIONS = 'kustomizations.kustomize.toolkit.fluxcd.io';

/** The environment's cluster, recognized. */
export interface Cluster extends Recognized {
  readonly kubectl: Kubectl;
  readonly kustomizations: readonly KubeObject[];
  /** The Kustomization that takes the environment's folder. */
  readonly root?: KubeObject;
}

/** Connects to the environment's cluster; refused is one that does not answer, or is another one. */
export async function clusterOf(environment: Environment, context: string | undefined): Promise<Cluster> {
  const kubectl = await Kubectl.open(context);
  const uid = (await kubectl.ask('get', 'namespace', 'kube-system', '--output=jsonpath={.metadata.uid}')).trim();
  const [nodes, version, kustomizations] = await Promise.all([
    kubectl.run(['get', 'nodes', '--output=name']),
    kubectl.run(['version', '--output=json']),
    kubectl.list(KUSTOMIZATIONS),
  ]);
  const paths = kustomizations.map((each) => text(at(each, 'spec', 'path')) ?? '');
  const recognized = recognize(environment, {
    uid,
    paths,
    ...(nodes.code === 0 && {
      nodes: nodes.stdout
        .split('\n')
        .filter(Boolean)
        .map((name) => name.replace(/^node\//, '')),
    }),
    ...(version.code === 0 && { version: JSON.parse(version.stdout).serverVersion?.gitVersion }),
  });
  if (recognized.refusal) throw new Refusal(`context ${kubectl.context} ${recognized.refusal}`);
  const root = kustomizations.find((_, i) => environmentAt(paths[i]!) === environment.name);
  return { ...recognized, kubectl, kustomizations, ...(root && { root }) };
}

/** What `flux bootstrap` calls the Kustomization of a cluster's folder. */
const BOOTSTRAP = 'flux-system/flux-system';

/** Every committed object beside what the cluster has of it, and what Flux would make of it. Changes nothing. */
export async function besides({ kubectl, root }: Cluster, { manifests }: Committed): Promise<Beside[]> {
  const top = root ? fullName(root) : BOOTSTRAP;
  const wanted = manifests.map(({ object, kustomization = top }) => ({
    kustomization,
    committed: asApplied(object, kustomization),
  }));
  const objects = wanted.map(({ committed }) => committed);
  const there = await liveOf(kubectl, objects);
  const absent = new Set(
    objects.flatMap((object) =>
      object.kind === 'Namespace' && !there.has(idOf(object)) ? [object.metadata.name] : [],
    ),
  );
  const asked = objects.filter(
    (object) => applyMode(object, there.get(idOf(object))) === 'always' && !absent.has(object.metadata.namespace ?? ''),
  );
  const outcomes = await dryRun(kubectl, APPLY, asked);
  await takeOver(kubectl, asked, there, outcomes);
  return wanted.map((each) => ({
    ...each,
    ...defined('live', there.get(idOf(each.committed))),
    ...outcomes.get(idOf(each.committed)),
  }));
}

/** What Flux first takes over of what kubectl has set is not in the answers yet: put in, as the API server would then have it. */
async function takeOver(
  kubectl: Kubectl,
  asked: readonly KubeObject[],
  there: ReadonlyMap<string, KubeObject>,
  outcomes: Map<string, Outcome>,
) {
  const changed = asked.flatMap((committed) => {
    const [live, outcome] = [there.get(idOf(committed)), outcomes.get(idOf(committed))];
    if (!live || !outcome || !('applied' in outcome)) return [];
    const after = afterTakingOver(committed, live, outcome.applied);
    return after === outcome.applied ? [] : [after];
  });
  for (const [id, outcome] of await dryRun(kubectl, REPLACE, changed)) outcomes.set(id, outcome);
}

const defined = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [key in K]?: V };

const textOf = (objects: readonly KubeObject[]) => objects.map((object) => JSON.stringify(object)).join('\n---\n');

/** The objects of the same names that are there. */
export async function liveOf(kubectl: Kubectl, objects: readonly KubeObject[]): Promise<Map<string, KubeObject>> {
  const words = ['get', '--filename=-', '--ignore-not-found', '--show-managed-fields', '--output=json'];
  const { stdout, stderr } = await kubectl.run(words, textOf(objects));
  const trouble = stderr
    .split('\n')
    .find((line) => line && !/no matches for kind|ensure CRDs are installed|^Warning/.test(line));
  if (trouble) throw new Refusal(`kubectl ${words.join(' ')}: ${trouble}`);
  return new Map(itemsOf(stdout).map((object) => [idOf(object), object]));
}

const DRY = ['--dry-run=server', '--output=json', '--filename=-'];
const APPLY = ['apply', '--server-side', '--force-conflicts', '--field-manager=kustomize-controller', ...DRY];
const REPLACE = ['replace', ...DRY];

type Outcome = { readonly applied: KubeObject } | { readonly refusal: string };

/** Asks for all at once, and for each one that was refused again, as only then it is clear whose refusal is whose. */
async function dryRun(
  kubectl: Kubectl,
  words: readonly string[],
  objects: readonly KubeObject[],
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  if (!objects.length) return outcomes;
  const { stdout, stderr } = await kubectl.run(words, textOf(objects));
  for (const applied of itemsOf(stdout)) outcomes.set(idOf(applied), { applied });
  const unknown = new Map(
    [...stderr.matchAll(/no matches for kind "([^"]+)" in version "([^"]+)"/g)].map(
      ([refusal, kind, version]) => [`${version} ${kind}`, refusal] as const,
    ),
  );
  const rest: KubeObject[] = [];
  for (const object of objects) {
    const refusal = unknown.get(`${object.apiVersion} ${object.kind}`);
    if (refusal !== undefined) outcomes.set(idOf(object), { refusal });
    else if (!outcomes.has(idOf(object))) rest.push(object);
  }
  const one = async (object: KubeObject) => {
    const { code, stdout, stderr } = await kubectl.run(words, textOf([object]));
    const [applied] = code === 0 ? itemsOf(stdout) : [];
    outcomes.set(idOf(object), applied ? { applied } : { refusal: refusalOf(stderr) });
  };
  const worker = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) await one(next);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return outcomes;
}

const SIDE_BY_SIDE = 6;

/** Without what kubectl puts around the API server's own words. */
function refusalOf(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line && !line.startsWith('Warning'));
  const refusal = lines
    .join(' ')
    .replace(/^error: |^Error from server \([^)]*\): (?:error when [a-z ]+"STDIN": )?/g, '')
    .trim();
  return refusal || lastLine(stderr);
}
