import { loadAll } from 'js-yaml';
import { ENVIRONMENT, type Environment, SEALED, TAGS } from '../imports/environment.ts';
import { check } from './check/check.ts';
import { Exceptions } from './check/exceptions.ts';
import type { Tree } from './compare.ts';
import { emitFile } from './emit.ts';
import { unusedExisting, withoutContradicted } from './existing.ts';
import { nodeFindings } from './facts.ts';
import { sourceFindings } from './flux/source-findings.ts';
import {
  fluxPlan,
  goneKustomizations,
  isGuarded,
  movedObjects,
  type Plan,
  type Removal,
  renamedObjects,
} from './flux.ts';
import { marksOf, readTags } from './images.ts';
import { ADVICE, type Finding, idOf, type KubeObject } from './manifest.ts';
import { render } from './render.ts';
import { type Index, resolve } from './resolve.ts';
import { checkSealed } from './seal/findings.ts';
import { digestsOf, sealedFiles } from './seal.ts';

export interface Synthesis {
  /** What should stand under `clusters/<env>`, by path relative to `clusters/`. */
  readonly files: ReadonlyMap<string, string>;
  readonly objects: number;
  readonly findings: readonly Finding[];
  /** Of these, what charts threw: the rest of their objects is in none of the others. */
  readonly thrown: readonly Finding[];
  readonly index: Index;
  /** Acknowledged removals that this synth makes use of. */
  readonly removals: readonly Removal[];
  readonly plan: Plan;
}

/**
 * One environment from its description and what is committed of it: rendered, resolved, put in order, checked and
 * spelled out. Pure: same sources and same committed tags, same text.
 */
export function synthesize(environment: Environment, tree: Tree): Synthesis {
  const { name } = environment;
  const folder = `${name}/`;
  const secretFiles = sealedFiles(tree, name);
  const { tags, findings: clashes } = readTags(tree);
  const rendered = render(environment, {
    [ENVIRONMENT]: environment,
    [TAGS]: tags,
    [SEALED]: digestsOf(secretFiles),
  });
  const index = resolve(rendered, { provides: [environment.provides], closed: true, cluster: environment });
  const plan = fluxPlan(index, environment, {
    hasFluxSystem: [...tree.keys()].some((path) => path.startsWith(`${folder}flux-system/`)),
    secretFiles: secretFiles.map(({ path }) => path),
  });
  const { marks, findings: markFindings } = marksOf(rendered.declared);

  const files = new Map<string, string>();
  let objects = 0;
  for (const [path, { objects: inFile, manifests, source }] of plan.files) {
    const at = folder + path;
    if (path !== 'kustomization.yaml' && !path.endsWith('/kustomization.yaml')) objects += inFile.length;
    const origin = source ?? `charts/environments/${name}.ts`;
    files.set(at, emitFile({ path: at, source: origin, objects: inFile, marks: marks(manifests?.[0]?.chart ?? '') }));
  }

  const before = withoutContradicted(changed(tree, files), environment.existing);
  const exceptions = new Exceptions(rendered.declared);
  const gone = goneKustomizations(plan, environment, {
    kustomizations: ['infrastructure.yaml', 'apps.yaml']
      .map((file) => folder + file)
      .flatMap((path) => (files.get(path) === tree.get(path) ? [] : documents(tree.get(path) ?? ''))),
    objects: [...before.values()],
  });
  const findings = [
    ...nodeFindings(environment),
    ...clashes,
    ...rendered.findings.map((each) => (each.rule === ADVICE ? exceptions.accept(each, each.object) : each)),
    ...markFindings,
    ...unusedExisting(
      environment,
      rendered.declared,
      rendered.manifests.map(({ object }) => object),
    ),
    ...plan.findings,
    ...sourceFindings(environment, tree),
    ...movedObjects(plan, (id) => before.get(id), exceptions),
    ...renamedObjects(plan, before, exceptions),
    ...gone.findings,
    ...check(index, { committed: (id) => before.get(id)?.object, exceptions }),
    ...checkSealed(name, rendered.declared, secretFiles),
  ];
  return { files, objects, findings, thrown: rendered.thrown, index, plan, removals: gone.needed };
}

/**
 * The committed objects of every file that would change or go, by identity. A file that stays as it is holds what is
 * rendered, so only the others have to be read.
 */
function changed(tree: Tree, files: ReadonlyMap<string, string>) {
  const before = new Map<string, { object: KubeObject; folder: string; guarded: boolean }>();
  for (const [path, text] of tree) {
    const [, folder, file] = path.split('/');
    if (!file || !path.endsWith('.yaml') || files.get(path) === text) continue;
    for (const object of documents(text)) {
      before.set(idOf(object), { object, folder: folder!, guarded: isGuarded(object) });
    }
  }
  return before;
}

/** A file that cannot be read says nothing about what is committed: publish answers for it. */
function documents(text: string): KubeObject[] {
  try {
    return (loadAll(text) as (KubeObject | null)[]).filter((object): object is KubeObject => !!object?.metadata?.name);
  } catch {
    return [];
  }
}
