import type { Construct } from 'constructs';
import type { ChartReleaseProps } from '../../constructs/chart-release.ts';
import { environmentOf } from '../../imports/environment.ts';

type Pods = NonNullable<ChartReleaseProps['runs']>[number];

/** Requests and memory limit of a container, in the form of Kubernetes and of charts. */
export const room = (cpu: string, memory: string, limit: string) => ({
  requests: { cpu, memory },
  limits: { memory: limit },
});

/** Pods of a chart that together have this room each, of these images; what else is known of them. */
export const pods = (
  name: string,
  count: Pods['pods'],
  { requests: { cpu, memory } }: Pick<ReturnType<typeof room>, 'requests'>,
  images: readonly string[],
  more: Pick<Pods, 'storage' | 'nodeSelector' | 'everywhere'> = {},
): Pods => ({ name, pods: count, cpu, memory, images, ...more });

/** A volume of the default class, where that takes up the disk of a node. */
export function onDisk(scope: Construct, storage: string): Pick<Pods, 'storage'> {
  const classes = Object.values(environmentOf(scope).storageClasses);
  return classes.some(({ default: chosen, kind }) => chosen && kind === 'node') ? { storage } : {};
}
