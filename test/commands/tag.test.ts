import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { workspace } from '../workspace.ts';

test('tag writes the tag behind its marker and nothing else; what its rule would pass by is not written', () => {
  const space = workspace('charts', 'clusters/homelab');
  const read = () => readFileSync(join(space.folder, 'clusters/homelab/family-assistant/backend.yaml'), 'utf8');
  const before = read();
  const written = space.run('tag', 'homelab', 'family-assistant-backend=v2.2.0-abcdef0-prod', '--format', 'json');
  const after = read();
  const refused = space.run('tag', 'homelab', 'family-assistant-backend=v2.3.0');
  expect(JSON.parse(written.stdout)).toMatchObject({
    environment: 'homelab',
    written: true,
    tags: [{ before: 'v2.1.0-0000000-prod', after: 'v2.2.0-abcdef0-prod' }],
    files: ['homelab/family-assistant/backend.yaml'],
  });
  expect(after).toBe(before.replaceAll('v2.1.0-0000000-prod', 'v2.2.0-abcdef0-prod'));
  expect(refused).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/does not match.*nothing was written\n$/s),
  });
  expect(read()).toBe(after);
  space.remove();
});
