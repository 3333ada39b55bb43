import { describe, expect, test } from '@jest/globals';
import { imageProblems, OwnImages, type OwnImagesProps, referenceOf } from '../../constructs/images.ts';
import { type Options, render } from './render.ts';

const own = (name: string, first: string, props?: OwnImagesProps, options?: Options) => {
  let reference = '';
  const rendered = render((chart) => {
    const images = new OwnImages(chart, 'images', props);
    reference = referenceOf(images.own(name, first));
    expect(images.own(name, first)).toBe(images.own(name, first));
  }, options);
  return { ...rendered, reference };
};

describe('OwnImages', () => {
  test('leaves a pinned one alone: nobody looks for its tags, and it is pulled as the others are', () => {
    let image = {};
    const { names, relations } = render((chart) => {
      image = new OwnImages(chart, 'images').pinned('web', '2.0.0-rc1');
    });
    expect(image).toMatchObject({ repository: 'registry.test/team/web', tag: '2.0.0-rc1' });
    expect(names).toEqual([]);
    expect(relations).toEqual([{ platforms: { 'registry.test/team/web': ['amd64', 'arm64'] } }]);
  });

  test('has Flux follow the versions of one major number', () => {
    const { reference, names, find, relations } = own('web', '1.0.0');
    expect(reference).toBe('registry.test/team/web:1.0.0');
    expect(names).toEqual(['ImagePolicy flux-system/web', 'ImageRepository flux-system/web']);
    expect(find('ImageRepository', 'web').spec).toEqual({
      image: 'registry.test/team/web',
      interval: '10m',
      secretRef: { name: 'registry' },
    });
    expect(find('ImagePolicy', 'web').spec).toEqual({
      imageRepositoryRef: { name: 'web' },
      policy: { semver: { range: '1.x' } },
    });
    expect(relations).toEqual([
      {
        image: { policy: 'flux-system:web', repository: 'registry.test/team/web', tag: '1.0.0' },
        platforms: { 'registry.test/team/web': ['amd64', 'arm64'] },
      },
    ]);
  });

  test('the committed tag wins', () => {
    expect(own('web', '1.0.0', {}, { tags: { 'flux-system:web': '1.4.2' } }).reference).toBe(
      'registry.test/team/web:1.4.2',
    );
  });

  test('orders stamped tags by their stamp', () => {
    const tags = { stamped: '^prod-[a-f0-9]+-(?P<stamp>\\d+)$' };
    const { find, problems } = own('team/web', 'prod-0a1b2c3-1700000000', { tags });
    expect(problems).toEqual([]);
    expect(find('ImagePolicy', 'team-web').spec).toEqual({
      imageRepositoryRef: { name: 'team-web' },
      filterTags: { pattern: '^prod-[a-f0-9]+-(?P<stamp>\\d+)$', extract: '$stamp' },
      policy: { numerical: { order: 'asc' } },
    });
  });

  test('renders nothing where CI writes the tags, but still marks the image', () => {
    const { objects, relations } = own('web', '1.0.0', {}, { imageTags: 'ci' });
    expect(objects).toEqual([]);
    expect(relations[0]?.image?.policy).toBe('flux-system:web');
  });

  test('orders tags by the version in them', () => {
    const tags = { semver: '2.x', within: '^v(?P<version>[0-9.]+)-[a-f0-9]{7}-prod$' };
    const { find, problems } = own('web', 'v2.1.0-0000000-prod', { tags });
    expect(problems).toEqual([]);
    expect(find('ImagePolicy', 'web').spec).toEqual({
      imageRepositoryRef: { name: 'web' },
      filterTags: { pattern: tags.within, extract: '$version' },
      policy: { semver: { range: '2.x' } },
    });
    expect(own('web', 'v2.1.0', { tags }).problems).toHaveLength(1);
  });

  test('asks registries as often as the environment says', () => {
    const { find } = own('web', '1.0.0', {}, { flux: { interval: '10m', retryInterval: '1m', scanInterval: '30s' } });
    expect(find('ImageRepository', 'web').spec.interval).toBe('30s');
  });

  test('leaves the tag to a promotion, and has a policy of its own where the image is run twice', () => {
    const props: Required<OwnImagesProps> = {
      tags: { stamped: '^main-(?P<stamp>\\d+)$' },
      keptBy: 'promotion',
      prefix: 'production',
      platforms: ['arm64'],
    };
    const { objects, relations, problems } = own('web', 'main-1700000000', props);
    expect(problems).toEqual([]);
    expect(objects).toEqual([]);
    expect(relations[0]?.image?.policy).toBe('flux-system:production-web');
    expect(relations[0]?.platforms).toEqual({ 'registry.test/team/web': ['arm64'] });
  });

  test('one image may be built for less than the others', () => {
    const { relations } = render((chart) => {
      const images = new OwnImages(chart, 'images');
      images.own('web', '1.0.0', { platforms: ['amd64'] });
      images.pinned('tool', '2.0.0', { platforms: ['arm64'] });
      images.own('api', '1.0.0');
    });
    expect(relations.map(({ platforms }) => platforms)).toEqual([
      { 'registry.test/team/web': ['amd64'] },
      { 'registry.test/team/tool': ['arm64'] },
      { 'registry.test/team/api': ['amd64', 'arm64'] },
    ]);
  });

  test('refuses a tag that the rule passes by, the first one and the committed one', () => {
    const tags = { 'flux-system:web': 'latest-staging' };
    expect(own('web', 'sha-0a1b2c3', { tags: { stamped: '^main-(?P<stamp>\\d+)$' } }, { tags }).problems).toEqual([
      expect.stringContaining('tag sha-0a1b2c3 does not match ^main-'),
      expect.stringContaining('tag latest-staging does not match ^main-'),
    ]);
  });

  test('refuses a first tag that says nothing about the next', () => {
    expect(own('web', 'main').problems).toEqual([
      'web: first tag main is no version, nothing orders the tags after it; pass { tags }',
    ]);
  });

  test.each([
    ['redis', 'image: redis runs whatever was pushed last, it has to be pinned; give a version tag or a digest'],
    [
      'ghcr.io/owner/web:latest',
      'image: ghcr.io/owner/web:latest runs whatever was pushed last, it has to be pinned; give a version tag or a digest',
    ],
    ['Web: 1', 'image: "Web: 1" is not an image reference; write it like ghcr.io/owner/name:1.2.3'],
  ])('refuses %s', (image, problem) => {
    expect(imageProblems(image)).toEqual([problem]);
  });

  test.each(['redis:7.4.2', 'host.test:5000/a/b:1', `redis@sha256:${'a'.repeat(64)}`])('takes %s', (image) => {
    expect(imageProblems(image)).toEqual([]);
  });
});
