import type { Construct } from 'constructs';
import { type JobSpec, KubeCronJob, KubeJob } from '../imports/k8s.ts';
import type { Pod } from './pod.ts';

/**
 * Job that Flux runs anew whenever any of it changes, and never else: a Job's template cannot be changed, so `force` has
 * the old one deleted. Nothing deletes it when it is done (no ttlSecondsAfterFinished): Flux would make it again every
 * time it looks.
 * @see https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
 */
export function runOnChange(scope: Construct, metadata: Pod['metadata'], spec: JobSpec) {
  const annotations = { 'kustomize.toolkit.fluxcd.io/force': 'Enabled' };
  new KubeJob(scope, 'job', { metadata: { ...metadata, annotations }, spec });
}

/**
 * CronJob by UTC, one run at a time; one that could not start within ten minutes is left out.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
export function runAt(
  scope: Construct,
  metadata: Pod['metadata'],
  { schedule, suspend, job }: { readonly schedule: string; readonly suspend?: true; readonly job: JobSpec },
) {
  new KubeCronJob(scope, 'cron-job', {
    metadata,
    spec: {
      schedule,
      timeZone: 'Etc/UTC',
      suspend,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 600,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: { spec: job },
    },
  });
}
