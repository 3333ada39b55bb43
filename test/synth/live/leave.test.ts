import { expect, test } from '@jest/globals';
import { departureOf, isAtWork } from '../../../synth/live/leave.ts';
import type { KubeObject } from '../../../synth/manifest.ts';

const kustomization = (name: string, ids: string[], spec: object = {}): KubeObject => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name, namespace: 'flux-system' },
  spec: { sourceRef: { kind: 'GitRepository', name: 'flux-system' }, ...spec },
  status: { inventory: { entries: ids.map((id) => ({ id, v: 'v1' })) } },
});
const inner = (name: string) => `flux-system_${name}_kustomize.toolkit.fluxcd.io_Kustomization`;

const root = kustomization('flux-system', [
  inner('shop'),
  inner('platform'),
  'flux-system_flux-system_source.toolkit.fluxcd.io_GitRepository',
  'flux-system_kustomize-controller_apps_Deployment',
]);
const shop = kustomization('shop', ['shop_api_apps_Deployment', 'shop_data__PersistentVolumeClaim', inner('deep')]);
const deep = kustomization('deep', ['shop_web_apps_Deployment']);
const platform = kustomization('platform', [
  'web_traefik_helm.toolkit.fluxcd.io_HelmRelease',
  'web_traefik_source.toolkit.fluxcd.io_HelmRepository',
  'flux-system_tags_image.toolkit.fluxcd.io_ImageUpdateAutomation',
  'flux-system_slack_notification.toolkit.fluxcd.io_Provider',
]);
const theirs = kustomization('theirs', ['other_x_apps_Deployment']);
const said = (handles: readonly { said: string }[]) => handles.map((each) => each.said);
const { suspended, deleted, kept } = departureOf(root, [theirs, platform, deep, shop, root]);

test('the root stands still first, then all that it has applied, image automation and Helm releases too', () => {
  expect(said(suspended)).toEqual([
    'Kustomization flux-system/flux-system',
    'Kustomization flux-system/shop',
    'Kustomization flux-system/platform',
    'Kustomization flux-system/deep',
    'HelmRelease web/traefik',
    'ImageUpdateAutomation flux-system/tags',
  ]);
});

test('only what tells Flux what to do is deleted, the root last; Helm releases stay', () => {
  expect(said(deleted)).toEqual([
    'HelmRepository web/traefik',
    'ImageUpdateAutomation flux-system/tags',
    'Provider flux-system/slack',
    'Kustomization flux-system/shop',
    'Kustomization flux-system/platform',
    'Kustomization flux-system/deep',
    'GitRepository flux-system/flux-system',
    'Kustomization flux-system/flux-system',
  ]);
  expect(deleted[0]!.kind).toBe('HelmRepository.v1.source.toolkit.fluxcd.io');
});

test('everything else stays, and what others have applied is not looked at', () => {
  expect(kept.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'Deployment kustomize-controller',
    'Deployment api',
    'PersistentVolumeClaim data',
    'HelmRelease traefik',
    'Deployment web',
  ]);
  expect(JSON.stringify([suspended, deleted, kept])).not.toContain('theirs');
});

test('a run that broke off is found again by what is left', () => {
  const rest = departureOf(root, [root]);
  expect(said(rest.suspended)).toEqual(['Kustomization flux-system/flux-system']);
  expect(said(rest.deleted)).toEqual([
    'GitRepository flux-system/flux-system',
    'Kustomization flux-system/flux-system',
  ]);
});

test('a controller is at work while it says so, and not while it waits to try again', () => {
  const says = (status: string, reason: string) => ({
    ...root,
    status: { conditions: [{ type: 'Reconciling', status, reason }] },
  });
  expect(isAtWork(says('True', 'Progressing'))).toBe(true);
  expect(isAtWork(says('True', 'ProgressingWithRetry'))).toBe(false);
  expect(isAtWork(root)).toBe(false);
});
