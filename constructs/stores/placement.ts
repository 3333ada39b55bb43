import type { Construct } from 'constructs';
import { environmentOf, type Node } from '../../imports/environment.ts';
import type { NodeSelectorRequirement, PodSpec } from '../../imports/k8s.ts';
import { labelsOfNode, satisfies, tolerates } from '../../imports/placement.ts';
import type { PodSet } from '../../imports/relations.ts';
import type { PodProps } from '../pod.ts';

/** Where members may stand: on nodes that fit, each on its own where there are enough of them. */
export function placementOf(
  scope: Construct & { readonly members: number; readonly pods: PodSet },
  required: readonly NodeSelectorRequirement[] = [],
  { nodeSelector = {}, tolerations = [] }: NonNullable<PodProps['placement']> = {},
): { affinity: PodSpec['affinity']; problems: string[]; warnings: string[] } {
  const { members, pods } = scope;
  const fits = (node: Node) => {
    const labels = labelsOfNode(node);
    return (
      Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
      required.every((requirement) => satisfies(labels, requirement)) &&
      (node.taints ?? []).every((taint) => tolerates(tolerations, taint))
    );
  };
  const nodes = environmentOf(scope)
    .nodes.filter(fits)
    .reduce((count, node) => count + ('count' in node ? node.count : 1), 0);

  const apart = { labelSelector: { matchLabels: { ...pods.labels } }, topologyKey: 'kubernetes.io/hostname' };
  const antiAffinity =
    nodes >= members
      ? { requiredDuringSchedulingIgnoredDuringExecution: [apart] }
      : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: apart }] };
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [...required] }] },
  };
  const wanted = [...required.map(wordsOf), ...Object.entries(nodeSelector).map((entry) => entry.join('='))];
  return {
    affinity:
      required.length || members > 1
        ? { ...(required.length && { nodeAffinity }), ...(members > 1 && { podAntiAffinity: antiAffinity }) }
        : undefined,
    problems:
      nodes > 0
        ? []
        : [
            `nodes: none that it runs on${wanted.length ? ` (${wanted.join(', ')})` : ''}; label, add or tolerate nodes`,
          ],
    warnings:
      nodes > 0 && nodes < members
        ? [`members: ${members} share ${nodes} nodes, one node may take the majority along; use 1 member or add nodes`]
        : [],
  };
}

const wordsOf = ({ key, operator, values = [] }: NodeSelectorRequirement) =>
  [key, operator, ...(values.length ? [values.join(' or ')] : [])].join(' ');
