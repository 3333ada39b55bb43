import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { storageRules } from '../../synth/check/storage.ts';
import type { KubeObject } from '../../synth/manifest.ts';
import { type ClusterFacts, resolve } from '../../synth/resolve.ts';

// The rules' own examples are in rules.test.ts; here is what they take from the environment.

const storageClasses: ClusterFacts['storageClasses'] = {
  'local-path': { kind: 'node', default: true, expandable: false },
  disk: { kind: 'network', expandable: true },
  nas: { kind: 'shared', expandable: false },
};

function found(yaml: string, { closed = true, provides = [] as string[] } = {}) {
  const manifest = { object: load(yaml) as KubeObject, path: 'data/store', chart: 'data', unit: 'store' };
  const index = resolve(
    { manifests: [manifest], declared: [] },
    {
      provides: [{ objects: provides.map((name) => ({ kind: 'CSIDriver', name })) }],
      closed,
      cluster: { storageClasses },
    },
  );
  return storageRules.flatMap((rule) =>
    [...rule.check({ index, closed, committed: () => undefined })].map(
      ({ field, severity = rule.severity }) => `${severity} ${rule.name} ${field}`,
    ),
  );
}

const statefulSet = (claim: string, replicas = 3) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: mongodb, namespace: data}
spec: {replicas: ${replicas}, volumeClaimTemplates: [{metadata: {name: data}, spec: ${claim}}]}`;

describe('what may live where', () => {
  test.each([
    ['members on a file server', statefulSet('{storageClassName: nas}')],
    [
      'brokers of RabbitMQ',
      'apiVersion: rabbitmq.com/v1beta1\nkind: RabbitmqCluster\nmetadata: {name: mq, namespace: data}\nspec: {replicas: 3, persistence: {storageClassName: nas}}',
    ],
    [
      'brokers of Kafka',
      'apiVersion: kafka.strimzi.io/v1\nkind: KafkaNodePool\nmetadata: {name: kafka, namespace: data}\nspec: {replicas: 3, storage: {type: jbod, volumes: [{id: 0, type: persistent-claim, class: nas}]}}',
    ],
  ])('refused: %s', (_, yaml) => {
    expect(found(yaml)).toEqual([expect.stringMatching(/^error replicas-on-shared-storage /)]);
  });

  test.each([
    ['members on disks of their nodes', statefulSet('{storageClassName: local-path}')],
    ['members on disks that follow them', statefulSet('{storageClassName: disk}')],
    ['one writer on a file server', statefulSet('{storageClassName: nas}', 1)],
    [
      'many writers on a file server',
      'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: media}\nspec: {storageClassName: nas, accessModes: [ReadWriteMany]}',
    ],
    ['a class nobody knows more of', statefulSet('{storageClassName: other}')],
  ])('taken: %s', (_, yaml) => {
    expect(found(yaml)).toEqual([]);
  });

  test('the default class counts where none is named', () => {
    expect(found(statefulSet('{accessModes: [ReadWriteMany]}'))).toEqual([
      'error access-mode spec.volumeClaimTemplates[0].spec.accessModes',
    ]);
  });

  test("of a stranger's members it is only mentioned", () => {
    expect(found(statefulSet('{storageClassName: nas}'), { closed: false })).toEqual([
      expect.stringMatching(/^info replicas-on-shared-storage/),
    ]);
  });
});

describe('provisioners', () => {
  const storageClass = (provisioner: string) =>
    `apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: nfs}\nprovisioner: ${provisioner}`;

  test('has to be the name that the driver registers, not that of its chart', () => {
    const provides = ['nfs.csi.k8s.io'];
    expect(found(storageClass('nfs-subdir-external-provisioner'), { provides })).toEqual([
      'error unknown-provisioner provisioner',
    ]);
    expect(found(storageClass('nfs.csi.k8s.io'), { provides })).toEqual([]);
  });

  test("a stranger's may be installed elsewhere", () => {
    expect(found(storageClass('example.com/nfs'), { closed: false })).toEqual([]);
  });
});
