import { expect, test } from '@jest/globals';
import { ChartRelease, type ChartReleaseProps } from '../../constructs/chart-release.ts';
import { render } from './render.ts';

const release = (props: ChartReleaseProps) => render((chart) => new ChartRelease(chart, 'proxy', props));

test('from an OCI registry: one exact tag', () => {
  const { find, names, problems } = release({ from: 'oci://ghcr.io/acme/charts', version: 'v1.2.3' });
  expect(problems).toEqual([]);
  expect(names).toEqual(['HelmRelease shop/proxy', 'OCIRepository shop/proxy']);
  expect(find('OCIRepository', 'proxy').spec).toMatchObject({
    url: 'oci://ghcr.io/acme/charts/proxy',
    ref: { tag: 'v1.2.3' },
    layerSelector: { operation: 'copy' },
  });
  expect(find('HelmRelease', 'proxy').spec).toMatchObject({
    chartRef: { kind: 'OCIRepository', name: 'proxy' },
    install: { crds: 'CreateReplace', strategy: { name: 'RetryOnFailure' } },
    upgrade: { crds: 'CreateReplace', strategy: { name: 'RetryOnFailure' } },
  });
});

test('from a Helm repository, with everything', () => {
  const full: Required<ChartReleaseProps> = {
    identity: 'proxy',
    chart: 'proxy-server',
    from: 'https://charts.example.test',
    version: '4.5.6',
    values: { replicas: 2 },
    provides: { kinds: ['proxy.test/*'] },
    uses: [],
    runs: [{ name: 'proxy', pods: 2, cpu: '10m', memory: '64Mi', images: ['docker.io/acme/proxy'] }],
  };
  const { find, relations } = release(full);
  expect(find('HelmRepository', 'proxy-server').spec.url).toBe('https://charts.example.test');
  expect(find('HelmRelease', 'proxy-server').spec).toMatchObject({
    chart: {
      spec: { chart: 'proxy-server', version: '4.5.6', sourceRef: { kind: 'HelmRepository', name: 'proxy-server' } },
    },
    values: { replicas: 2 },
  });
  expect(relations).toContainEqual({ layer: 'controllers', provides: { kinds: ['proxy.test/*'] }, uses: [] });
  expect(relations).toContainEqual({
    runs: [{ namespace: 'shop', name: 'proxy', pods: 2, cpu: '10m', memory: '64Mi', images: ['docker.io/acme/proxy'] }],
  });
});

test.each(['1.x', '^1.2.0', 'latest', '>=1.0.0'])('refuses version %s', (version) => {
  expect(release({ from: 'oci://ghcr.io/acme', version }).problems).toEqual([expect.stringContaining(version)]);
});
