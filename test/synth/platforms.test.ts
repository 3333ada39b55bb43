import { describe, expect, test } from '@jest/globals';
import type { Node, NodePool } from '../../imports/environment.ts';
import { platformRules } from '../../synth/check/platforms.ts';
import { repositoryOf } from '../../synth/image-reference.ts';
import type { Rendered } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import { fleet, object, unit } from './fleet.ts';

const size = { cpu: '4', memory: '8Gi', disk: '100Gi' };
const pi: Node = { name: 'pi', arch: 'arm64', ...size };
const box: Node = { name: 'box', arch: 'amd64', ...size };
const platforms = { 'docker.io/library/redis': ['amd64', 'arm64'], 'docker.io/acme/tool': ['amd64'] } as const;

const pod = (image: string, spec: object = {}) => ({ spec: { containers: [{ name: 'main', image }], ...spec } });
const workload = (image: string, { kind = 'Deployment', ...spec }: { kind?: string } & Record<string, unknown> = {}) =>
  fleet(unit('shop/api', [object(`apps/v1 ${kind}`, 'shop/api', { spec: { template: pod(image, spec) } })]));

function said(rendered: Rendered, nodes: readonly (Node | NodePool)[], closed = true) {
  const index = resolve(rendered, { provides: [], closed, cluster: { nodes, platforms } });
  return platformRules.flatMap((rule) =>
    [...rule.check({ index, closed, committed: () => undefined })].map(({ message, fix, severity }) => ({
      rule: rule.name,
      severity: severity ?? rule.severity,
      message,
      fix,
    })),
  );
}

describe('an image and the nodes its pod may come to', () => {
  test('one that exists for all of them is fine, one for some is an error, with the selector that keeps it away', () => {
    expect(said(workload('redis:7'), [pi, box])).toEqual([]);
    expect(said(workload('acme/tool:1'), [pi, box])).toEqual([
      {
        rule: 'missing-platform',
        severity: 'error',
        message:
          'spec.template.spec.containers[0].image: docker.io/acme/tool exists for amd64 alone, and its pods may come to pi (arm64)',
        fix: 'keep them away by nodeSelector kubernetes.io/arch: amd64, or use an image that exists for arm64',
      },
    ]);
  });

  test('one that exists for none of them is an error', () => {
    const [problem, ...others] = said(workload('acme/tool:1', { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }), [
      pi,
      box,
    ]);
    expect(others).toEqual([]);
    expect(problem!.message).toMatch(/exists for amd64 alone, and the only nodes for its pods are pi \(arm64\)$/);
    expect(problem!.fix).toBe('let them go to a node that is amd64, or use an image that exists for arm64');
  });

  test.each<[string, Parameters<typeof workload>[1], readonly (Node | NodePool)[]]>([
    ['a node selector', { nodeSelector: { 'kubernetes.io/arch': 'amd64' } }, [pi, box]],
    [
      'node affinity',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] },
              ],
            },
          },
        },
      },
      [pi, box],
    ],
    ['a taint it does not tolerate', {}, [{ ...pi, taints: [{ key: 'arm', effect: 'NoSchedule' }] }, box]],
    ['the name of its node', { nodeName: 'box' }, [pi, box]],
    ['a pool without nodes', {}, [{ ...pi, count: 0 }, box]],
    ['no node at all that would take it', { nodeSelector: { disk: 'ssd' } }, [pi, box]],
  ])('kept away by %s', (_, spec, nodes) => {
    expect(said(workload('acme/tool:1', spec), nodes)).toEqual([]);
  });

  test('a DaemonSet comes to every node that it tolerates', () => {
    const tainted = { ...pi, taints: [{ key: 'arm', effect: 'NoSchedule' }] } as const;
    const spec = { kind: 'DaemonSet', tolerations: [{ operator: 'Exists' }] };
    expect(said(workload('acme/tool:1', spec), [tainted, box])).toHaveLength(1);
  });

  test('the same image in two containers is told once', () => {
    const twice = workload('acme/tool:1', {
      initContainers: [{ name: 'first', image: 'docker.io/acme/tool:1@sha256:0' }],
    });
    expect(said(twice, [pi, box])).toHaveLength(1);
  });
});

