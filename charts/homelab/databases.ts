import { type App, Chart } from 'cdk8s';
import { S3 } from '../../constructs/bucket.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { qdrant } from '../../constructs/stores/qdrant.ts';
import { redis } from '../../constructs/stores/redis.ts';
import { images } from '../versions.ts';
import { assumed } from './assumed.ts';

const bucket = assumed['backup bucket'].value;

/**
 * PostgreSQL and Redis on three nodes each, so that one may be lost; Qdrant on one, for what is in it can be made again from
 * PostgreSQL. All are backed up outside of the house.
 */
export function databases(app: App) {
  const name = 'databases';
  const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');

  const elsewhere = new S3(chart, 'elsewhere', { url: bucket.url, region: 'auto', provider: 'Cloudflare' });
  const backup = (store: string, rpoMinutes: number) => ({
    rpoMinutes,
    keep: { daily: 7, weekly: 4, monthly: 3 },
    targets: [elsewhere.bucket(bucket.name).folder(store)],
    uploader: images.rclone,
  });
  return {
    postgresql: new HaStatefulStore(chart, 'postgresql', {
      engine: postgres({ version: assumed.versions.value.postgres, databases: ['family_assistant', 'n8n'], images }),
      members: 3,
      storage: '20Gi',
      size: 'large',
      backup: backup('postgresql', 6 * 60),
      clients: ['family-assistant', 'n8n'],
    }),
    redis: new HaStatefulStore(chart, 'redis', {
      engine: redis({ images }),
      members: 3,
      storage: '2Gi',
      size: 'medium',
      backup: backup('redis', 24 * 60),
      clients: ['family-assistant'],
    }),
    qdrant: new HaStatefulStore(chart, 'qdrant', {
      engine: qdrant({ images }),
      members: 1,
      storage: '10Gi',
      size: 'large',
      backup: backup('qdrant', 24 * 60),
      clients: ['family-assistant'],
    }),
  };
}
