import { Construct } from 'constructs';
import { KubeJob } from '../../imports/k8s.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import { Pod, type PodProps } from '../pod.ts';

/**
 * Job that brings what is in a store to what is declared: users, topics, buckets. Its script waits for the store and may
 * run at any time, for Flux runs a new Job whenever any of it changes; the old one is deleted, since a Job's template
 * cannot be changed.
 * @see https://fluxcd.io/flux/components/kustomize/kustomizations/#force
 */
export class StoreJob extends Construct {
  constructor(store: HaStatefulStore, id: string, props: PodProps & { readonly name: string }) {
    super(store, id);
    const { name } = props;
    const pod = new Pod(this, 'pod', props);
    new KubeJob(this, 'job', {
      metadata: {
        name,
        namespace: store.namespace,
        labels: pod.labels,
        annotations: { 'kustomize.toolkit.fluxcd.io/force': 'Enabled' },
      },
      spec: { backoffLimit: 20, template: pod.template({ pod: { restartPolicy: 'OnFailure' } }) },
    });
  }
}
