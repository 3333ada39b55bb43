import { Construct } from 'constructs';
import { identityOf, refuse } from '../imports/relations.ts';
import { runAt } from './jobs.ts';
import { Pod, type PodProps } from './pod.ts';

export interface ScheduledJobProps extends PodProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** In cron's words, UTC: `0 7 * * *`. */
  readonly schedule: string;
  /** Minutes after which a run is given up. @default 60 */
  readonly deadlineMinutes?: number;
  /** Tries of one run. @default 3 */
  readonly tries?: number;
  /** Rendered, and not started: by hand it can be. @default true */
  readonly on?: boolean;
}

/**
 * A program that runs at set times: CronJob, ServiceAccount, ConfigMap and NetworkPolicy. One run at a time; one that could
 * not start within ten minutes is left out. Refuses times and tries that are none.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
export class ScheduledJob extends Construct {
  constructor(scope: Construct, constructId: string, props: ScheduledJobProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { schedule, deadlineMinutes = 60, tries = 3, on = true } = props;
    const pod = new Pod(this, 'pod', { ...props, name: id });

    runAt(this, pod.metadata, {
      schedule,
      suspend: on ? undefined : true,
      job: {
        backoffLimit: tries - 1,
        activeDeadlineSeconds: deadlineMinutes * 60,
        template: pod.template({ pod: { restartPolicy: 'Never' } }),
      },
    });
    refuse(
      this,
      Object.entries({ deadlineMinutes, tries })
        .filter(([, number]) => !(Number.isInteger(number) && number >= 1))
        .map(([field, number]) => `${field}: ${number}, it has to be a whole number from 1; correct it`),
    );
  }
}

/**
 * Of a ScheduledJob that nothing but a person starts, who looks at a failure before the next try:
 * `kubectl create job --from=cronjob/<name> <any name>`.
 */
export const byHand = { schedule: '0 0 1 1 *', on: false, tries: 1, deadlineMinutes: 24 * 60 } as const;
