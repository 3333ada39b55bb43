import { type App, Chart } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import type { BackupProps } from '../../constructs/backup.ts';
import { BucketBackup } from '../../constructs/bucket-backup.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { SftpFolder } from '../../constructs/sftp-folder.ts';
import { minio } from '../../constructs/stores/minio.ts';
import { mongodb } from '../../constructs/stores/mongodb.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { redis } from '../../constructs/stores/redis.ts';
import { images } from '../versions.ts';
import type { NotifiFacts } from './facts.ts';
import type { Priorities } from './priorities.ts';

export type Data = ReturnType<typeof data>;

/** Buckets of MinIO: of backups, of the platform's parts, and of the attachments. */
export const buckets = {
  databases: 'database-backups',
  volumes: 'velero-backups',
  traces: 'tempo-traces',
  logs: 'loki-chunks',
  attachments: 'notifi-production',
} as const;

const bucketReaders: Readonly<Record<string, readonly string[]>> = {
  [buckets.attachments]: ['notifi'],
  [buckets.volumes]: ['velero'],
  [buckets.traces]: ['tempo'],
  [buckets.logs]: ['loki'],
};

/** PostgreSQL, Redis, MongoDB and MinIO, in the plan's namespace. All are dumped daily, from two in the morning on. */
export function data(app: App, { stores, backups, furtherBuckets = {} }: NotifiFacts, { data: priority }: Priorities) {
  const namespace = 'data-services';
  const chart = new Chart(app, namespace, { namespace, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace', { quota: { headroom: 20 } });
  const placement = { priority };
  const clients = ['notifi'];

  const objects = new HaStatefulStore(chart, 'minio', {
    ...stores.minio,
    engine: minio({
      buckets: [
        ...Object.values(buckets).map((name) => ({ name, clients: bucketReaders[name] ?? [] })),
        ...Object.entries(furtherBuckets).map(([name, readers]) => ({ name, clients: readers })),
      ],
      images,
    }),
    backup: {
      none: 'its buckets are copied to the NAS, but for logs and traces, and for dumps, which go there themselves',
    },
    placement,
  });
  const { host, cidr, user, path } = backups.nas;
  const nas = new SftpFolder(chart, 'nas', { host, cidrs: [cidr], user, path });
  const daily = (store: string, minute: number): Omit<BackupProps, 'dump'> => ({
    rpoMinutes: 24 * 60,
    // Not all at once, nor with Velero, which begins at two.
    schedule: `${minute} 2 * * *`,
    targets: [objects.bucket(buckets.databases).folder(store), nas.folder(store)],
    keep: { days: backups.keepDays },
    uploader: images.rclone,
  });

  const postgresql = new HaStatefulStore(chart, 'postgresql', {
    ...stores.postgresql,
    engine: postgres({ version: '16', databases: ['notifi'], images }),
    backup: daily('postgresql', 10),
    clients,
    placement,
  });
  const sessions = new HaStatefulStore(chart, 'redis', {
    ...stores.redis,
    engine: redis({ images }),
    backup: daily('redis', 25),
    clients,
    placement,
  });
  const documents = new HaStatefulStore(chart, 'mongodb', {
    ...stores.mongodb,
    engine: mongodb({ databases: ['notifi'], images }),
    backup: daily('mongodb', 40),
    clients,
    placement,
  });
  const copies = [buckets.volumes, buckets.attachments, ...Object.keys(furtherBuckets)].map(
    (bucket, index) =>
      new BucketBackup(chart, `${bucket}-copy`, {
        bucket: objects.bucket(bucket),
        target: nas.folder(bucket),
        schedule: `${(30 * index) % 60} ${4 + Math.floor(index / 2)} * * *`,
        keepDays: backups.keepDays,
        client: images.rclone,
      }),
  );
  for (const { node, overdue } of copies) new AlertRules(chart, `${node.id}-alerts`, { rules: [overdue] });
  return { objects, nas, postgresql, redis: sessions, mongodb: documents };
}
