import { describe, expect, test } from '@jest/globals';
import { amountOf, resourcesOf, type Size, sizeProblems, sizes } from '../../constructs/sizes.ts';

describe('sizes', () => {
  test('a named size sets requests and the memory limit, and leaves the CPU free', () => {
    expect(resourcesOf('medium')).toEqual({
      requests: { cpu: '100m', memory: '256Mi' },
      limits: { memory: '512Mi' },
    });
  });

  test('numbers of its own: the memory limit is the request unless said, the CPU limit only if said', () => {
    expect(resourcesOf({ cpu: '1', memory: '1Gi' }).limits).toEqual({ memory: '1Gi' });
    expect(resourcesOf({ cpu: '1', memory: '1Gi', memoryLimit: '2Gi', cpuLimit: '2' }).limits).toEqual({
      memory: '2Gi',
      cpu: '2',
    });
  });

  test('every row of the table is sound', () => {
    expect(Object.values(sizes).flatMap(sizeProblems)).toEqual([]);
  });

  test.each([
    ['1Gi', 2 ** 30],
    ['250m', 0.25],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['2k', 2000],
    ['2E', 2e18],
    ['1GB', Number.NaN],
    ['-1', Number.NaN],
    ['', Number.NaN],
  ])('%s is %d', (quantity, amount) => {
    expect(amountOf(quantity)).toBe(amount);
  });

  test.each<[Size, string]>([
    ['huge' as Size, 'size: "huge" is unknown; use tiny, small, medium, large, xlarge or { cpu, memory }'],
    [{ cpu: '1', memory: '1 GB' }, 'size.memory: "1 GB" is not a quantity; write it like 100m, 2, 256Mi'],
    [
      { cpu: '1', memory: '1Gi', memoryLimit: '512Mi' },
      'size.memoryLimit: 512Mi is less than the request of 1Gi; raise the limit',
    ],
    [
      { cpu: '2', memory: '1Gi', cpuLimit: '500m' },
      'size.cpuLimit: 500m is less than the request of 2; raise the limit',
    ],
  ])('%j is refused', (size, problem) => {
    expect(sizeProblems(size)).toEqual([problem]);
  });
});
