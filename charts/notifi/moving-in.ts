import { Chart } from 'cdk8s';
import { S3 } from '../../constructs/bucket.ts';
import { BucketImport } from '../../constructs/bucket-import.ts';
import { DatabaseImport } from '../../constructs/database-import.ts';
import { images } from '../versions.ts';
import { buckets, type Data } from './data.ts';
import type { MovesFrom } from './facts.ts';

/** The way in from the cloud: two Jobs, beside the stores, that a person starts. */
export function movingIn(from: MovesFrom, { postgresql, objects }: Data) {
  const chart = Chart.of(postgresql);
  new DatabaseImport(chart, 'import-database', {
    from: from.postgresql,
    to: postgresql.database('notifi'),
    client: images.postgres16,
  });
  const { url, region, name } = from.bucket;
  new BucketImport(chart, 'import-bucket', {
    from: new S3(chart, 'cloud', { url, region }).bucket(name),
    to: objects.bucket(buckets.attachments),
    client: images.rclone,
  });
}
