// Jest refuses arguments that it does not know; --soak is ours, everything else is Jest's.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const given = process.argv.slice(2);
const args = given.filter((arg) => arg !== '--soak');
const soak = args.length < given.length;
const [jest, config] = ['../../node_modules/jest/bin/jest.js', 'jest.config.mjs'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--no-warnings', jest!, '--config', config!, ...args],
  { stdio: 'inherit', env: { ...process.env, ...(soak && { SOAK: '1' }) } },
);
process.exitCode = status ?? 1;
