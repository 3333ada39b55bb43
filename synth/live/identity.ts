import type { Environment } from '../../imports/environment.ts';

/** What tells a cluster from others. */
export interface Traits {
  /** UID of its namespace kube-system. */
  readonly uid: string;
  /** Names of its nodes; undefined where they may not be read. */
  readonly nodes?: readonly string[];
  /** Of its API server: `v1.34.4+k3s1`. */
  readonly version?: string;
  /** Folders that its Flux Kustomizations take from their source: `./clusters/homelab`. */
  readonly paths: readonly string[];
}

export interface Recognized {
  /** Why it is another cluster, or why nobody can tell; undefined for the right one. */
  readonly refusal?: string;
  /** Whether Flux there follows this environment's folder. */
  readonly isFollowed: boolean;
  /** What differs from the environment, though it is the right cluster. */
  readonly notes: readonly string[];
}

/**
 * Whether a cluster is the one that the environment describes. The first of these that says anything decides: the UID, where
 * the environment has it; the folder that Flux follows there; the names of its machines, more than half of which have to be
 * there. Machines of a pool have no names to be known by.
 */
export function recognize(
  environment: Pick<Environment, 'name' | 'nodes' | 'kubernetes' | 'clusterUid'>,
  { uid, nodes, version, paths }: Traits,
): Recognized {
  const { name, clusterUid } = environment;
  const file = `charts/environments/${name}.ts`;
  const folders = paths.flatMap((path) => environmentAt(path) ?? []);
  const isFollowed = folders.includes(name);
  const machines = environment.nodes.filter((node) => !('count' in node)).map((node) => node.name);
  const known = machines.filter((machine) => nodes?.includes(machine));
  const notes = [...versionNotes(environment.kubernetes, version), ...nodeNotes(machines, nodes)];
  const refused = (refusal: string): Recognized => ({ refusal, isFollowed, notes });

  if (clusterUid !== undefined && clusterUid !== uid)
    return refused(
      `is not ${name}: the UID of its kube-system is ${uid}, and clusterUid in ${file} is ${clusterUid}; choose another with --context`,
    );
  if (!isFollowed && folders.length)
    return refused(
      `is not ${name}: Flux there follows clusters/${folders.join(' and clusters/')}; choose another with --context`,
    );
  if (clusterUid !== undefined || isFollowed) return { isFollowed, notes };
  if (!machines.length || !nodes)
    return refused(
      `cannot be told from others: ${name} has no machine of a known name${nodes ? '' : ', or nodes may not be read'}. If it is the right one, add to ${file}: clusterUid: '${uid}',`,
    );
  if (known.length * 2 <= machines.length)
    return refused(
      `is not ${name}: its nodes are ${some(nodes)}, and ${name} has ${some(machines)}; choose another with --context, or, if it is the right one, correct the nodes, or add to ${file}: clusterUid: '${uid}',`,
    );
  return { isFollowed, notes };
}

/** The environment whose folder a Flux Kustomization takes. */
export const environmentAt = (path: string) => /^(?:\.?\/)?clusters\/([^/]+)\/?$/.exec(path)?.[1];

const MOST = 6;

const some = (names: readonly string[]) =>
  names.length > MOST
    ? `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more`
    : names.join(', ') || 'none';

/** Patch releases come and go; the minor one says which fields and kinds there are. */
function versionNotes(kubernetes: string, version: string | undefined): string[] {
  const minor = /^v?(\d+\.\d+)/.exec(version ?? '')?.[1];
  return minor === undefined || minor === kubernetes
    ? []
    : [`its API server is ${version}, and the environment says ${kubernetes}`];
}

function nodeNotes(machines: readonly string[], nodes: readonly string[] | undefined): string[] {
  if (!nodes || !machines.length) return [];
  const absent = machines.filter((machine) => !nodes.includes(machine));
  const foreign = nodes.filter((node) => !machines.includes(node));
  return [
    ...(absent.length ? [`nodes of the environment that it does not have: ${some(absent)}`] : []),
    ...(foreign.length && machines.length ? [`nodes that the environment does not have: ${some(foreign)}`] : []),
  ];
}
