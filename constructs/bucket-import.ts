import { Construct } from 'constructs';
import type { Bucket } from './bucket.ts';
import type { Image } from './images.ts';
import { byHand, ScheduledJob } from './scheduled-job.ts';
import type { Size } from './sizes.ts';

export interface BucketImportProps {
  readonly from: Bucket;
  readonly to: Bucket;
  /** Has sh and rclone. */
  readonly client: Image;
  /** @default medium */
  readonly size?: Size;
}

/**
 * Job that copies every object of a bucket into another one, and then compares checksums and counts. It may run again: it
 * copies what is new or differs, and deletes nothing.
 * @see https://rclone.org/commands/rclone_copy/
 */
export class BucketImport extends Construct {
  constructor(scope: Construct, id: string, { from, to, client, size = 'medium' }: BucketImportProps) {
    super(scope, id);
    new ScheduledJob(this, id, {
      ...byHand,
      image: client,
      size,
      run: { command: ['sh', '/scripts/import.sh'] },
      env: { RCLONE_CONFIG: '/tmp/rclone.conf' },
      files: { '/scripts/import.sh': script },
      uses: [from.remote('SOURCE'), to.remote('TARGET')],
    });
  }
}

const script = `#!/bin/sh
set -eu
count() { rclone lsf --recursive --files-only "$1" | wc -l; }

rclone copy "$SOURCE" "$TARGET"
rclone check --one-way "$SOURCE" "$TARGET"
source=$(count "$SOURCE")
target=$(count "$TARGET")
echo "import: $source objects at the source, $target at the target"
[ "$target" -ge "$source" ]
`;
