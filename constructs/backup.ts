import { Construct } from 'constructs';
import { KubeCronJob } from '../imports/k8s.ts';
import { identityOf, refuse, warn } from '../imports/relations.ts';
import type { AlertRule } from './alert-rules.ts';
import { type Keep, keepProblems, retention } from './backup-retention.ts';
import { downloadScript, dumpScript, restoreScript } from './backup-scripts.ts';
import type { Dependency, Env } from './dependency.ts';
import type { Image } from './images.ts';
import { runAt } from './jobs.ts';
import { Pod, type Sidecar } from './pod.ts';
import { longestGap, scheduleOf } from './schedule.ts';
import type { Size } from './sizes.ts';

/** How data becomes files. */
export interface Dump {
  /** Has the shell and what the script calls. */
  readonly image: Image;
  /** `sh` has to be one that knows pipefail, as busybox's does. @default bash */
  readonly shell?: 'bash' | 'sh';
  /** Under `set -euo pipefail`: leaves whole files in the working folder, each read again to its end, whose names start with `$FILE`. */
  readonly script: string;
  /** The same the other way: finds those files again, and puts their data back. @default - a person does it */
  readonly restore?: string;
  /** @default - none */
  readonly env?: Env;
  /** Where from, and back to. */
  readonly uses: readonly Dependency[];
  /** What the way back needs besides: a user with more rights. @default - nothing */
  readonly restoreUses?: readonly Dependency[];
}

export interface BackupProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  readonly dump: Dump;
  /** Where to, at best outside of the cluster: each brings `TARGET` and its credential, for rclone. */
  readonly targets: readonly Dependency[];
  /** Recovery point objective: minutes between two dumps that may be lost. */
  readonly rpoMinutes: number;
  /** Minute and hour in cron's words, UTC, every day: `0 * * * *`. @default - as seldom as the recovery point objective allows */
  readonly schedule?: string;
  /** Minutes after which a dump is given up. @default - three quarters of the time between two dumps, 45 at most */
  readonly deadlineMinutes?: number;
  /** What stays on the targets after a newer dump has arrived. @default { days: 7 } */
  readonly keep?: Keep;
  /** Has sh and rclone. */
  readonly uploader: Image;
  /** Of each container. @default medium */
  readonly size?: Size;
}

/**
 * CronJob that dumps to files, uploads them to every target and compares what arrived. The dump sees no credential of a
 * target, and no target sees the data's. It fails when any step fails, whatever the other targets did, and `overdue` fires
 * when the last success is too long ago, or there never was one. Beside it a suspended CronJob is the template of a Job that
 * restores the newest backup of the first target, or the one of `STAMP`: `kubectl create job --from=cronjob/<name>-restore
 * <any name>`. Refuses a schedule with a gap longer than the recovery
 * point objective, a deadline that reaches into the next run, and no target; warns when every target is in this cluster.
 * @see https://rclone.org/commands/rclone_check/
 */
export class Backup extends Construct {
  readonly name: string;
  /** For AlertRules. */
  readonly overdue: AlertRule;

