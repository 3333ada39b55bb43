import base from '../../jest.config.mjs';

// Faults are mostly waited for: two files at once take half the time, and as much of the machine as the busiest alone.
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/daemons/**/*.test.ts'],
  testTimeout: 600_000,
  maxWorkers: 2,
};
