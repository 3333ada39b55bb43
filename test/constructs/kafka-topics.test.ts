import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { KafkaTopics, type KafkaTopicsProps } from '../../constructs/kafka-topics.ts';
import { render } from './render.ts';

const props: KafkaTopicsProps = {
  topics: [
    { name: 'shop.order.paid', partitions: 6, retentionDays: 30 },
    { name: 'mail.message.sent', partitions: 3, retentionDays: 7 },
  ],
  consumes: ['shop.order.paid'],
  produces: ['mail.message.sent'],
  group: 'mail-production',
};
const topics = (changes: Partial<KafkaTopicsProps> = {}) =>
  render((chart) => new KafkaTopics(chart, 'kafka', { ...props, ...changes }));

/** What the script asks of the Confluent CLI. */
function asked(script: string, env: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-'));
  try {
    writeFileSync(join(folder, 'kafka.sh'), script);
    writeFileSync(join(folder, 'confluent'), `#!/bin/sh\necho "$*" >> ${folder}/log\n`, { mode: 0o755 });
    const PATH = `${folder}:${process.env['PATH']}`;
    execFileSync('bash', [join(folder, 'kafka.sh')], { env: { ...env, PATH }, stdio: 'pipe' });
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the script makes topics, sets their retention, and allows by prefix what is consumed and produced', () => {
  const { find, problems } = topics();
  expect(problems).toEqual([]);
  expect(asked(find('ConfigMap', 'kafka').data['kafka.sh'], { CLUSTER_ID: 'lkc-1', SERVICE_ACCOUNT: 'sa-1' })).toEqual([
    'kafka topic create shop.order.paid --if-not-exists --partitions 6 --config retention.ms=2592000000 --cluster lkc-1',
    'kafka topic update shop.order.paid --config retention.ms=2592000000 --cluster lkc-1',
    'kafka topic create mail.message.sent --if-not-exists --partitions 3 --config retention.ms=604800000 --cluster lkc-1',
    'kafka topic update mail.message.sent --config retention.ms=604800000 --cluster lkc-1',
    'kafka acl create --allow --service-account sa-1 --operations read --topic shop. --prefix --cluster lkc-1',
    'kafka acl create --allow --service-account sa-1 --operations write --topic mail. --prefix --cluster lkc-1',
    'kafka acl create --allow --service-account sa-1 --operations read --consumer-group mail- --prefix --cluster lkc-1',
  ]);
});

test('the script does nothing without knowing for whom', () => {
  const script = topics().find('ConfigMap', 'kafka').data['kafka.sh'];
  expect(() => asked(script, { CLUSTER_ID: 'lkc-1' })).toThrow('SERVICE_ACCOUNT');
});

test.each([
  [
    'a consumed topic that is not declared',
    { consumes: ['shop.order.paid', 'shop.order.lost'] },
    'shop.order.lost is used',
  ],
  ['a declared topic that nobody uses', { consumes: [] }, 'shop.order.paid is neither'],
  ['a group outside of what the ACL allows', { group: 'sales' }, 'sales is outside of mail-'],
  [
    'a topic without a domain',
    {
      topics: [...props.topics, { name: 'orders', partitions: 1, retentionDays: 1 }],
      consumes: ['shop.order.paid', 'orders'],
    },
    'orders has no domain',
  ],
])('refuses %s', (_, changes, message) => {
  expect(topics(changes).problems).toEqual([expect.stringContaining(message)]);
});
