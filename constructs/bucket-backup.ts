import { Construct } from 'constructs';
import type { AlertRule } from './alert-rules.ts';
import type { Bucket } from './bucket.ts';
import type { Dependency } from './dependency.ts';
import type { Image } from './images.ts';
import { namespaceOf } from './labels.ts';
import { ScheduledJob } from './scheduled-job.ts';

export interface BucketBackupProps {
  readonly bucket: Bucket;
  /** Where to, outside of the cluster: brings `TARGET` and its credential, for rclone. */
  readonly target: Dependency;
  /** Every day, in cron's words, UTC: `30 4 * * *`. */
  readonly schedule: string;
  /** How long what was deleted or replaced in the bucket is kept. */
  readonly keepDays: number;
  /** Has sh and rclone. */
  readonly client: Image;
}

/**
 * CronJob that makes `<target>/current` what the bucket is, and moves what is no longer in it to `<target>/replaced/<day>`.
 * The way back is `rclone copy`. It fails when anything in the bucket did not arrive, and `overdue` fires when the last
 * success is more than a day and a half ago, or there never was one. Named after the construct's id.
 * @see https://rclone.org/docs/#backup-dir-string
 */
export class BucketBackup extends Construct {
  /** For AlertRules. */
  readonly overdue: AlertRule;

  constructor(scope: Construct, id: string, { bucket, target, schedule, keepDays, client }: BucketBackupProps) {
    super(scope, id);
    const namespace = namespaceOf(this);
    new ScheduledJob(this, id, {
      image: client,
      size: 'medium',
      run: { command: ['sh', '/scripts/copy.sh'] },
      env: { KEEP_DAYS: keepDays, RCLONE_CONFIG: '/tmp/rclone.conf' },
      files: { '/scripts/copy.sh': script },
      uses: [bucket.remote('SOURCE'), target],
      schedule,
      deadlineMinutes: 6 * 60,
    });
    const series = `{namespace="${namespace}", cronjob="${id}"}`;
    this.overdue = {
      alert: 'BucketBackupOverdue',
      expr: `time() - (kube_cronjob_status_last_successful_time${series} or kube_cronjob_created${series}) > ${36 * 3600}`,
      for: '1m',
      severity: 'critical',
      summary: `No copy by ${id} for more than a day and a half`,
      description: 'The last whole copy is {{ $value | humanizeDuration }} old; that much would be lost now',
      runbook: `kubectl -n ${namespace} get jobs -l app.kubernetes.io/name=${id}; kubectl logs of its last failed pod`,
    };
  }
}

const script = `#!/bin/sh
set -eu
today=$(date -u +%Y%m%d)
oldest=$(date -u -d "@$(($(date +%s) - KEEP_DAYS * 86400))" +%Y%m%d)

rclone mkdir "$TARGET/replaced"
rclone sync --backup-dir "$TARGET/replaced/$today" "$SOURCE" "$TARGET/current"
# By checksums where the target can count them, else by sizes: reading all of it again would take all night.
rclone check --one-way --download=false "$SOURCE" "$TARGET/current"
days=$(rclone lsf --dirs-only "$TARGET/replaced")
for day in $days; do
  # What is no day is not its own.
  case \${day%/} in '' | *[!0-9]*) continue ;; esac
  [ "\${day%/}" -ge "$oldest" ] || rclone purge "$TARGET/replaced/\${day%/}"
done
`;
