import { expect, test } from '@jest/globals';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { FluxNotifications, type FluxNotificationsProps } from '../../constructs/flux-notifications.ts';
import { render } from './render.ts';

const notifications = (props: FluxNotificationsProps) =>
  render((chart) => new FluxNotifications(chart, 'notifications', props));

test('speaks up when anything cannot be reconciled', () => {
  const { find, names, relations } = notifications({ channel: '#deploys' });
  expect(names).toEqual(['Alert shop/slack', 'Provider shop/slack']);
  expect(find('Provider', 'slack').spec).toEqual({
    type: 'slack',
    channel: '#deploys',
    secretRef: { name: 'flux-slack' },
  });
  expect(find('Alert', 'slack').spec).toMatchObject({
    providerRef: { name: 'slack' },
    eventSeverity: 'error',
    eventMetadata: { cluster: 'test' },
    eventSources: expect.arrayContaining([
      { kind: 'Kustomization', name: '*' },
      { kind: 'GitRepository', name: '*' },
    ]),
  });
  expect(relations).toContainEqual({ sealed: expect.objectContaining({ name: 'flux-slack', keys: ['address'] }) });
});

test('watches the source that the environment has', () => {
  const repository = { kind: 'oci', url: 'ssh://git@git.test/fleet', branch: 'main' } as const;
  const { find } = render((chart) => new FluxNotifications(chart, 'notifications', { channel: '#deploys' }), {
    repository,
  });
  const kinds = find('Alert', 'slack').spec.eventSources.map(({ kind }: { kind: string }) => kind);
  expect(kinds).toContain('OCIRepository');
  expect(kinds).not.toContain('GitRepository');
});

test('watches HelmReleases where they are, in charts that come later too', () => {
  const { find } = render((chart) => {
    new FluxNotifications(chart, 'notifications', { channel: '#deploys' });
    new ChartRelease(chart, 'proxy', { from: 'oci://ghcr.io/acme', version: '1.2.3' });
  });
  expect(find('Alert', 'slack').spec.eventSources).toContainEqual({
    kind: 'HelmRelease',
    name: '*',
    namespace: 'shop',
  });
});
