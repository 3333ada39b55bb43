import type { Environment, Registry } from './environment.ts';

interface Commits {
  /** The git repository that people push to; where `kind` is git, as `flux bootstrap` was given it. */
  readonly url: string;
  readonly branch: string;
  /** How often Flux looks for something new. @default '1m', as `flux bootstrap` has it */
  readonly interval?: string;
}

/** Flux reads the branch itself. */
export interface GitSource extends Commits {
  readonly kind: 'git';
}

/**
 * Flux reads an artifact of the branch that `npm run artifact` pushes to a registry: for a cluster that reaches the registry
 * and not the git server. Image automation needs a git server, so that tags are CI's then (`imageTags: 'ci'`).
 * @see https://fluxcd.io/flux/components/source/ocirepositories/
 */
export interface OciSource extends Commits {
  readonly kind: 'oci';
  /** Below the registry's prefix. @default 'fleet' */
  readonly artifact?: string;
  /** @default - the environment's name */
  readonly tag?: string;
  /**
   * Its `pullSecret` is a Secret in `flux-system` that is there before Flux is: nothing of a tree can open it. @default - that
   * of own images, read with a Secret `flux-system` where those need one
   */
  readonly registry?: Registry;
}

export type Source = GitSource | OciSource;

type Facts = Pick<Environment, 'name' | 'repository' | 'registries'>;

/** The source that the root Kustomization and all below it read from has the name that `flux bootstrap` gives it. */
export const FLUX_SYSTEM = 'flux-system';

/** Its kind, for `sourceRef`, and for those who watch it. */
export const sourceKind = ({ kind }: Source) => (kind === 'oci' ? 'OCIRepository' : 'GitRepository');

/** Where an artifact lies. */
export interface ArtifactPlace {
  /** `registry.example.org:5000`. */
  readonly host: string;
  /** `team/fleet`. */
  readonly name: string;
  readonly tag: string;
  readonly insecure: boolean;
  readonly pullSecret?: string;
}

/** Undefined where Flux reads git. */
export function artifactPlace({ name, repository, registries }: Facts): ArtifactPlace | undefined {
  if (repository.kind !== 'oci') return undefined;
  const { artifact = 'fleet', tag = name } = repository;
  const { own } = registries;
  const {
    prefix,
    insecure = false,
    pullSecret,
  } = repository.registry ?? {
    ...own,
    ...(own.pullSecret && { pullSecret: FLUX_SYSTEM }),
  };
  const [host = '', ...path] = prefix.split('/');
  return { host, name: [...path, artifact].join('/'), tag, insecure, ...(pullSecret && { pullSecret }) };
}
