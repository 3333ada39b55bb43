import { describe, expect, test } from '@jest/globals';
import { GitRelease, type GitReleaseProps } from '../../constructs/git-release.ts';
import { render } from './render.ts';

const minimal: GitReleaseProps = {
  from: 'https://github.com/rabbitmq',
  version: 'v2.22.3',
  path: 'config/installation',
};
const release = (props: Partial<GitReleaseProps> = {}) =>
  render((chart) => {
    new GitRelease(chart, 'cluster-operator', { ...minimal, ...props });
  });

describe('GitRelease', () => {
  test('minimal: one tag of the repository, one folder, its Namespace left out', () => {
    const { problems, find, relations } = release();
    expect(problems).toEqual([]);
    expect(relations).toMatchObject([{ layer: 'controllers' }]);
    expect(find('GitRepository', 'cluster-operator').spec).toEqual({
      interval: '10m',
      url: 'https://github.com/rabbitmq/cluster-operator',
      ref: { tag: 'v2.22.3' },
      ignore: '/*\n!/config\n',
    });
    const { spec } = find('Kustomization', 'cluster-operator');
    expect(spec).toMatchObject({
      path: './config/installation',
      prune: true,
      wait: true,
      sourceRef: { kind: 'GitRepository', name: 'cluster-operator' },
    });
    expect(spec.patches).toEqual([
      { target: { kind: 'Namespace' }, patch: expect.stringMatching(/^\$patch: delete\n[\s\S]*name: shop\n$/) },
    ]);
  });

  test('everything at once: after another one, with images of its own', () => {
    const { find, relations, problems } = render((chart) => {
      const before = new GitRelease(chart, 'cluster-operator', minimal);
      const full: Required<GitReleaseProps> = {
        ...minimal,
        images: { 'ghcr.io/rabbitmq/messaging-topology-operator': '1.20.1' },
        provides: { kinds: ['rabbitmq.com/*'] },
        uses: [before],
      };
      new GitRelease(chart, 'messaging-topology-operator', full);
    });
    expect(problems).toEqual([]);
    expect(find('Kustomization', 'messaging-topology-operator').spec).toMatchObject({
      dependsOn: [{ name: 'cluster-operator' }],
      images: [{ name: 'ghcr.io/rabbitmq/messaging-topology-operator', newTag: '1.20.1' }],
    });
    expect(relations).toContainEqual({
      layer: 'controllers',
      provides: { kinds: ['rabbitmq.com/*'] },
      uses: ['shop/cluster-operator'],
    });
  });

  test('refuses a branch', () => {
    expect(release({ version: 'main' }).problems).toEqual([expect.stringContaining('version: "main" is no tag')]);
  });
});
