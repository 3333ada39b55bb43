import { Construct } from 'constructs';
import { KubeCronJob } from '../imports/k8s.ts';
import { Pod, type PodProps } from './pod.ts';

/**
 * A Job that runs when a person starts it, and not before: a suspended CronJob is its template. The construct's id is its name.
 * `kubectl create job --from=cronjob/<name> <any name>`
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension
 */
export class ManualJob extends Construct {
  readonly name: string;
  /** What a person types. */
  readonly start: string;

  constructor(scope: Construct, id: string, props: PodProps) {
    super(scope, id);
    const pod = new Pod(this, 'pod', { ...props, name: id });
    const { namespace } = pod.pods;
    this.name = id;
    this.start = `kubectl -n ${namespace} create job --from=cronjob/${id} ${id}-1`;
    new KubeCronJob(this, 'cron-job', {
      metadata: { name: id, namespace, labels: pod.labels },
      spec: {
        schedule: '0 0 1 1 *',
        suspend: true,
        concurrencyPolicy: 'Forbid',
        // A failure is looked at before it is tried again.
        jobTemplate: { spec: { backoffLimit: 0, template: pod.template({ pod: { restartPolicy: 'Never' } }) } },
      },
    });
  }
}
