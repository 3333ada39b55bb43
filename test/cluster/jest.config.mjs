import base from '../../jest.config.mjs';

export default { ...base, rootDir: '../..', testMatch: ['<rootDir>/test/cluster/**/*.test.ts'], testTimeout: 600_000 };
