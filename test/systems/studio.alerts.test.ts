import { expect, test } from '@jest/globals';
import studio from '../../charts/environments/studio.ts';
import { rendered } from './environment.ts';
import { firing, type Series, withPromtool } from './promtool.ts';

const { find } = rendered(studio);
const { spec } = find('PrometheusRule', 'notifi', 'alerts');
const copies = find('PrometheusRule', 'data-services', 'velero-backups-copy-alerts').spec;

const requests = (status: string) =>
  `http_requests_total{namespace="notifi",job="rule-engine",pod="a",status="${status}"}`;
const up = (pod: string) => `up{namespace="notifi",job="event-processor",pod="${pod}"}`;
const replicas = (metric: string, deployment = 'rule-engine') =>
  `kube_deployment_${metric}{namespace="notifi",deployment="${deployment}"}`;
const connections = (pod: string, database: string) =>
  `pg_stat_database_numbackends{namespace="data-services",pod="${pod}",datname="${database}"}`;
const waiting = (pod: string) => `rabbitmq_queue_messages{namespace="messaging",pod="${pod}"}`;

/** A Notifi that runs well; each case below changes one thing. */
const healthy: Series = {
  [requests('200')]: '0+1000x60',
  [requests('503')]: '0+10x60',
  [up('a')]: '1x60',
  [up('b')]: '0x60',
  [replicas('spec_replicas')]: '2x60',
  [replicas('status_replicas_available')]: '1x60',
  // A worker with nothing to do.
  [replicas('spec_replicas', 'telegram-messenger-00001-deployment')]: '0x60',
  [replicas('status_replicas_available', 'telegram-messenger-00001-deployment')]: '0x60',
  [connections('postgresql-0', 'notifi')]: '300x60',
  [connections('postgresql-0', 'postgres')]: '5x60',
  [waiting('notifi-rabbitmq-server-0')]: '6000x60',
  [waiting('notifi-rabbitmq-server-1')]: '4000x60',
};

withPromtool("the plan's alerts", () => {
  test('are silent while all is well', () => {
    expect(firing(spec, healthy, 60, [])).toContain('SUCCESS');
  });

  test.each<[string, string, Series]>([
    ['HighErrorRate', 'one request in ten fails', { [requests('503')]: '0+110x60' }],
    ['EventProcessorDown', 'no pod answers', { [up('a')]: '0x60' }],
    ['ServiceUnavailable', 'a service that wants pods has none', { [replicas('status_replicas_available')]: '0x60' }],
    ['DatabaseHighConnections', 'four fifths are in use', { [connections('postgresql-0', 'notifi')]: '325x60' }],
    ['RabbitMQQueueDepth', 'more than ten thousand wait', { [waiting('notifi-rabbitmq-server-1')]: '4001x60' }],
  ])('%s fires when %s', (alert, _, change) => {
    expect(firing(spec, { ...healthy, ...change }, 60, [alert])).toContain('SUCCESS');
  });

  test('EventProcessorDown fires when there is no pod left to ask', () => {
    const { [up('a')]: a, [up('b')]: b, ...rest } = healthy;
    expect([a, b]).toEqual(['1x60', '0x60']);
    expect(firing(spec, rest, 60, ['EventProcessorDown'])).toContain('SUCCESS');
  });

  test('none fires before its time', () => {
    const late = { ...healthy, [waiting('notifi-rabbitmq-server-1')]: '4000x51 9000x9' };
    expect(firing(spec, late, 60, [])).toContain('SUCCESS');
  });
});

withPromtool('BucketBackupOverdue', () => {
  const job = (metric: string) => `kube_cronjob_${metric}{namespace="data-services",cronjob="velero-backups-copy"}`;
  const hours = 60;

  test('is silent for a day and a half after a success, and then is not', () => {
    const series = { [job('created')]: `0x${40 * hours}`, [job('status_last_successful_time')]: `0x${40 * hours}` };
    expect(firing(copies, series, 35 * hours, [])).toContain('SUCCESS');
    expect(firing(copies, series, 37 * hours, ['BucketBackupOverdue'])).toContain('SUCCESS');
  });

  test('fires when none ever succeeded', () => {
    expect(firing(copies, { [job('created')]: `0x${40 * hours}` }, 37 * hours, ['BucketBackupOverdue'])).toContain(
      'SUCCESS',
    );
  });
});
