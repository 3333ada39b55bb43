import { describe, expect, test } from '@jest/globals';
import { olderTags, wantedTags } from '../../synth/wanted-tags.ts';

const tags = new Map([
  ['flux-system:api', 'v2.1.0-0a1b2c3-prod'],
  ['flux-system:web', '1.4.2'],
]);
const wanted = (...pairs: string[]) => wantedTags('home', pairs, tags);

describe('tags that are asked for', () => {
  test('are told from those that are there', () => {
    expect(wanted('api=v2.2.0-abcdef0-prod', 'web:1.4.2')).toEqual([
      { policy: 'flux-system:api', before: 'v2.1.0-0a1b2c3-prod', after: 'v2.2.0-abcdef0-prod' },
    ]);
  });

  test.each([
    ['api', 'api: write it as <image>=<tag>'],
    ['api=', 'write it as <image>=<tag>'],
    ['api=a b', 'write it as <image>=<tag>'],
    ['wep=1.0.0', 'wep: home keeps no tag of it (did you mean "web"?)\nit keeps api, web'],
  ])('refused: %s', (pair, message) => {
    expect(() => wanted(pair)).toThrow(message);
  });

  test.each([
    ['api=v2.0.9-abcdef0-prod', 1],
    ['api=v2.1.0-fffffff-prod', 0],
    ['api=v3.0.0-0000000-prod', 0],
    ['web=1.4.1', 1],
    ['web=1.10.0', 0],
    ['web=stamp-1795000000', 0],
  ])('%s is older: %i', (pair, count) => {
    expect(olderTags(wanted(pair))).toHaveLength(count);
  });
});
