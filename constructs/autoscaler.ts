import { Construct } from 'constructs';
import { type HorizontalPodAutoscalerBehavior, KubeHorizontalPodAutoscaler } from '../imports/k8s.ts';

/** How many pods. `max` above `min` makes a HorizontalPodAutoscaler, and the Deployment says no number. */
export interface Scale {
  /** @default 2 */
  readonly min?: number;
  /** @default - min: a fixed number */
  readonly max?: number;
  /** Percent of the requested CPU to aim for. @default 70, unless memory is given */
  readonly cpu?: number;
  /** Percent of the requested memory; runtimes that give none back (JVM, .NET) stay at max. @default - not looked at */
  readonly memory?: number;
  /** @default - as Kubernetes does: up at once, down after five minutes */
  readonly behavior?: HorizontalPodAutoscalerBehavior;
}

export interface AutoscalerProps {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly scale: Scale & { readonly min: number; readonly max: number };
}

/** HorizontalPodAutoscaler of the Deployment of its name. @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ */
export class Autoscaler extends Construct {
  constructor(scope: Construct, id: string, { metadata, scale }: AutoscalerProps) {
    super(scope, id);
    const { min, max, memory, cpu = memory ? undefined : 70, behavior } = scale;

    new KubeHorizontalPodAutoscaler(this, 'autoscaler', {
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name },
        minReplicas: min,
        maxReplicas: max,
        metrics: Object.entries({ cpu, memory }).flatMap(([name, averageUtilization]) =>
          averageUtilization
            ? [{ type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } }]
            : [],
        ),
        behavior,
      },
    });
  }
}

export function scaleProblems({ min = 2, max = min, cpu, memory, behavior }: Scale): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(min) || min < 1) {
    problems.push(`scale.min: ${min} replicas, it has to be a whole number from 1; remove the workload to stop it`);
  }
  if (!Number.isInteger(max) || max < min) {
    problems.push(`scale.max: ${max} is below min ${min}, it has to be a whole number from there; raise it`);
  }
  if (max === min && (cpu !== undefined || memory !== undefined || behavior)) {
    problems.push(`scale: has a target, but min and max are both ${max}, nothing scales; give a higher max`);
  }
  for (const [field, percent] of Object.entries({ cpu, memory })) {
    if (percent !== undefined && !(percent >= 1 && percent <= 100)) {
      problems.push(`scale.${field}: ${percent} is not a percentage of the request; use 1 to 100`);
    }
  }
  return problems;
}
