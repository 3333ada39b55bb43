// What a command prints is compared as it is where nobody looks at it.
process.env.NO_COLOR = '1';

export default {
  testMatch: ['<rootDir>/test/{commands,constructs,synth,systems}/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // Processes are started and waited for: Jest's own choice, all cores but one, leaves half of a small machine idle.
  maxWorkers: '100%',
  // To start a process costs what the one that starts it has in memory, and a worker keeps what its files left there.
  workerIdleMemoryLimit: '300MB',
  testTimeout: 30_000,
  transform: { '\\.ts$': '<rootDir>/test/transform.mjs' },
};
