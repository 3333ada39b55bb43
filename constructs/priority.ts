import { Construct } from 'constructs';
import { KubePriorityClass } from '../imports/k8s.ts';
import { declare, refuse } from '../imports/relations.ts';
import { nameProblems } from './labels.ts';

export interface PriorityProps {
  /** The higher stays: a pod that finds no room has lower ones evicted. Up to a billion; above is the system's. */
  readonly value: number;
  /** What it is for, in a line. */
  readonly description: string;
  /** False for what waits for room and takes none away. @default true */
  readonly evicts?: boolean;
}

/**
 * PriorityClass, for `placement: { priority }` of pods. The construct's id is its name. Comes before every pod, with the
 * namespaces. Refuses a value of the system's, and a name that begins like one.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export class Priority extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, { value, description, evicts = true }: PriorityProps) {
    super(scope, id);
    this.name = id;
    declare(this, { layer: 'namespaces' });
    new KubePriorityClass(this, 'priority-class', {
      metadata: { name: id },
      value,
      description,
      preemptionPolicy: evicts ? undefined : 'Never',
    });
    refuse(this, [
      ...nameProblems(id),
      ...(id.startsWith('system-') ? [`name: ${id} begins like the system's own; rename it`] : []),
      ...(Number.isInteger(value) && Math.abs(value) <= 1e9
        ? []
        : [`value: ${value} is no whole number up to 1000000000, above which is the system's; lower it`]),
    ]);
  }
}
