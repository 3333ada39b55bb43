export default {
  testMatch: ['<rootDir>/test/{commands,constructs,synth,systems}/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/transform.mjs' },
};
