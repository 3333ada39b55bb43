import { loadAll } from 'js-yaml';
import type { Environment } from '../../imports/environment.ts';
import { type ArtifactPlace, artifactPlace, FLUX_SYSTEM, sourceKind } from '../../imports/source.ts';
import type { Tree } from '../compare.ts';
import type { Finding, KubeObject } from '../manifest.ts';
import { at, text } from '../resolve/json.ts';

type Facts = Pick<Environment, 'name' | 'repository' | 'registries'>;

/** Media type of the layer with the files, as `flux push artifact` has it. */
export const CONTENT = 'application/vnd.cncf.flux.content.v1.tar+gzip';

/** Where `flux bootstrap` writes what the root reads from. */
export const syncPath = (environment: string) => `${environment}/${FLUX_SYSTEM}/gotk-sync.yaml`;

/**
 * What Flux reads from: the source and the root Kustomization, as `flux bootstrap` makes them, the two being objects of the
 * tree that they read. They are the owner's: an error in a generated one would leave nobody to repair it.
 * @see https://fluxcd.io/flux/components/source/ocirepositories/
 */
export function syncObjects(environment: Facts): KubeObject[] {
  const { name, repository } = environment;
  const metadata = { name: FLUX_SYSTEM, namespace: FLUX_SYSTEM };
  const interval = repository.interval ?? '1m';
  const place = artifactPlace(environment);
  const read = place
    ? {
        insecure: place.insecure || undefined,
        layerSelector: { mediaType: CONTENT, operation: 'extract' },
        ref: { tag: place.tag },
        secretRef: place.pullSecret ? { name: place.pullSecret } : undefined,
        url: urlOf(place),
      }
    : {
        ref: { branch: repository.branch },
        secretRef: { name: FLUX_SYSTEM },
        url: repository.url,
      };
  return [
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: sourceKind(repository),
      metadata,
      spec: JSON.parse(JSON.stringify({ interval, ...read })),
    },
    {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata,
      spec: {
        interval: '10m',
        path: `./clusters/${name}`,
        prune: true,
        sourceRef: { kind: sourceKind(repository), name: FLUX_SYSTEM },
      },
    },
  ];
}

/** `oci://registry.example.org:5000/fleet`, without the tag. */
export const urlOf = ({ host, name }: Pick<ArtifactPlace, 'host' | 'name'>) => `oci://${host}/${name}`;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HOST = /^[A-Za-z0-9.-]+(:\d+)?$/;

/**
 * Refuses a place that no registry would take, and hand-owned files whose root reads from elsewhere than what is rendered
 * here: all below the root would then wait for a source that nobody makes.
 */
export function sourceFindings(environment: Facts, tree: Tree): Finding[] {
  const { name } = environment;
  const place = artifactPlace(environment);
  const error = (object: string, message: string, fix: string, file?: string): Finding => ({
    rule: 'flux-source',
    severity: 'error',
    object,
    message,
    fix,
    ...(file ? { file } : {}),
  });
  const findings: Finding[] = [];
  const fact = `charts/environments/${name}.ts`;
  if (place && !(HOST.test(place.host) && NAME.test(place.name))) {
    const fix =
      'a host and lower-case names, in registry.prefix and artifact: registry.example.org:5000/team and fleet';
    findings.push(error(fact, `repository: ${place.host}/${place.name} is no place in a registry`, fix));
  }
  if (place && !TAG.test(place.tag)) {
    findings.push(error(fact, `repository: "${place.tag}" is no tag`, 'letters, digits, . _ and -, such as homelab'));
  }
  const [source, root] = syncObjects(environment) as [KubeObject, KubeObject];
  const fix = `npm run --silent source -- ${name} > clusters/${syncPath(name)}; commit it, push, and apply it once by kubectl: docs/homelab.md`;
  for (const [path, content] of tree) {
    if (!path.startsWith(`${name}/${FLUX_SYSTEM}/`) || !/^kind: (Git|OCI)Repository$/m.test(content)) continue;
    for (const object of documents(content)) {
      if (object.metadata?.name !== FLUX_SYSTEM) continue;
      for (const difference of differences(object, source, root)) {
        findings.push(error(`${object.kind} ${FLUX_SYSTEM}/${FLUX_SYSTEM}`, difference, fix, `clusters/${path}`));
      }
    }
  }
  return findings;
}

/** An address of git has many spellings; that of an artifact is also where it is pushed to. */
const SAID: Readonly<Record<string, readonly (readonly string[])[]>> = {
  OCIRepository: [
    ['spec', 'url'],
    ['spec', 'ref', 'tag'],
  ],
  Kustomization: [
    ['spec', 'sourceRef', 'kind'],
    ['spec', 'path'],
  ],
};

function differences(object: KubeObject, source: KubeObject, root: KubeObject): string[] {
  if (/^(Git|OCI)Repository$/.test(object.kind) && object.kind !== source.kind) {
    return [`is what the root reads from, and the environment's repository makes it ${source.kind}`];
  }
  const ours = object.kind === 'Kustomization' ? root : source;
  return (SAID[object.kind] ?? []).flatMap((field) => {
    const [theirs, wanted] = [text(at(object, ...field)), text(at(ours, ...field))];
    const alike = theirs?.replace(/^\.\//, '') === wanted?.replace(/^\.\//, '');
    return alike
      ? []
      : [`${field.join('.')} is ${theirs ?? 'missing'}, and the environment's repository makes it ${wanted}`];
  });
}

function documents(content: string): KubeObject[] {
  try {
    return (loadAll(content) as (KubeObject | null)[]).filter((object): object is KubeObject => !!object?.kind);
  } catch {
    return [];
  }
}
