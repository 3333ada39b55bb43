import { Construct } from 'constructs';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import { runOnChange } from '../jobs.ts';
import { Pod, type PodProps } from '../pod.ts';

/**
 * Job that brings what is in a store to what is declared: users, topics, buckets. Its script waits for the store and may
 * run at any time, for Flux runs it again whenever any of it changes.
 */
export class StoreJob extends Construct {
  constructor(store: HaStatefulStore, id: string, props: PodProps & { readonly name: string }) {
    super(store, id);
    const pod = new Pod(this, 'pod', props);
    const template = pod.template({ pod: { restartPolicy: 'OnFailure' } });
    runOnChange(this, pod.metadata, { backoffLimit: 20, template });
  }
}
