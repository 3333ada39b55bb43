import { type App, Chart } from 'cdk8s';
import { S3 } from '../../constructs/bucket.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { RabbitmqCluster } from '../../constructs/rabbitmq.ts';
import { kafka } from '../../constructs/stores/kafka.ts';
import { minio } from '../../constructs/stores/minio.ts';
import { mongodb } from '../../constructs/stores/mongodb.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { qdrant } from '../../constructs/stores/qdrant.ts';
import { redis } from '../../constructs/stores/redis.ts';
import { StrimziKafka } from '../../constructs/stores/strimzi.ts';
import { images } from '../versions.ts';
import { client } from './client.ts';
import { keys } from './keys.ts';

/** Every kind of store once, each with a service that uses it, backed up to MinIO beside it and to a bucket elsewhere. */
export function lab(app: App) {
  const chart = new Chart(app, 'lab', { namespace: 'lab', disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');
  const image = new OwnImages(chart, 'images').own('lab-client', 'v1.0.0');

  const objects = new HaStatefulStore(chart, 'minio', {
    engine: minio({
      buckets: ['backups', 'pictures', { name: 'logs', clients: ['loki'] }, { name: 'traces', clients: ['tempo'] }],
      images,
    }),
    members: 4,
    storage: '100Gi',
    size: 'large',
    backup: { none: 'pictures can be uploaded again, backups are also elsewhere, logs and traces grow old in days' },
    clients: ['keys'],
  });
  const elsewhere = new S3(chart, 'elsewhere', {
    url: 'https://0123456789abcdef.r2.cloudflarestorage.com',
    region: 'auto',
    provider: 'Cloudflare',
    namespaces: ['lab', 'keys'],
  });
  const backup = (store: string, rpoMinutes: number) => ({
    rpoMinutes,
    targets: [objects.bucket('backups'), elsewhere.bucket('lab-backups')].map((bucket) => bucket.folder(store)),
    uploader: images.rclone,
  });

  const postgresql = new HaStatefulStore(chart, 'postgresql', {
    engine: postgres({ version: '17', databases: ['ledger', 'reports'], pooler: {}, images }),
    members: 3,
    storage: '20Gi',
    size: 'large',
    backup: backup('postgresql', 60),
  });
  const notes = new HaStatefulStore(chart, 'notes-db', {
    engine: postgres({ version: '18', databases: ['notes'], images }),
    members: 1,
    storage: '5Gi',
    size: 'medium',
    backup: backup('notes-db', 24 * 60),
  });
  const sessions = new HaStatefulStore(chart, 'redis', {
    engine: redis({ images }),
    members: 3,
    storage: '2Gi',
    size: 'medium',
    backup: backup('redis', 6 * 60),
  });
  const documents = new HaStatefulStore(chart, 'mongodb', {
    engine: mongodb({ databases: ['catalog'], images }),
    members: 3,
    storage: '20Gi',
    size: 'xlarge',
    backup: backup('mongodb', 60),
  });
  const events = new HaStatefulStore(chart, 'kafka', {
    engine: kafka({ topics: [{ name: 'order.placed', partitions: 6, retentionDays: 7 }], images }),
    members: 3,
    storage: '20Gi',
    size: 'large',
    backup: { none: 'every event is also in the database it came from' },
  });
  const audit = new StrimziKafka(chart, 'audit', {
    version: '4.3.1',
    topics: [{ name: 'audit.entry', partitions: 3, retentionDays: 90 }],
    members: 3,
    storage: '20Gi',
    size: 'large',
  });
  const vectors = new HaStatefulStore(chart, 'qdrant', {
    engine: qdrant({ images }),
    members: 1,
    storage: '10Gi',
    size: 'large',
    backup: backup('qdrant', 24 * 60),
  });
  const broker = new RabbitmqCluster(chart, 'rabbitmq', {
    members: 3,
    storage: '5Gi',
    size: 'large',
    image: images.rabbitmq,
    vhosts: { mail: { queues: ['outbox'], exchanges: { orders: { type: 'topic', to: { outbox: 'order.*' } } } } },
  });

  client(chart, 'ledger', { image, uses: [postgresql.database('ledger')] });
  client(chart, 'reports', { image, uses: [postgresql.pooled('reports')] });
  client(chart, 'notes', { image, uses: [notes.database('notes')] });
  client(chart, 'sessions', { image, uses: [sessions] });
  client(chart, 'catalog', { image, uses: [documents.database('catalog')] });
  client(chart, 'pictures', { image, uses: [objects.bucket('pictures')] });
  client(chart, 'search', { image, uses: [vectors] });
  client(chart, 'orders', { image, uses: [events.client('orders', { produces: ['order.placed'] })] });
  client(chart, 'auditor', { image, uses: [audit.client('auditor', { consumes: ['audit.entry'] })] });
  client(chart, 'mailer', { image, uses: [broker.vhost('mail')] });

  keys(app, image, backup);
}
