import { expect, test } from '@jest/globals';
import { ScheduledJob, type ScheduledJobProps } from '../../constructs/scheduled-job.ts';
import { render } from './render.ts';

const minimal = { image: 'import:1.0.0', size: 'tiny', schedule: '0 7 * * *' } as const;
const rendered = (props: Partial<ScheduledJobProps> = {}) =>
  render((chart) => new ScheduledJob(chart, 'import', { ...minimal, ...props }));

test('with the least it is told: one run at a time, in UTC, given up after an hour and three tries', () => {
  const { find, names, problems } = rendered();
  expect(problems).toEqual([]);
  expect(names).toEqual(['CronJob shop/import', 'NetworkPolicy shop/import', 'ServiceAccount shop/import']);
  const { spec } = find('CronJob', 'import');
  expect(spec).toMatchObject({
    schedule: '0 7 * * *',
    timeZone: 'Etc/UTC',
    concurrencyPolicy: 'Forbid',
    startingDeadlineSeconds: 600,
    jobTemplate: { spec: { backoffLimit: 2, activeDeadlineSeconds: 3600 } },
  });
  expect(spec).not.toHaveProperty('suspend');
  expect(spec.jobTemplate.spec.template.spec.restartPolicy).toBe('Never');
});

test('with everything it can be told', () => {
  const full: Required<Pick<ScheduledJobProps, 'schedule' | 'deadlineMinutes' | 'tries' | 'on'>> = {
    schedule: '*/5 * * * *',
    deadlineMinutes: 4,
    tries: 1,
    on: false,
  };
  const { find, problems } = rendered({ ...full, env: { TOPIC: 'a.b' } });
  expect(problems).toEqual([]);
  expect(find('CronJob', 'import').spec).toMatchObject({
    suspend: true,
    jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 240 } },
  });
  expect(find('ConfigMap', 'import').data).toEqual({ TOPIC: 'a.b' });
});

test.each([
  [{ tries: 0 }, 'tries: 0, it has to be a whole number from 1; correct it'],
  [{ deadlineMinutes: 0.5 }, 'deadlineMinutes: 0.5, it has to be a whole number from 1; correct it'],
])('refuses %j', (props, message) => {
  expect(rendered(props).problems).toEqual([message]);
});
