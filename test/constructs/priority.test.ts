import { describe, expect, test } from '@jest/globals';
import { Priority, type PriorityProps } from '../../constructs/priority.ts';
import { Workload } from '../../constructs/workload.ts';
import { render } from './render.ts';

const full: Required<PriorityProps> = { value: 1000, description: 'What answers', evicts: false };

describe('Priority', () => {
  test('is a PriorityClass, before the first pod', () => {
    const { find, relations } = render((chart) => void new Priority(chart, 'core', full));
    expect(find('PriorityClass', 'core')).toEqual({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'core' },
      value: 1000,
      description: 'What answers',
      preemptionPolicy: 'Never',
    });
    expect(relations).toContainEqual({ layer: 'namespaces' });
  });

  test('evicts unless told not to', () => {
    const { find } = render((chart) => void new Priority(chart, 'core', { value: 1, description: '' }));
    expect(find('PriorityClass', 'core').preemptionPolicy).toBeUndefined();
  });

  test('is what a pod is placed by, which waits for it', () => {
    const { find, relations } = render((chart) => {
      const priority = new Priority(chart, 'core', full);
      new Workload(chart, 'api', { image: 'registry.test/api:1.0.0', size: 'small', placement: { priority } });
    });
    expect(find('Deployment', 'api').spec.template.spec.priorityClassName).toBe('core');
    expect(relations.flatMap(({ uses = [] }) => uses)).toContain('shop/core');
  });

  test.each([
    ['system-mine', 1, 'begins like'],
    ['core', 2_000_000_000, 'whole number'],
    ['core', 1.5, 'whole number'],
  ])('refuses %s with value %d', (id, value, message) => {
    const { problems } = render((chart) => void new Priority(chart, id, { value, description: '' }));
    expect(problems).toEqual([expect.stringContaining(message)]);
  });
});
