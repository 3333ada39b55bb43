import { describe, expect, test } from '@jest/globals';
import { promotedTags, retagged, runs } from '../../synth/promote.ts';

const line = (name: string, tag: string, policy = name) =>
  `        image: registry.test/${name}:${tag} # {"$imagepolicy": "flux-system:${policy}"}`;
const tree = (...lines: string[]) => new Map([['prod/shop/api.yaml', `kind: Deployment\n${lines.join('\n')}\nend\n`]]);

describe('promotedTags', () => {
  test('takes what both run and one of them newer, by its policy', () => {
    const dev = tree(line('api', 'v1.2.0'), line('web', 'v2.0.0'), line('new', 'v0.1.0'));
    const prod = tree(line('team/api', 'v1.1.9', 'api'), line('web', 'v2.0.0'), line('old', 'v3.0.0'));
    const { promoted, findings } = promotedTags(dev, prod);
    expect(promoted).toEqual([{ policy: 'flux-system:api', before: 'v1.1.9', after: 'v1.2.0' }]);
    expect(findings).toEqual([]);
    expect(promotedTags(dev, prod, 'web').promoted).toEqual([]);
  });

  test('orders versions by number; tags that are none have no order', () => {
    const findings = (a: string, b: string) =>
      promotedTags(tree(line('api', a)), tree(line('api', b))).findings.map(({ rule }) => rule);
    expect(findings('v1.10.0', 'v1.9.0')).toEqual([]);
    expect(findings('1.9.0', 'v1.10.0')).toEqual(['promotes-back']);
    expect(findings('main-abc', 'main-def')).toEqual([]);
  });

  test('is refused where the committed files disagree', () => {
    expect(
      promotedTags(tree(line('api', 'v1.0.0'), line('api', 'v1.1.0')), tree(line('api', 'v1.0.0'))).findings,
    ).toMatchObject([{ rule: 'image-tag-clash', severity: 'error' }]);
  });
});

describe('retagged', () => {
  const promoted = [{ policy: 'flux-system:api', before: 'v1.0.0', after: 'v1.10.0' }];

  test('changes the tag alone, in every line of the policy', () => {
    const before = tree(line('v1.0.0/api', 'v1.0.0', 'api'), line('web', 'v1.0.0'), line('api', 'v1.0.0'));
    expect([...retagged(before, promoted).values()]).toEqual([
      [...tree(line('v1.0.0/api', 'v1.10.0', 'api'), line('web', 'v1.0.0'), line('api', 'v1.10.0')).values()][0],
    ]);
  });

  test('knows a file by the policies in it', () => {
    expect(runs(line('api', 'v1'), promoted)).toBe(true);
    expect(runs(line('web', 'v1'), promoted)).toBe(false);
  });
});
