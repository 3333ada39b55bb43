import { expect, test } from '@jest/globals';
import { External } from '../../../constructs/external.ts';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { postgres } from '../../../constructs/stores/postgres.ts';
import { firing, type Series, withPromtool } from '../../systems/promtool.ts';
import { environment, render } from '../render.ts';

const { find } = render(
  (chart) => {
    new HaStatefulStore(chart, 'db', {
      engine: postgres({
        version: '16',
        databases: ['notifi'],
        images: {
          postgres16: 'postgres:16.15',
          spilo: 'spilo-17:4.0-p3',
          postgresExporter: 'e:1.0.0',
          pgbouncer: 'b:1.0.0',
        },
      }),
      members: 3,
      storage: '10Gi',
      size: 'medium',
      backup: {
        rpoMinutes: 60,
        targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
        uploader: 'rclone:1.75.1',
      },
    });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);
const { spec } = find('PrometheusRule', 'db');

const of = (metric: string, pod: number, more = '') => `${metric}{namespace="shop",job="db",pod="db-${pod}"${more}}`;
const members = (metric: string, ...values: string[]) =>
  Object.fromEntries(values.map((value, pod) => [of(metric, pod), `${value}x60`]));
const volume = (metric: string, claim = 'pgdata-db-1') =>
  `kubelet_volume_stats_${metric}_bytes{namespace="shop",persistentvolumeclaim="${claim}"}`;
const follows = (pod: number, state = 'streaming') =>
  of('pg_stat_replication_pg_wal_lsn_diff', 0, `,application_name="db-${pod}",state="${state}"`);
const active = of('pg_stat_activity_count', 0, ',state="active"');

/** A store that runs well; each case below changes one thing. */
const healthy: Series = {
  ...members('up', '1', '1', '1'),
  ...members('pg_up', '1', '1', '1'),
  ...members('pg_replication_is_replica', '0', '1', '1'),
  ...members('pg_replication_lag_seconds', '0', '1', '2'),
  [follows(1)]: '0x60',
  [follows(2)]: '100x60',
  ...members('pg_settings_max_connections', '100', '100', '100'),
  [active]: '40x60',
  [of('pg_stat_activity_count', 0, ',state="idle"')]: '40x60',
  [volume('capacity')]: '100x60',
  [volume('available')]: '50x60',
  'kube_cronjob_status_last_successful_time{namespace="shop",cronjob="db-backup"}': '0+60x60',
};

withPromtool('alerts', () => {
  test('all are silent while all is well', () => {
    expect(firing(spec, healthy, 30, [])).toContain('SUCCESS');
  });

  test.each<[string, string, Series]>([
    ['StoreMemberDown', 'a member is down', { [of('up', 1)]: '0x60' }],
    ['StoreDiskNearlyFull', 'a volume is nearly full', { [volume('available')]: '10x60' }],
    ['PostgresDown', 'a server takes no connections', { [of('pg_up', 2)]: '0x60' }],
    ['PostgresLeaderMissing', 'nobody leads', { [of('pg_replication_is_replica', 0)]: '1x60' }],
    ['PostgresReplicaMissing', 'a replica has ceased to follow', { [follows(2)]: '0x9 stale' }],
    ['PostgresReplicaMissing', 'a replica is made anew', { [follows(2)]: '0x9 stale', [follows(2, 'backup')]: '0x60' }],
    ['PostgresReplicationLag', 'a replica is behind', { [of('pg_replication_lag_seconds', 2)]: '90x60' }],
    ['PostgresConnectionsNearlyUsedUp', 'connections are nearly used up', { [active]: '50x60' }],
    [
      'DatabaseBackupOverdue',
      'no backup came for two hours',
      { 'kube_cronjob_status_last_successful_time{namespace="shop",cronjob="db-backup"}': '-7200x60' },
    ],
  ])('%s fires when %s', (alert, _, change) => {
    expect(firing(spec, { ...healthy, ...change }, 30, [alert])).toContain('SUCCESS');
  });

  test('PostgresTwoLeaders fires when two believe to lead', () => {
    const change = { [of('pg_replication_is_replica', 1)]: '0x60' };
    // Nobody follows the second one.
    const alerts = ['PostgresReplicaMissing', 'PostgresTwoLeaders', 'PostgresWritesWait'];
    expect(firing(spec, { ...healthy, ...change }, 30, alerts)).toContain('SUCCESS');
  });

  test('PostgresWritesWait fires when no replica follows, though none says that it is behind', () => {
    const change = { [follows(1)]: '0x9 stale', [follows(2)]: '0x9 stale' };
    const alerts = ['PostgresReplicaMissing', 'PostgresWritesWait'];
    expect(firing(spec, { ...healthy, ...change }, 30, alerts)).toContain('SUCCESS');
  });

  test.each([[[0, 1]], [[0, 1, 2]]])(
    'StoreMajorityDown fires without members %j, though they leave no series',
    (pods) => {
      const gone = pods.map((pod) => of('up', pod));
      const series = Object.fromEntries(Object.entries(healthy).filter(([name]) => !gone.includes(name)));
      expect(firing(spec, series, 30, ['StoreMajorityDown'])).toContain('SUCCESS');
    },
  );
});
