import { expect, test } from '@jest/globals';
import { ConnectionBudget, type ConnectionBudgetProps } from '../../constructs/connection-budget.ts';
import { render } from './render.ts';

const problems = (props: ConnectionBudgetProps) =>
  render((chart) => new ConnectionBudget(chart, 'connections', props)).problems;

test('lets through what fits to the last connection', () => {
  expect(problems({ maxConnections: 100, clients: [{ name: 'api', pods: 16, each: 6 }, { name: 'backup' }] })).toEqual(
    [],
  );
});

test('refuses one more, with the numbers and the way out', () => {
  const clients = [{ name: 'api', pods: 16, each: 10 }, { name: 'migration' }, { name: 'backup' }];
  expect(problems({ maxConnections: 100, reserved: 10, clients })).toEqual([
    'connections: api 16 x 10 + migration 1 x 1 + backup 1 x 1 = 162, ' +
      'the server leaves 90 (max_connections 100 less 10 reserved); ' +
      'give each pod of api at most 5, or run fewer pods, or raise max_connections',
  ]);
});

test('does not propose pods without connections', () => {
  const [problem] = problems({ maxConnections: 20, clients: [{ name: 'api', pods: 30, each: 2 }] });
  expect(problem).toMatch(/; run fewer pods, or raise max_connections$/);
});
