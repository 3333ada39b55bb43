import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Workspace, workspace } from '../workspace.ts';

const image = 'family-assistant-backend';
const file = 'clusters/homelab/family-assistant/backend.yaml';

let space: Workspace;
let before: string;
beforeAll(() => {
  space = workspace('charts', 'clusters');
  before = read();
});
afterAll(() => space.remove());
const read = () => readFileSync(join(space.folder, file), 'utf8');

describe('tag', () => {
  test('writes the tag behind its marker, and nothing else; synth keeps it', () => {
    const tag = `${image}=v2.2.0-abcdef0-prod`;
    const { stdout, status } = space.run('tag', 'homelab', tag, '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      environment: 'homelab',
      written: true,
      tags: [{ before: 'v2.1.0-0000000-prod', after: 'v2.2.0-abcdef0-prod' }],
      files: ['homelab/family-assistant/backend.yaml'],
    });
    expect(status).toBe(0);
    expect(read()).toBe(before.replaceAll('v2.1.0-0000000-prod', 'v2.2.0-abcdef0-prod'));
    expect(space.run('tag', 'homelab', tag).stdout).toBe('homelab: has these tags already\n');
  });

  test.each([
    ['one that its rule would pass by', `${image}=v2.3.0`, 'does not match'],
    ['one that is older: two builds may end in another order', `${image}=v2.0.9-abcdef0-prod`, 'is older than'],
    ['an image of another name', 'family-assistant-backnd=v2.3.0-abcdef0-prod', `(did you mean "${image}"?)`],
    ['half of a pair', image, 'write it as <image>=<tag>'],
  ])('refuses %s, and writes nothing', (_, pair, message) => {
    writeFileSync(join(space.folder, file), before.replaceAll('v2.1.0-0000000-prod', 'v2.2.0-abcdef0-prod'));
    const was = read();
    const { stdout, stderr, status } = space.run('tag', 'homelab', pair);
    expect(stdout + stderr).toContain(message);
    expect(status).toBe(1);
    expect(read()).toBe(was);
  });
});
