import type { Environment } from '../../imports/environment.ts';
import { type ArtifactPlace, artifactPlace, FLUX_SYSTEM, sourceKind } from '../../imports/source.ts';
import type { KubeObject } from '../manifest.ts';

export type SourceFacts = Pick<Environment, 'name' | 'repository' | 'registries'>;

/** Media type of the layer with the files, as `flux push artifact` has it. */
export const CONTENT = 'application/vnd.cncf.flux.content.v1.tar+gzip';

/** Where `flux bootstrap` writes what the root reads from. */
export const syncPath = (environment: string) => `${environment}/${FLUX_SYSTEM}/gotk-sync.yaml`;

/**
 * What Flux reads from: the source and the root Kustomization, as `flux bootstrap` makes them, the two being objects of the
 * tree that they read. They are the owner's: an error in a generated one would leave nobody to repair it.
 * @see https://fluxcd.io/flux/components/source/ocirepositories/
 */
export function syncObjects(environment: SourceFacts): KubeObject[] {
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
