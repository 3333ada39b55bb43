import base from '../../jest.config.mjs';

export default { ...base, rootDir: '../..', testMatch: ['<rootDir>/test/daemons/**/*.test.ts'], testTimeout: 600_000 };
