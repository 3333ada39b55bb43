// Which tag Flux would run: the rendered policies over tags as registries have them, by Flux's own ordering rules.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { homelabWith } from '../../charts/environments/homelab.ts';
import vinyl from '../../charts/environments/vinyl.ts';
import type { Environment } from '../../imports/environment.ts';
import { tagsOf, versionOf } from '../../synth/version.ts';
import fc from '../property.ts';
import { rendered } from '../systems/environment.ts';
import { built } from './targets.ts';

/** The tag that is picked, or why none is. */
function picked(spec: unknown, tags: readonly string[]): string {
  const program = join(built('image-policy'), 'image-policy');
  const { status, stdout, stderr } = spawnSync(program, { input: JSON.stringify({ spec, tags }), encoding: 'utf8' });
  return status === 0 ? stdout.trim() : `none: ${stderr.trim()}`;
}

const policy = (environment: Environment, name: string) =>
  rendered(environment).find('ImagePolicy', 'flux-system', name).spec;

describe("the homelab's v{MAJOR}.{MINOR}.{PATCH}-{GIT_SHA}-{ENV}", () => {
  const spec = policy(homelabWith({ telemetry: true, source: 'git' }), 'family-assistant-backend');
  const tags = [
    'v2.9.0-f00ba11-prod',
    'v2.10.0-0a1b2c3-prod',
    'v2.9.1-fffffff-prod',
    // Of other places, aliases, a major that nobody approved, and what people push by hand.
    'v2.11.0-fffffff-dev',
    'v2.11.0',
    'v3.0.0-0000001-prod',
    'latest',
    'v2.99.0-prod',
    'v2.99.0-F00BA11-prod',
  ];

  test('the highest version of prod is picked, whatever its hash', () => {
    expect(picked(spec, tags)).toBe('v2.10.0-0a1b2c3-prod');
  });

  test("the plan's policies would have picked none, or sorted by hash", () => {
    expect(picked({ policy: { semver: { range: '>=2.0.0' } } }, tags.slice(0, 3))).toContain('none');
    const hash = ['v2.1.0-f00ba11-prod', 'v2.1.0-0a1b2c3-prod'];
    expect(picked({ policy: { semver: { range: '>=2.0.0-0' } } }, hash)).toBe('v2.1.0-f00ba11-prod');
    expect(picked({ policy: { alphabetical: { order: 'asc' } } }, tags.slice(0, 3))).toBe('v2.9.1-fffffff-prod');
  });

  test('of what next-version tagged along any history, the newest build is picked, in whatever order the registry lists them', () => {
    const message = fc.constantFrom('fix: a', 'feat: b', 'chore');
    const histories = fc.sample(
      fc.tuple(fc.array(message, { minLength: 3, maxLength: 40 }), fc.infiniteStream(fc.nat())),
      40,
    );
    for (const [messages, random] of histories) {
      const shas = messages.map(() => random.next().value!.toString(16).padStart(7, '0').slice(0, 7));
      const commits = messages.map((text, i) => ({
        sha: shas[i]!,
        messages: [text],
        tags: i === messages.length - 1 ? ['v2.1.0'] : [],
      }));
      const all = commits.map((_, i) => tagsOf(versionOf(commits.slice(i)), shas[i]!, 'prod').tag);
      expect(picked(spec, all.toSorted())).toBe(all[0]);
    }
  });
});

describe("Vinyl Vault's <branch>-<commit>-<seconds>", () => {
  const spec = policy(vinyl, 'staging-vinylvault-backend');

  test('the one built last is picked; neither the plan’s sha-<commit> nor latest-staging says which that is', () => {
    const tags = [
      'develop-fffffff-1795000000',
      'develop-0a1b2c3-1795000060',
      'feature-x-fffffff-1799999999',
      'sha-fffffff',
      'latest-staging',
    ];
    expect(picked(spec, tags)).toBe('develop-0a1b2c3-1795000060');
    expect(picked(spec, tags.slice(2))).toBe('none: no tag matches');
  });
});
