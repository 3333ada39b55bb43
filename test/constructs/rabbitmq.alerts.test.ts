import { expect, test } from '@jest/globals';
import { rabbitmqAlerts } from '../../constructs/rabbitmq/alerts.ts';
import { firing, type Series, withPromtool } from '../systems/promtool.ts';

const rules = rabbitmqAlerts({ name: 'mq', namespace: 'data', members: 3 });
const spec = {
  groups: [{ name: 'mq', rules: rules.map(({ alert, expr, for: duration }) => ({ alert, expr, for: duration })) }],
};

const of = (metric: string, pod: string) => `${metric}{namespace="data",job="data/mq",pod="mq-server-${pod}"}`;
const volume = (metric: string) =>
  `kubelet_volume_stats_${metric}_bytes{namespace="data",persistentvolumeclaim="persistence-mq-server-0"}`;
const members = ['0', '1', '2'];
const each = (metric: string, values: string) => Object.fromEntries(members.map((pod) => [of(metric, pod), values]));

const healthy: Series = {
  ...each('up', '1x60'),
  ...each('rabbitmq_unreachable_cluster_peers_count', '0x60'),
  ...each('rabbitmq_alarms_memory_used_watermark', '0x60'),
  ...each('rabbitmq_alarms_free_disk_space_watermark', '0x60'),
  ...each('rabbitmq_global_messages_dead_lettered_confirmed_total', '7x60'),
  [volume('available')]: '5x60',
  [volume('capacity')]: '10x60',
};

withPromtool('RabbitMQ alerts', () => {
  test('all are silent while all is well', () => {
    expect(firing(spec, healthy, 40, [])).toContain('SUCCESS');
  });

  test.each<[string, string, Series]>([
    ['RabbitmqMemberDown', 'one member is down', { [of('up', '1')]: '0x60' }],
    ['RabbitmqMembersApart', 'one sees one less', { [of('rabbitmq_unreachable_cluster_peers_count', '0')]: '1x60' }],
    ['RabbitmqPublishersBlocked', 'memory', { [of('rabbitmq_alarms_memory_used_watermark', '2')]: '1x60' }],
    ['RabbitmqPublishersBlocked', 'disk', { [of('rabbitmq_alarms_free_disk_space_watermark', '2')]: '1x60' }],
    ['RabbitmqDiskNearlyFull', 'a quarter is left', { [volume('available')]: '2.5x60' }],
    [
      'RabbitmqDeadLetters',
      'a message nobody could work off',
      { [of('rabbitmq_global_messages_dead_lettered_confirmed_total', '0')]: '7x30 8x30' },
    ],
  ])('%s fires: %s', (alert, _, change) => {
    expect(firing(spec, { ...healthy, ...change }, 40, [alert])).toContain('SUCCESS');
  });

  test('RabbitmqMajorityDown fires when two are down, and when nothing is scraped at all', () => {
    const two = { ...healthy, [of('up', '0')]: '0x60', [of('up', '1')]: '0x60' };
    const majority = spec.groups[0]!.rules.filter(({ alert }) => alert === 'RabbitmqMajorityDown');
    expect(firing({ groups: [{ name: 'mq', rules: majority }] }, two, 40, ['RabbitmqMajorityDown'])).toContain(
      'SUCCESS',
    );
    const { [volume('available')]: available } = healthy;
    expect(firing(spec, { [volume('available')]: available! }, 40, ['RabbitmqMajorityDown'])).toContain('SUCCESS');
  });
});
