// The store that the tests of PostgreSQL run, and a client that uses it.
import { External } from '../../constructs/external.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, render } from '../constructs/render.ts';
import { type PostgresCluster, secrets } from './postgres-cluster.ts';

const images = {
  postgres16: 'postgres:16.15',
  spilo: 'spilo-17:4.0-p3',
  postgresExporter: 'postgres-exporter:0.20.1',
  pgbouncer: 'pgbouncer:1.25.2',
};

export const { objects, problems } = render(
  (chart) => {
    const postgresql = new HaStatefulStore(chart, 'postgresql', {
      engine: postgres({ version: '16', databases: ['notifi', 'ledger'], pooler: {}, images }),
      members: 3,
      storage: '1Gi',
      size: 'small',
      backup: {
        rpoMinutes: 60,
        targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
        uploader: 'rclone:1.75.1',
      },
    });
    const uses = [postgresql.database('notifi'), postgresql.pooled('ledger').url('LEDGER_URL')];
    new Workload(chart, 'api', { image: 'api:1.0.0', size: 'tiny', uses });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);

/** What the client of the rendered chart has in its environment. */
export const clientEnv = (cluster: PostgresCluster): Record<string, string> => {
  const host = cluster.host('api');
  return { PATH: process.env['PATH']!, ...host.variables(host.pod('Deployment', 'api').containers[0]!) };
};

export const notifi = { PGUSER: 'notifi', PGPASSWORD: secrets['postgresql-notifi/password'], PGDATABASE: 'notifi' };
