import { describe, expect, test } from '@jest/globals';
import { markedIn, marksOf, readTags } from '../../synth/images.ts';
import type { OwnImage } from '../../synth/manifest.ts';

const source = { file: 'charts/notifi/services.ts', line: 3 };
const declared = (image: OwnImage) => ({ path: 'notifi/app', chart: 'notifi', unit: 'app', source, image });
const app = { policy: 'flux-system:app', repository: 'ghcr.io:443/acme/app', tag: '1.4.2' };
const line = (tag: string, policy = 'flux-system:app') =>
  `image: ghcr.io:443/acme/app:${tag} # {"$imagepolicy": "${policy}"}`;

describe('marksOf', () => {
  test('maps each own image to its mark, however often it is declared', () => {
    const { marks, findings } = marksOf([declared(app), declared(app), { ...declared(app), image: undefined }]);
    expect([...marks('notifi')]).toEqual([['ghcr.io:443/acme/app:1.4.2', '{"$imagepolicy": "flux-system:app"}']]);
    expect(findings).toEqual([]);
  });

  test('refuses one policy for two images', () => {
    const { findings } = marksOf([declared(app), declared({ ...app, repository: 'ghcr.io/acme/other' })]);
    expect(findings).toMatchObject([
      {
        severity: 'error',
        object: 'ImagePolicy flux-system/app',
        source,
        message: 'keeps both ghcr.io:443/acme/app:1.4.2 and ghcr.io/acme/other:1.4.2',
      },
    ]);
  });

  test('two charts keep one image by a policy each, a third one by the first', () => {
    const promoted = { ...declared({ ...app, policy: 'flux-system:production-app' }), chart: 'production' };
    const { marks, findings } = marksOf([declared(app), promoted]);
    const markIn = (chart: string) => marks(chart).get('ghcr.io:443/acme/app:1.4.2');
    expect(findings).toEqual([]);
    expect(['notifi', 'production', 'other'].map(markIn)).toEqual([
      '{"$imagepolicy": "flux-system:app"}',
      '{"$imagepolicy": "flux-system:production-app"}',
      '{"$imagepolicy": "flux-system:app"}',
    ]);
  });

  test('refuses one image under two policies in one chart', () => {
    const { findings } = marksOf([declared(app), declared({ ...app, policy: 'flux-system:canary' })]);
    expect(findings).toMatchObject([
      {
        object: 'ImagePolicy flux-system/canary',
        message: 'keeps ghcr.io:443/acme/app:1.4.2, and so does ImagePolicy flux-system/app',
      },
    ]);
  });
});

describe('markedIn', () => {
  test('finds marked scalars in every form that Flux reads', () => {
    expect(
      markedIn(`# {"$imagepolicy": "a:b"}
a: x:1 # {"$imagepolicy": "n:p"}
- "x:2" #{ "$imagepolicy" : "n:p" }\r
tag: '3' # {"$imagepolicy": "n:p:tag"}
b: x:4 # {"$other": "n:p"}`),
    ).toEqual([
      { at: expect.any(Number), value: 'x:1', policy: 'n:p', name: 'x', tag: '1' },
      { at: expect.any(Number), value: 'x:2', policy: 'n:p', name: 'x', tag: '2' },
      { at: expect.any(Number), value: '3', policy: 'n:p', tag: '3' },
    ]);
  });
});

describe('readTags', () => {
  const tags = (files: Record<string, string>) => readTags(new Map(Object.entries(files)));

  test('reads the tag, with a port in the registry and a digest behind', () => {
    const read = tags({
      'studio/a.yaml': `a:\n  ${line('1.5.0@sha256:ab')}\n  other: ghcr.io/x:1\n`,
      'studio/b.yaml':
        'image:\n  repository: ghcr.io/b # {"$imagepolicy": "f:b:name"}\n  tag: "7" # {"$imagepolicy": "f:b:tag"}\n',
    });
    expect(Object.fromEntries(read.tags)).toEqual({ 'flux-system:app': '1.5.0@sha256:ab', 'f:b': '7' });
    expect(read.findings).toEqual([]);
  });

  test('refuses files that disagree, and names each place', () => {
    const { findings } = tags({
      'studio/a.yaml': line('1.4.2'),
      'studio/b.yaml': `x: 1\n${line('1.5.0')}`,
      'studio/c.yaml': line('1.4.2'),
    });
    expect(findings).toEqual([
      {
        rule: 'image-tag-clash',
        severity: 'error',
        object: 'ImagePolicy flux-system/app',
        file: 'clusters/studio/a.yaml',
        line: 1,
        message:
          'the committed files disagree on its tag: 1.4.2 (clusters/studio/a.yaml:1), 1.5.0 (clusters/studio/b.yaml:2)',
        fix: 'write the tag that should run into each of these lines, then run synth again',
      },
    ]);
  });

  test('in a merge conflict both sides count, their base does not', () => {
    const conflict = (ours: string, base: string, theirs: string) =>
      `<<<<<<< HEAD\n${line(ours)}\n||||||| base\n${line(base)}\n=======\n${line(theirs)}\n>>>>>>> topic\n${line(ours)}\n`;
    const settled = tags({ 'studio/a.yaml': conflict('1.5.0', '1.4.2', '1.5.0') });
    expect(settled).toEqual({ tags: new Map([['flux-system:app', '1.5.0']]), findings: [] });
    const open = tags({ 'studio/a.yaml': conflict('1.5.0', '1.4.2', '1.6.0') });
    expect(open.findings[0]?.message).toContain('1.5.0 (clusters/studio/a.yaml:2), 1.6.0 (clusters/studio/a.yaml:6)');
  });
});
