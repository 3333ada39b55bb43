import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Workspace, workspace } from '../workspace.ts';

// The command line; what is drawn is held in test/synth/map.test.ts.

let space: Workspace;
beforeAll(() => {
  space = workspace('charts', 'clusters/findly-prod');
});
afterAll(() => space.remove());

describe('map', () => {
  test.each([
    ['html', /^<!doctype html>[\s\S]*findly-prod: who calls whom[\s\S]*<\/html>\n$/],
    ['svg', /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*fn-notifications[\s\S]*<\/svg>\n$/],
    ['mermaid', /^flowchart LR\n[\s\S]*"fn-notifications"/],
  ])('prints %s', async (format, expected) => {
    const { status, stdout } = await space.call('map', 'findly-prod', '--format', format);
    expect(stdout).toMatch(expected);
    expect(status).toBe(0);
  });

  test('prints what it draws as JSON, with the version of its shape', async () => {
    const { stdout } = await space.call('map', 'findly-prod', '--format', 'json');
    const { version, environment, vertices, edges, order } = JSON.parse(stdout);
    expect([version, environment]).toEqual([1, 'findly-prod']);
    expect(vertices).toContainEqual(
      expect.objectContaining({ id: 'Deployment fn-notifications/fn-notifications', role: 'service' }),
    );
    expect(edges).toContainEqual(
      expect.objectContaining({ how: 'routes', to: 'Deployment fn-notifications/fn-notifications' }),
    );
    expect(order[0]).toMatchObject({ name: 'namespaces', depth: 0 });
  });

  test('links lines of TypeScript at the commit that is checked out, in a clone', () => {
    const git = (...args: string[]) => execFileSync('git', ['-C', space.folder, ...args], { encoding: 'utf8' }).trim();
    git('init', '--quiet', '--initial-branch=main');
    git('remote', 'add', 'origin', 'git@github.com:you/fleet.git');
    git(
      '-c',
      'user.name=you',
      '-c',
      'user.email=you@example.org',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'a clone',
    );
    const { stdout } = space.run('map', 'findly-prod');
    const address = `https://github.com/you/fleet/blob/${git('rev-parse', 'HEAD')}`;
    expect(stdout).toContain(`<a href="${address}/charts/fn-notifications/fn-notifications.ts#L`);
    expect(stdout).toContain(`"${address}/clusters/findly-prod/fn-notifications/fn-notifications.yaml#L1"`);
  });

  test('names the environments there are', async () => {
    const { status, stderr } = await space.call('map', 'findly-prd');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: findly-prd: no such environment.*findly-prod/),
    ]);
  });
});
