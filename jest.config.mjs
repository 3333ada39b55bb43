// What a command prints is compared as it is where nobody looks at it.
process.env.NO_COLOR = '1';

export default {
  testMatch: ['<rootDir>/test/{commands,constructs,synth,systems}/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/transform.mjs' },
};