describe('an image that nothing is known of', () => {
  test('is a warning where its pod may come to another node than amd64, and nothing elsewhere', () => {
    expect(said(workload('ghcr.io/acme/new:1'), [pi, box])).toEqual([
      expect.objectContaining({
        rule: 'unknown-platforms',
        severity: 'warning',
        message: expect.stringMatching(/nothing says whether ghcr\.io\/acme\/new exists for arm64.*come to pi$/),
      }),
    ]);
    expect(said(workload('ghcr.io/acme/new:1'), [box])).toEqual([]);
  });

  test('is known where the chart says what an own image is built for', () => {
    const own = { platforms: { 'ghcr.io/acme/new': ['arm64'] } } as const;
    const { manifests } = workload('ghcr.io/acme/new:1');
    expect(said({ manifests, declared: unit('shop/images', [], own).declared }, [pi])).toEqual([]);
    expect(said({ manifests, declared: unit('shop/images', [], own).declared }, [pi, box])).toEqual([
      expect.objectContaining({ rule: 'missing-platform', message: expect.stringContaining('box (amd64)') }),
    ]);
  });
});

test('pods of a chart are told by the object that brings them', () => {
  const runs = [
    { namespace: 'tools', name: 'tool', pods: 1, cpu: '1', memory: '1Gi', images: ['docker.io/acme/tool'] },
  ];
  const release = object('helm.toolkit.fluxcd.io/v2 HelmRelease', 'tools/tool');
  expect(said(fleet(unit('tools/tool', [release], { runs })), [pi, box])).toEqual([
    expect.objectContaining({ message: expect.stringMatching(/^pods tools\/tool: docker\.io\/acme\/tool exists for/) }),
  ]);
  const kept = runs.map((each) => ({ ...each, nodeSelector: { 'kubernetes.io/arch': 'amd64' } }));
  expect(said(fleet(unit('tools/tool', [release], { runs: kept })), [pi, box])).toEqual([]);
  const silent = runs.map(({ images: _, ...each }) => each);
  expect(said(fleet(unit('tools/tool', [release], { runs: silent })), [pi, box])).toEqual([]);
});

test('pods of an operator are told by its custom resource', () => {
  const cluster = object('rabbitmq.com/v1beta1 RabbitmqCluster', 'mq/mq', { spec: { image: 'acme/tool:1' } });
  expect(said(fleet(unit('mq/mq', [cluster])), [pi, box])).toEqual([
    expect.objectContaining({ rule: 'missing-platform' }),
  ]);
});

test("in a stranger's folder a known image is a warning, and an unknown one nothing", () => {
  expect(said(workload('acme/tool:1'), [pi, box], false)).toEqual([
    expect.objectContaining({ rule: 'missing-platform', severity: 'warning' }),
  ]);
  expect(said(workload('ghcr.io/acme/new:1'), [pi, box], false)).toEqual([]);
  expect(said(workload('${IMAGE}'), [pi, box])).toEqual([]);
  // Nor is anything said of nodes that the list does not tell of.
  expect(said(workload('acme/tool:1'), [{ ...pi, arch: 'riscv64' as never }, box])).toEqual([]);
});

test.each([
  ['redis', 'docker.io/library/redis'],
  ['redis:7@sha256:00', 'docker.io/library/redis'],
  ['docker.io/redis:7', 'docker.io/library/redis'],
  ['index.docker.io/library/redis', 'docker.io/library/redis'],
  ['grafana/loki:3', 'docker.io/grafana/loki'],
  ['registry:5000/team/app:1', 'registry:5000/team/app'],
  ['localhost/app', 'localhost/app'],
  ['ghcr.io/org/a/b:v1', 'ghcr.io/org/a/b'],
])('%s is %s in full', (image, repository) => expect(repositoryOf(image)).toBe(repository));
