import { describe, expect, test } from '@jest/globals';
import { artifactPlace, type OciSource } from '../../imports/source.ts';
import { toYaml } from '../../synth/emit.ts';
import { syncObjects } from '../../synth/flux/source.ts';
import { sourceFindings } from '../../synth/flux/source-findings.ts';
import type { KubeObject } from '../../synth/manifest.ts';

const own = { prefix: 'registry.test:5000/team', insecure: true, pullSecret: 'registry' };
const facts = (more: Partial<OciSource> = {}) => ({
  name: 'home',
  repository: { kind: 'oci', url: 'ssh://git@git.test/fleet', branch: 'main', ...more } as const,
  registries: { own },
});
const git = { ...facts(), repository: { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' } as const };
const yaml = (objects: readonly KubeObject[]) => objects.map((object) => toYaml(object)).join('---\n');
const tree = (text: string, file = 'gotk-sync.yaml') => new Map([[`home/flux-system/${file}`, text]]);

describe('the place of an artifact', () => {
  test('is below the own registry, under a Secret that is there before Flux', () => {
    expect(artifactPlace(facts())).toEqual({
      host: 'registry.test:5000',
      name: 'team/fleet',
      tag: 'home',
      insecure: true,
      pullSecret: 'flux-system',
    });
    expect(artifactPlace(git)).toBeUndefined();
  });

  test('may be anywhere', () => {
    const registry = { prefix: 'ghcr.io/you', pullSecret: 'ghcr' };
    const full: Required<OciSource> = {
      ...facts().repository,
      interval: '30s',
      artifact: 'infra/home',
      tag: 'live',
      registry,
    };
    expect(artifactPlace(facts(full))).toEqual({
      host: 'ghcr.io',
      name: 'you/infra/home',
      tag: 'live',
      insecure: false,
      pullSecret: 'ghcr',
    });
    expect(syncObjects(facts(full))[0]).toMatchObject({
      spec: { interval: '30s', url: 'oci://ghcr.io/you/infra/home', ref: { tag: 'live' }, secretRef: { name: 'ghcr' } },
    });
  });

  test.each([
    [{ artifact: 'Fleet' }, 'registry.test:5000/team/Fleet is no place in a registry'],
    [{ registry: { prefix: 'https://ghcr.io/you' } }, 'https://ghcr.io/you/fleet is no place in a registry'],
    [{ tag: 'a b' }, '"a b" is no tag'],
  ])('refused: %j', (more, message) => {
    expect(sourceFindings(facts(more), new Map()).map((finding) => finding.message)).toEqual([
      expect.stringContaining(message),
    ]);
  });
});

describe('what Flux reads', () => {
  test('is what flux bootstrap makes of git', () => {
    expect(syncObjects(git)).toEqual([
      {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'GitRepository',
        metadata: { name: 'flux-system', namespace: 'flux-system' },
        spec: {
          interval: '1m',
          ref: { branch: 'main' },
          secretRef: { name: 'flux-system' },
          url: 'ssh://git@git.test/fleet',
        },
      },
      {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name: 'flux-system', namespace: 'flux-system' },
        spec: {
          interval: '10m',
          path: './clusters/home',
          prune: true,
          sourceRef: { kind: 'GitRepository', name: 'flux-system' },
        },
      },
    ]);
  });

  test('is an artifact of plain HTTP, unpacked', () => {
    const [source, root] = syncObjects(facts());
    expect(source!['spec']).toEqual({
      insecure: true,
      interval: '1m',
      layerSelector: { mediaType: 'application/vnd.cncf.flux.content.v1.tar+gzip', operation: 'extract' },
      ref: { tag: 'home' },
      secretRef: { name: 'flux-system' },
      url: 'oci://registry.test:5000/team/fleet',
    });
    expect(root).toMatchObject({ spec: { sourceRef: { kind: 'OCIRepository' } } });
  });

  test('passes where the hand-owned root says the same, before there is one, and where it cannot be read', () => {
    for (const environment of [git, facts()]) {
      expect(sourceFindings(environment, tree(yaml(syncObjects(environment))))).toEqual([]);
    }
    expect(sourceFindings(facts(), new Map())).toEqual([]);
    expect(sourceFindings(facts(), tree('kind: OCIRepository\n  : ['))).toEqual([]);
    // Definitions of kinds name them too, and sources of other names are nobody's business.
    expect(sourceFindings(facts(), tree('kind: GitRepository\nmetadata: { name: podinfo }\n', 'more.yaml'))).toEqual(
      [],
    );
  });

  test.each([
    ['from git, where it is an artifact now', facts(), git, "the environment's repository makes it OCIRepository"],
    ['from an artifact, where it is git now', git, facts(), "the environment's repository makes it GitRepository"],
    ['another tag', facts(), facts({ tag: 'other' }), 'spec.ref.tag is other, and'],
    ['another registry', facts(), facts({ registry: { prefix: 'ghcr.io' } }), 'spec.url is oci://ghcr.io/fleet, and'],
  ])('refused: the root reads %s', (_, environment, kept, message) => {
    const [finding] = sourceFindings(environment, tree(yaml(syncObjects(kept))));
    expect(finding).toMatchObject({
      rule: 'flux-source',
      severity: 'error',
      file: 'clusters/home/flux-system/gotk-sync.yaml',
      message: expect.stringContaining(message),
      fix: expect.stringContaining('npm run --silent source -- home > clusters/home/flux-system/gotk-sync.yaml'),
    });
  });
});

describe('an artifact holds its environment alone', () => {
  const flux = (path: string, source = 'flux-system') =>
    `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: mine }\nspec: { path: ${path}, sourceRef: { kind: OCIRepository, name: ${source} } }\n`;
  const list = (entry: string) => `kind: Kustomization\nresources: [${entry}]\n`;
  const messages = (path: string, content: string, environment: Parameters<typeof sourceFindings>[0] = facts()) =>
    sourceFindings(environment, new Map([[path, content]])).map(({ message }) => message);

  test.each([
    ['home/mine/kustomization.yaml', list('../../shared/base')],
    ['home/mine.yaml', flux('./shared')],
    ['home/mine.yaml', flux('./clusters/homes')],
    ['home/mine.yaml', flux('./clusters/home/../other')],
  ])('refused: %s with %j', (path, content) => {
    expect(messages(path, content)).toEqual([expect.stringContaining('an artifact holds clusters/home alone')]);
    expect(messages(path, content, git)).toEqual([]);
  });

  test.each([
    ['home/mine/kustomization.yaml', list('../other')],
    ['home/mine/kustomization.yaml', list('https://example.org/../base.yaml')],
    ['home/mine.yaml', flux('./clusters/home/mine')],
    ['home/mine.yaml', flux('./deploy', 'podinfo')],
  ])('passes: %s with %j', (path, content) => {
    expect(messages(path, content)).toEqual([]);
  });
});
