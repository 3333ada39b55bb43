import { describe, expect, test } from '@jest/globals';
import { compareObjects, layoutOf } from '../../synth/layout.ts';
import type { Declared, KubeObject, Manifest } from '../../synth/manifest.ts';

const object = (apiVersion: string, kind: string, name: string, namespace?: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});

function manifest(path: string, object: KubeObject): Manifest {
  const [chart, unit] = path.split('/') as [string, string];
  return { path, chart, unit, object };
}

const declared = (path: string, relation: Partial<Declared>): Declared => {
  const [chart, unit = ''] = path.split('/') as [string, string];
  return { path, chart, unit, ...relation };
};

function placesOf(manifests: Manifest[], ...relations: Declared[]) {
  const { folders } = layoutOf(manifests, relations);
  return [...folders.values()].flatMap(({ name, files }) =>
    [...files].flatMap(([file, some]) =>
      some.map(({ object }) => `${name}/${file}: ${object.kind} ${object.metadata.name}`),
    ),
  );
}

describe('folders', () => {
  const operator = [
    manifest('kafka/operator/ns', object('v1', 'Namespace', 'kafka')),
    manifest('kafka/operator/release', object('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'strimzi', 'kafka')),
    manifest('kafka/operator/source', object('source.toolkit.fluxcd.io/v1', 'OCIRepository', 'strimzi', 'kafka')),
    manifest('kafka/cluster/kafka', object('kafka.strimzi.io/v1', 'Kafka', 'events', 'kafka')),
    manifest('kafka/cluster/volume/claim', object('v1', 'PersistentVolumeClaim', 'data', 'kafka')),
    manifest('kafka/crd', object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'a.b.c')),
    manifest('kafka/image', object('image.toolkit.fluxcd.io/v1', 'ImageRepository', 'app', 'flux-system')),
  ];

  test('by kind, where nothing is declared', () => {
    expect(placesOf(operator)).toEqual([
      'namespaces/kafka: Namespace kafka',
      'kafka-controllers/operator: OCIRepository strimzi',
      'kafka-controllers/operator: HelmRelease strimzi',
      'kafka-controllers/crd: CustomResourceDefinition a.b.c',
      'kafka/cluster: PersistentVolumeClaim data',
      'kafka/cluster: Kafka events',
      'kafka/image: ImageRepository app',
    ]);
  });

  test('the nearest declared layer, but for Namespaces', () => {
    expect(
      placesOf(operator, declared('kafka', { layer: 'stores' }), declared('kafka/cluster/volume', { layer: 'apps' })),
    ).toEqual([
      'namespaces/kafka: Namespace kafka',
      'kafka-stores/operator: OCIRepository strimzi',
      'kafka-stores/operator: HelmRelease strimzi',
      'kafka-stores/cluster: Kafka events',
      'kafka-stores/crd: CustomResourceDefinition a.b.c',
      'kafka-stores/image: ImageRepository app',
      'kafka/cluster: PersistentVolumeClaim data',
    ]);
  });

  test('one file per Namespace, whatever the units are called', () => {
    const namespaces = ['notifi', 'neotool'].flatMap((chart) => [
      manifest(`${chart}/namespace/ns`, object('v1', 'Namespace', chart)),
      manifest(`${chart}/namespace/quota`, object('v1', 'ResourceQuota', 'quota', chart)),
    ]);
    const early = ['notifi', 'neotool'].map((chart) => declared(`${chart}/namespace`, { layer: 'namespaces' }));
    expect(placesOf(namespaces, ...early)).toEqual([
      'namespaces/notifi: Namespace notifi',
      'namespaces/notifi: ResourceQuota quota',
      'namespaces/neotool: Namespace neotool',
      'namespaces/neotool: ResourceQuota quota',
    ]);
  });

  test('layer by layer; a platform chart is infrastructure', () => {
    const names = ['z', 'a', 'platform'];
    const manifests = names.map((chart) => manifest(`${chart}/unit/config`, object('v1', 'ConfigMap', 'c', 'x')));
    const { folders } = layoutOf(
      [...manifests, manifest('a/store/set', object('apps/v1', 'StatefulSet', 's', 'x'))],
      [declared('a/store', { layer: 'stores' }), declared('platform/unit', { platform: true })],
    );
    expect([...folders.values()].map(({ name, infrastructure }) => [name, infrastructure])).toEqual([
      ['a-stores', true],
      ['platform', true],
      ['a', false],
      ['z', false],
    ]);
  });
});

test('objects: fixed kinds, others by name, then namespace, then name', () => {
  const objects = [
    object('v1', 'Service', 'a', 'x'),
    object('example.org/v1', 'Zebra', 'a', 'x'),
    object('example.org/v1', 'Ant', 'a', 'x'),
    object('apps/v1', 'Deployment', 'b', 'x'),
    object('apps/v1', 'Deployment', 'a', 'y'),
    object('apps/v1', 'Deployment', 'a', 'x'),
    object('v1', 'ServiceAccount', 'a', 'x'),
  ];
  expect(
    objects.sort(compareObjects).map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`),
  ).toEqual([
    'ServiceAccount x/a',
    'Deployment x/a',
    'Deployment x/b',
    'Deployment y/a',
    'Service x/a',
    'Ant x/a',
    'Zebra x/a',
  ]);
});
