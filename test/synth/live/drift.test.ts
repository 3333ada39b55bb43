import { describe, expect, test } from '@jest/globals';
import { afterTakingOver, applyMode, asApplied, changesOf, restartsPods } from '../../../synth/live/drift.ts';
import type { KubeObject } from '../../../synth/manifest.ts';
import { deployment, env, fieldsOf, IMAGE, managed } from './objects.ts';

const value = (name: string) => ({ name, value: 'x' });

describe('what Flux takes over of what kubectl has set', () => {
  const committed = deployment({ env: [value('KEPT')] });
  const live = (...managedFields: object[]) =>
    deployment({ env: [value('KEPT'), value('BY_HAND')], metadata: { managedFields } });
  const left = (object: KubeObject) => JSON.stringify(afterTakingOver(committed, object, object).spec);
  const byHand = fieldsOf([...env('BY_HAND'), '.'], [...env('BY_HAND'), 'name'], [...env('BY_HAND'), 'value']);

  test.each(['kubectl-client-side-apply', 'kubectl-edit', 'kubectl-set', 'before-first-apply'])(
    'a variable that %s has set goes',
    (manager) => {
      expect(left(live(managed(manager, 'Update', byHand)))).not.toContain('BY_HAND');
    },
  );

  test('one that somebody else has set stays, also where kubectl has set it too', () => {
    expect(left(live(managed('vpa', 'Update', byHand)))).toContain('BY_HAND');
    expect(left(live(managed('vpa', 'Update', byHand), managed('kubectl-edit', 'Update', byHand)))).toContain(
      'BY_HAND',
    );
  });

  test('so does what was scaled, which is another subresource, and what is committed', () => {
    const scaled = live(managed('kubectl', 'Update', fieldsOf(['spec', 'replicas']), 'scale'));
    expect(afterTakingOver(committed, scaled, scaled)).toBe(scaled);
    const edited = live(managed('kubectl-edit', 'Update', fieldsOf(IMAGE, [...env('KEPT'), '.'])));
    expect(afterTakingOver(committed, edited, edited)).toEqual(edited);
  });

  test('a field of the object that is not committed goes, with its whole value', () => {
    const object = deployment({
      metadata: {
        labels: { team: 'a', app: 'api' },
        managedFields: [managed('kubectl-label', 'Update', fieldsOf(['metadata', 'labels', 'team']))],
      },
    });
    const after = afterTakingOver(asApplied(deployment(), 'flux-system/shop'), object, object);
    expect(after.metadata.labels).toEqual({ app: 'api' });
  });

  test('an object that Flux only merges into keeps everything', () => {
    const merged = deployment({ metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/ssa': 'Merge' } } });
    const object = live(managed('kubectl-edit', 'Update', byHand));
    expect(afterTakingOver(merged, object, object)).toBe(object);
  });

  test('a port is found by the key that the server has filled in', () => {
    const service = (ports: object[], managedFields: object[] = []): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'api', namespace: 'shop', managedFields },
      spec: { ports },
    });
    const key = ['spec', 'ports', 'k:{"port":80,"protocol":"TCP"}'];
    const object = service(
      [{ port: 80, protocol: 'TCP' }],
      [managed('kubectl-edit', 'Update', fieldsOf([...key, '.']))],
    );
    expect(afterTakingOver(service([{ port: 80 }]), object, object)).toEqual(object);
    expect(afterTakingOver(service([]), object, object).spec).toEqual({ ports: [] });
  });
});

describe('what differs', () => {
  test('is said by field, with who set it, and without what is the server’s own', () => {
    const by = [
      managed('kubectl-edit', 'Update', fieldsOf(IMAGE)),
      managed('kustomize-controller', 'Apply', fieldsOf(IMAGE)),
    ];
    const live = deployment({
      image: 'api:2',
      metadata: {
        managedFields: by,
        resourceVersion: '7',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
      status: { replicas: 2 },
    });
    const changes = changesOf(live, deployment());
    expect(changes).toEqual([
      {
        field: 'spec.template.spec.containers[name=api].image',
        live: '"api:2"',
        wanted: '"api:1"',
        by: 'kubectl-edit',
      },
    ]);
    expect(restartsPods(live, changes)).toBe(true);
    expect(restartsPods(live, changesOf(deployment({ replicas: 3 }), deployment()))).toBe(false);
  });

  test('is not that somebody has asked Flux to look now', () => {
    const asked = deployment({ metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': '2026-01-01' } } });
    expect(changesOf(asked, deployment())).toEqual([]);
  });

  test('values of Secrets are never shown, long ones are cut', () => {
    const secret = (data: object): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data });
    expect(changesOf(secret({ key: 'b2xk' }), secret({ key: 'bmV3' }))).toEqual([
      { field: 'data.key', live: '(not shown)', wanted: '(not shown)' },
    ]);
    expect(changesOf(secret({}), secret({ key: 'bmV3' }))).toEqual([{ field: 'data.key', wanted: '(not shown)' }]);
    const [change] = changesOf(deployment(), deployment({ image: 'x'.repeat(500) }));
    expect(change!.wanted!.length).toBeLessThan(110);
  });
});

test.each<[string, Record<string, string>, string]>([
  ['reconcile', { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' }, 'never'],
  ['ssa', { 'kustomize.toolkit.fluxcd.io/ssa': 'Ignore' }, 'never'],
  ['ssa once', { 'kustomize.toolkit.fluxcd.io/ssa': 'IfNotPresent' }, 'once'],
  ['nothing', {}, 'always'],
])('what an object tells Flux by %s is heard', (_, annotations, mode) => {
  expect(applyMode(deployment({ metadata: { annotations } }), undefined)).toBe(mode);
});

test('what is encrypted in the repository is not compared', () => {
  expect(applyMode({ ...deployment(), sops: {} }, deployment())).toBe('once');
});
