import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { built } from './targets.ts';

test('actionlint finds nothing in the workflows: syntax, expressions and what they read', () => {
  const folder = '.github/workflows';
  const files = readdirSync(folder).map((name) => join(folder, name));
  expect(files.length).toBeGreaterThan(0);
  // It would call these where they are installed, in versions that differ from machine to machine.
  const { stdout } = spawnSync(join(built('actionlint'), 'actionlint'), ['-shellcheck=', '-pyflakes=', ...files], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
});
