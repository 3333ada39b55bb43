import { expect, test } from '@jest/globals';
import { type AlertRule, AlertRules, ratio } from '../../constructs/alert-rules.ts';
import { render } from './render.ts';

const rule: AlertRule = {
  alert: 'QueueStuck',
  expr: 'queue_length > 100',
  for: '5m',
  severity: 'warning',
  summary: 'Queue is stuck',
  description: '{{ $value }} messages wait',
  runbook: 'Look at the consumer',
};
const rules = (...given: AlertRule[]) => render((chart) => new AlertRules(chart, 'alerts', { rules: given }));

test('every alert carries the namespace and the severity it is routed by', () => {
  const { find, problems } = rules(rule);
  expect(problems).toEqual([]);
  expect(find('PrometheusRule', 'alerts').spec).toEqual({
    groups: [
      {
        name: 'alerts',
        rules: [
          {
            alert: 'QueueStuck',
            expr: 'queue_length > 100',
            for: '5m',
            labels: { namespace: 'shop', severity: 'warning' },
            annotations: {
              summary: 'Queue is stuck',
              description: '{{ $value }} messages wait',
              runbook: 'Look at the consumer',
            },
          },
        ],
      },
    ],
  });
});

test('a ratio sums both sides by the same labels', () => {
  expect(ratio({ of: 'failed_total', to: 'sent_total', by: ['channel', 'kind'], over: '5m' })).toBe(
    'sum by (channel, kind) (rate(failed_total[5m])) / ' +
      '(sum by (channel, kind) (rate(sent_total[5m])) or sum by (channel, kind) (rate(failed_total[5m])))',
  );
});

test('refuses two alerts of one name', () => {
  expect(rules(rule, rule).problems).toEqual([expect.stringContaining('QueueStuck is there twice')]);
});

test('refuses a name that is not CamelCase', () => {
  expect(rules({ ...rule, alert: 'queue stuck' }).problems).toEqual([expect.stringContaining('"queue stuck"')]);
});

test('refuses a duration Prometheus cannot read', () => {
  expect(rules({ ...rule, for: '5 min' }).problems).toEqual([expect.stringContaining('for "5 min"')]);
});
