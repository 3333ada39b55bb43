import { describe, expect, test } from '@jest/globals';
import vinyl from '../../charts/environments/vinyl.ts';
import { promoteStage } from '../../synth/promote-stage.ts';
import { synthesize } from '../../synth/synthesize.ts';

const first = 'develop-0000000-1735689600';
const tested = 'develop-0a1b2c3-1795000000';
const older = 'develop-9f8e7d6-1790000000';
const rendered = synthesize(vinyl, new Map()).files;

/** Staging as image automation has moved it. */
const committed = new Map(
  [...rendered].map(([path, text]) => [
    path,
    path.includes('vinylvault-staging/')
      ? text.replaceAll(`vinylvault-backend:${first}`, `vinylvault-backend:${tested}`)
      : text,
  ]),
);

describe('promote-stage', () => {
  test('gives production the tags that staging runs, and changes nothing else', () => {
    const { files, promotions, unknown } = promoteStage(committed, { from: 'staging', to: 'production' });
    expect(unknown).toEqual([]);
    expect(promotions).toEqual([{ image: 'vinylvault-backend', from: first, to: tested }]);
    expect([...files.keys()]).toEqual(['vinyl/vinylvault-production/backend.yaml']);
    const [[path, text]] = [...files] as [[string, string]];
    expect(text).toContain(
      `vinylvault-backend:${tested} # {"$imagepolicy": "flux-system:production-vinylvault-backend"}`,
    );
    expect(text.replaceAll(tested, first)).toBe(committed.get(path));
  });

  test('synth keeps what was promoted, though both stages then run one image', () => {
    const { files } = promoteStage(committed, { from: 'staging', to: 'production' });
    const { files: again, findings } = synthesize(vinyl, new Map([...committed, ...files]));
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    for (const [path, text] of files) expect(again.get(path)).toBe(text);
  });

  test('the same a second time changes nothing', () => {
    const { files } = promoteStage(committed, { from: 'staging', to: 'production' });
    const again = promoteStage(new Map([...committed, ...files]), { from: 'staging', to: 'production' });
    expect(again).toMatchObject({ promotions: [], unknown: [] });
  });

  test('takes the images that are named, and says which are none', () => {
    const only = (...images: string[]) => promoteStage(committed, { from: 'staging', to: 'production', only: images });
    expect(only('vinylvault-frontend').promotions).toEqual([]);
    expect(only('vinylvault-backend').promotions).toHaveLength(1);
    expect(only('backend').unknown).toEqual(['backend']);
  });

  test('goes the other way too, to what ran before', () => {
    const back = new Map([...committed].map(([path, text]) => [path, text.replaceAll(tested, older)]));
    expect(promoteStage(back, { from: 'staging', to: 'production' }).promotions).toEqual([
      { image: 'vinylvault-backend', from: first, to: older },
    ]);
  });

  test('a stage that is none is named', () => {
    expect(promoteStage(committed, { from: 'staging', to: 'prod' }).unknown).toEqual(['prod']);
  });
});
