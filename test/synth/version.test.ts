import { describe, expect, test } from '@jest/globals';
import { type Commit, stepOf, tagsOf, versionOf } from '../../synth/version.ts';
import fc from '../property.ts';

/** Newest first, as git says them. */
const commits = (...messages: readonly (string | [string, ...string[]])[]): Commit[] =>
  messages.map((message, index) => {
    const [text, ...tags] = typeof message === 'string' ? [message] : message;
    return { sha: String(index), messages: [text!], tags };
  });

describe('a commit is', () => {
  test.each([
    ['major', 'feat!: drop the old API'],
    ['major', 'fix(auth)!: refuse old tokens'],
    ['major', 'feat: accounts\n\nBREAKING CHANGE: sessions are gone'],
    ['minor', 'feat: search'],
    ['minor', 'feat(web): search'],
    ['patch', 'fix: typo'],
    ['patch', 'Update images'],
    ['patch', 'docs: what a BREAKING CHANGE: is'],
    ['patch', 'feature flags for everybody'],
  ])('%s: %s', (step, message) => {
    expect(stepOf({ sha: 'a', messages: [message] })).toBe(step);
  });

  test('as much as the most of what it merges', () => {
    expect(stepOf({ sha: 'a', messages: ['Merge branch search', 'fix: typo', 'feat: search'] })).toBe('minor');
  });
});

describe('the version', () => {
  test.each<[string, Commit[]]>([
    ['0.1.0', commits('first')],
    ['0.1.2', commits('c', 'b', 'first')],
    ['0.2.1', commits('fix: b', 'feat: a', 'first')],
    ['2.1.0', commits(['fix: b', 'v2.1.0'], 'feat: a', 'first')],
    ['2.2.1', commits('fix: c', 'feat: b', ['a', 'v2.1.0'], 'first')],
    ['3.0.0', commits('feat!: c', 'b', ['a', 'v2.1.0'], 'first')],
    ['2.1.1', commits('b', ['a', 'v2.1.0', 'v2.0.9', 'nightly'], ['first', 'v9.0.0'])],
    ['2.1.1', commits('b', ['a', 'v2.1.0'], 'first')],
  ])('%s', (version, history) => {
    expect(versionOf(history)).toBe(version);
  });

  test('is higher with every commit, so that the highest one is the newest build', () => {
    const message = fc.constantFrom('fix: a', 'feat: b', 'feat!: c', 'chore');
    fc.assert(
      fc.property(fc.array(message, { minLength: 2, maxLength: 30 }), (messages) => {
        const all = commits(...messages);
        const versions = all.map((_, index) => versionOf(all.slice(index)).split('.').map(Number));
        for (const [index, [major, minor, patch]] of versions.slice(0, -1).entries()) {
          const [a, b, c] = versions[index + 1]!;
          expect(major! - a! || minor! - b! || patch! - c!).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('of no history is refused', () => {
    expect(() => versionOf([])).toThrow('no commit');
  });
});

test('tags name version, commit and place, as the plan has them', () => {
  expect(tagsOf('2.1.0', 'a3f5c2b0123456789', 'prod')).toEqual({ tag: 'v2.1.0-a3f5c2b-prod', alias: 'v2.1.0' });
});
