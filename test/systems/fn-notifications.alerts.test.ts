import { expect, test } from '@jest/globals';
import prod from '../../charts/environments/findly-prod.ts';
import { rendered } from './environment.ts';
import { firing, type Series, withPromtool } from './promtool.ts';

const { spec } = rendered(prod).find('PrometheusRule', 'fn-notifications', 'alerts');

const sent = (channel: string) =>
  `fn_notifications_notification_sent_total{channel="${channel}",notification_type="match"}`;
const failed = (channel: string) =>
  `fn_notifications_notification_failed_total{channel="${channel}",notification_type="match",failure_reason="timeout"}`;
const breaker = (pod: string) => `fn_notifications_circuit_breaker_state{service="sms",pod="${pod}"}`;
const bucket = (le: string) => `fn_notifications_notification_delivery_time_bucket{channel="email",le="${le}"}`;
const processed = (status: string) => `broadway_processor_message_stop_total{name="Posts",status="${status}"}`;
const pool = (name: string) => `fn_notifications_pool_utilization{pool="${name}",pod="a"}`;
const backup = (metric: string) => `kube_cronjob_${metric}{namespace="fn-notifications",cronjob="backup"}`;

/** A service that runs well; each case below changes one thing. */
const healthy: Series = {
  'up{job="fn-notifications",pod="a"}': '1x150',
  'up{job="fn-notifications",pod="b"}': '1x150',
  [sent('email')]: '0+100x150',
  [failed('email')]: '0+1x150',
  [breaker('a')]: '0x150',
  [breaker('b')]: '2x150',
  [bucket('1000')]: '0+90x150',
  [bucket('10000')]: '0+100x150',
  [bucket('30000')]: '0+100x150',
  [bucket('+Inf')]: '0+100x150',
  [processed('ok')]: '0+6000x150',
  [processed('failed')]: '0+60x150',
  [pool('database')]: '0.9x150',
  [pool('email')]: '1x150',
  [backup('created')]: '0x150',
  [backup('status_last_successful_time')]: '0x60 3600x60 7200x30',
};

withPromtool('alerts', () => {
  test('all are silent while all is well', () => {
    expect(firing(spec, healthy, 120, [])).toContain('SUCCESS');
  });

  test.each<[string, string, Series]>([
    [
      'NotificationsServiceDown',
      'every pod is down',
      { 'up{job="fn-notifications",pod="a"}': '0x150', 'up{job="fn-notifications",pod="b"}': '0x150' },
    ],
    ['HighNotificationFailureRate', 'one in five fails', { [failed('email')]: '0+20x150' }],
    ['HighNotificationFailureRate', 'a channel sends nothing at all', { [failed('sms')]: '0+20x150' }],
    ['CircuitBreakerOpen', 'it is open in one pod, half-open in another', { [breaker('a')]: '1x150' }],
    [
      'HighDeliveryLatency',
      'one in five takes over ten seconds',
      { [bucket('10000')]: '0+80x150', [bucket('1000')]: '0+10x150' },
    ],
    ['BroadwayConsumerLag', 'fifteen messages a second fail', { [processed('failed')]: '0+900x150' }],
    ['DatabaseConnectionPoolExhaustion', 'the pool is nearly used up', { [pool('database')]: '0.95x150' }],
    [
      'DatabaseBackupOverdue',
      'the last success is two hours ago',
      { [backup('status_last_successful_time')]: '0x150' },
    ],
  ])('%s fires when %s', (alert, _, change) => {
    expect(firing(spec, { ...healthy, ...change }, 120, [alert])).toContain('SUCCESS');
  });

  test('NotificationsServiceDown fires when no pod is left to scrape', () => {
    const { 'up{job="fn-notifications",pod="a"}': a, 'up{job="fn-notifications",pod="b"}': b, ...rest } = healthy;
    expect([a, b]).toEqual(['1x150', '1x150']);
    expect(firing(spec, rest, 120, ['NotificationsServiceDown'])).toContain('SUCCESS');
  });

  test('DatabaseBackupOverdue fires when no backup ever succeeded', () => {
    const { [backup('status_last_successful_time')]: _, ...never } = healthy;
    expect(firing(spec, never, 120, ['DatabaseBackupOverdue'])).toContain('SUCCESS');
    expect(firing(spec, never, 100, [])).toContain('SUCCESS');
  });
});