  constructor(scope: Construct, id: string, props: BackupProps & { readonly name?: string }) {
    super(scope, id);
    const { dump, targets, rpoMinutes, uploader, name = identityOf(this, props.identity) } = props;
    const { schedule = scheduleOf(rpoMinutes), keep = { days: 7 }, size = 'medium' } = props;
    const gap = longestGap(schedule);
    const { deadlineMinutes = Math.min(45, Math.floor((gap ?? 60) * 0.75)) } = props;
    const [first = {}, ...others] = targets;
    this.name = name;

    const kept = retention(keep);
    const upload = {
      image: uploader,
      size,
      run: { command: ['sh', '/scripts/upload.sh'] },
      env: { BACKUP: folder, NAME: name, ...kept.env, RCLONE_CONFIG: '/tmp/rclone.conf' },
      files: kept.files,
    };
    const pod = new Pod(this, 'pod', { ...upload, name, run: { ...upload.run, writable: [folder] }, uses: [first] });
    const initContainers = [
      pod.sidecar({
        name: 'dump',
        image: dump.image,
        size,
        run: { command: [dump.shell ?? 'bash', '/scripts/dump.sh'] },
        env: { BACKUP: folder, NAME: name, ...dump.env },
        files: { '/scripts/dump.sh': dumpScript(dump) },
        uses: dump.uses,
      }),
    ];
    const sidecars = others.map((target, index) =>
      pod.sidecar({ ...upload, name: `upload-${index + 2}`, uses: [target] }),
    );

    runAt(this, pod.metadata, {
      schedule,
      job: {
        backoffLimit: 2,
        activeDeadlineSeconds: deadlineMinutes * 60,
        template: pod.template({ sidecars, pod: { restartPolicy: 'Never', initContainers } }),
      },
    });

    if (dump.restore) this.restore(dump, first, { name: `${name}-restore`, upload });

    const series = `{namespace="${pod.pods.namespace}", cronjob="${name}"}`;
    const patience = rpoMinutes + deadlineMinutes;
    this.overdue = {
      alert: 'DatabaseBackupOverdue',
      expr: `time() - (kube_cronjob_status_last_successful_time${series} or kube_cronjob_created${series}) > ${patience * 60}`,
      for: '1m',
      severity: 'critical',
      summary: `No backup by ${name} for more than ${patience} minutes`,
      description: 'The last good dump is {{ $value | humanizeDuration }} old; that much would be lost now',
      runbook: `kubectl -n ${pod.pods.namespace} get jobs -l app.kubernetes.io/name=${name}; kubectl logs of its last failed pod, all containers`,
    };

    if (targets.length && targets.every(isInCluster)) {
      warn(this, [
        'targets: every one is in this cluster, what takes its nodes and disks takes data and backup; add one outside',
      ]);
    }
    refuse(this, [
      ...(targets.length ? [] : ['targets: none, a dump that stays in its pod is gone with it; give one or more']),
      ...(gap === undefined
        ? [
            `schedule: "${schedule}" does not run every day by minute and hour alone, its gaps are not known; write it like 0 * * * *`,
          ]
        : []),
      ...(gap !== undefined && gap > rpoMinutes
        ? [
            `schedule: "${schedule}" leaves ${gap} minutes between two dumps, the recovery point objective is ${rpoMinutes}; run it more often`,
          ]
        : []),
      ...(gap !== undefined && deadlineMinutes >= gap
        ? [
            `deadlineMinutes: ${deadlineMinutes} reaches into the next run ${gap} minutes later, which would be skipped; shorten it`,
          ]
        : []),
      ...keepProblems(keep),
    ]);
  }

  private restore(dump: Dump, target: Dependency, { name, upload }: { name: string; upload: Omit<Sidecar, 'name'> }) {
    const { image, shell = 'bash', env, uses, restoreUses = [] } = dump;
    const pod = new Pod(this, 'restore-pod', {
      name,
      image,
      size: upload.size,
      run: { command: [shell, '/scripts/restore.sh'], writable: [folder] },
      env: { BACKUP: folder, ...env },
      files: { '/scripts/restore.sh': restoreScript(dump) },
      uses: [...uses, ...restoreUses],
    });
    const download = pod.sidecar({
      ...upload,
      name: 'download',
      run: { command: ['sh', '/scripts/download.sh'] },
      env: { ...upload.env, STAMP: '' },
      files: { '/scripts/download.sh': downloadScript },
      uses: [target],
    });
    new KubeCronJob(this, 'restore-cron-job', {
      metadata: pod.metadata,
      spec: {
        schedule: '0 0 1 1 *',
        suspend: true,
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            template: pod.template({ pod: { restartPolicy: 'Never', initContainers: [download] } }),
          },
        },
      },
    });
  }
}

const folder = '/backup';

const isInCluster = ({ endpoints = [] }: Dependency) => endpoints.some(({ to }) => 'labels' in to);
