import type { Node, NodePool, Taint } from './environment.ts';

export type Labels = Readonly<Record<string, string>>;

/** One of `matchExpressions`; all but the last two operators are those of label selectors, nodes know these as well. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values?: readonly string[];
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#operators */
export function satisfies(labels: Labels, { key, operator, values = [] }: Requirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** What the kubelet puts on every node, and what the environment adds. */
export const labelsOfNode = ({ name, arch, labels }: Node | NodePool): Labels => ({
  'kubernetes.io/hostname': name,
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': arch,
  ...labels,
});

interface Toleration {
  readonly key?: unknown;
  readonly operator?: unknown;
  readonly value?: unknown;
  readonly effect?: unknown;
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export const tolerates = (tolerations: readonly Toleration[], taint: Taint): boolean =>
  taint.effect === 'PreferNoSchedule' ||
  tolerations.some(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (key ? key === taint.key : operator === 'Exists') &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  );
