import type { App } from 'cdk8s';
import type { ObjectStore } from '../../constructs/bucket.ts';
import { ConnectionBudget } from '../../constructs/connection-budget.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { type PostgresClients, postgres } from '../../constructs/stores/postgres.ts';
import { images } from '../versions.ts';
import { type NeotoolFacts, serviceNames } from './facts.ts';
import { area } from './namespaces.ts';
import { podsOf } from './services.ts';

/** Connections of a service's pool, to PgBouncer; and those it opens itself when it starts, for its migrations. */
export const POOL = 10;
const MIGRATIONS = 2;

/** PostgreSQL 18 with a database per service, and PgBouncer in front at port 6432. */
export function data(app: App, facts: NeotoolFacts, objects: ObjectStore): HaStatefulStore<PostgresClients> {
  const { members, storage, storageClass } = facts.postgres;
  const size = members > 1 ? ({ cpu: '1', memory: '4Gi' } as const) : 'large';
  const poolers = members > 1 ? 2 : 1;
  const clients = 1000;
  // A rollout starts one pod of each service at a time.
  const direct = 2 * serviceNames.length * MIGRATIONS;
  const chart = area(app, 'data');

  const store = new HaStatefulStore(chart, 'postgresql', {
    engine: postgres({
      version: '18',
      databases: serviceNames,
      pooler: { pods: poolers, clients, direct },
      images: { ...images, spilo: images.spilo18 },
    }),
    members,
    storage,
    ...(storageClass && { storageClass }),
    size,
    backup:
      facts.objects.by === 'minio'
        ? { none: 'made again by the migrations' }
        : {
            rpoMinutes: 60,
            targets: [objects.bucket('backups').folder('postgresql')],
            uploader: images.rclone,
            size: 'xlarge',
          },
    clients: ['neotool-app'],
  });
  new ConnectionBudget(chart, 'connections', {
    // One pooler takes them all while the other is away.
    maxConnections: clients,
    reserved: 0,
    clients: serviceNames.map((name) => ({ name, pods: podsOf(facts, name), each: POOL })),
  });
  return store;
}
