import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { everyEnvironment, rendered } from '../systems/environment.ts';
import { built } from './targets.ts';

const folder = mkdtempSync(join(tmpdir(), 'alloy-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What Alloy's own parser finds. */
function read(name: string, content: string): string {
  const path = join(folder, `${name}.alloy`);
  writeFileSync(path, content);
  return spawnSync(join(built('alloy-syntax'), 'alloy-syntax'), [path], { encoding: 'utf8' }).stderr;
}

test("Alloy's parser reads the configuration of every environment that has it", async () => {
  const contents = (await everyEnvironment()).map((environment): [string, string | undefined] => {
    const { objects } = rendered(environment);
    const release = objects.find(({ kind, metadata }) => kind === 'HelmRelease' && metadata.name === 'alloy');
    return [environment.name, release?.spec.values.alloy.configMap.content];
  });
  const having = contents.filter(([, content]) => content);
  expect(having.map(([name]) => name)).toEqual(expect.arrayContaining(['homelab', 'neotool-prod', 'studio']));
  for (const [name, content] of having) expect([name, read(name, content!)]).toEqual([name, '']);
  expect(read('wrong', having[0]![1]!.replace('{', ''))).toContain('wrong.alloy:1');
});
