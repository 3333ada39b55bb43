import type { ResourceRequirements } from '../imports/k8s.ts';
import { quantity } from '../imports/quantity.ts';

/** Requests and limits of one container, in Kubernetes quantities. */
export interface Resources {
  /** Requested cores, `100m`. */
  readonly cpu: string;
  /** Requested memory, `256Mi`. */
  readonly memory: string;
  /** Above it the container is killed. @default - the request */
  readonly memoryLimit?: string;
  /** Above it the container is slowed down, idle cores or not. @default - none */
  readonly cpuLimit?: string;
}

/** Sized for clusters of a few small nodes: the request is the everyday use, the memory limit the worst one. */
export const sizes = {
  tiny: { cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' },
  small: { cpu: '50m', memory: '128Mi', memoryLimit: '256Mi' },
  medium: { cpu: '100m', memory: '256Mi', memoryLimit: '512Mi' },
  large: { cpu: '250m', memory: '512Mi', memoryLimit: '1Gi' },
  xlarge: { cpu: '500m', memory: '1Gi', memoryLimit: '2Gi' },
} as const satisfies Record<string, Resources>;

/** A row of the table, or numbers of its own. */
export type Size = keyof typeof sizes | Resources;

export function resourcesOf(size: Size): ResourceRequirements {
  // An unknown name is refused; what else is wrong shall still be seen.
  const {
    cpu,
    memory,
    memoryLimit = memory,
    cpuLimit,
  }: Resources = typeof size === 'string' ? (sizes[size] ?? sizes.small) : size;
  return { requests: { cpu, memory }, limits: { memory: memoryLimit, ...(cpuLimit && { cpu: cpuLimit }) } };
}

/** Why the API server or the kubelet would refuse this size. */
export function sizeProblems(size: Size): string[] {
  if (typeof size === 'string') {
    return size in sizes ? [] : [`size: "${size}" is unknown; use ${Object.keys(sizes).join(', ')} or { cpu, memory }`];
  }
  const problems = (['cpu', 'memory', 'memoryLimit', 'cpuLimit'] as const)
    .filter((field) => size[field] !== undefined && Number.isNaN(amountOf(size[field])))
    .map((field) => `size.${field}: "${size[field]}" is not a quantity; write it like 100m, 2, 256Mi`);
  if (problems.length) return problems;
  for (const [request, limit] of [
    ['memory', 'memoryLimit'],
    ['cpu', 'cpuLimit'],
  ] as const) {
    if (size[limit] !== undefined && amountOf(size[request]) > amountOf(size[limit])) {
      problems.push(`size.${limit}: ${size[limit]} is less than the request of ${size[request]}; raise the limit`);
    }
  }
  return problems;
}

/** The amount a quantity stands for, in cores or bytes; NaN when it is none, or less than none. */
export function amountOf(value: string): number {
  const amount = quantity(value) ?? Number.NaN;
  return amount >= 0 ? amount : Number.NaN;
}
