import type { Construct } from 'constructs';
import type { PodProps } from '../../constructs/pod.ts';
import { Workload } from '../../constructs/workload.ts';

/** A small service, all alike but for what they use. */
export const client = (scope: Construct, id: string, props: Pick<PodProps, 'image' | 'uses'>) =>
  new Workload(scope, id, {
    ...props,
    size: 'tiny',
    telemetry: true,
    listens: { http: 8080 },
    health: { live: '/live', ready: '/ready' },
  });
