import { expect, test } from '@jest/globals';
import { SharedFolder } from '../../constructs/shared-folder.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, render } from './render.ts';

const storageClasses = { ...environment.storageClasses, nas: { kind: 'shared', expandable: false } as const };

const folder = (storageClass: string, storage = '200Gi') =>
  render(
    (chart) => {
      const backups = new SharedFolder(chart, 'backups', { storageClass, storage });
      new Workload(chart, 'writer', {
        image: 'ghcr.io/owner/web:1.2.3',
        size: 'small',
        uses: [backups.folder('orders')],
      });
    },
    { storageClasses },
  );

test('is a claim for many writers, mounted where its users are told', () => {
  const { find, problems, relations } = folder('nas');
  expect(problems).toEqual([]);
  expect(find('PersistentVolumeClaim', 'backups').spec).toEqual({
    accessModes: ['ReadWriteMany'],
    storageClassName: 'nas',
    resources: { requests: { storage: '200Gi' } },
  });
  const { volumes, containers } = find('Deployment', 'writer').spec.template.spec;
  expect(volumes).toContainEqual({ name: 'claim-backups', persistentVolumeClaim: { claimName: 'backups' } });
  expect(containers[0].volumeMounts).toContainEqual({ name: 'claim-backups', mountPath: '/shared' });
  expect(find('ConfigMap', 'writer').data).toEqual({ TARGET: '/shared/orders' });
  expect(relations).toContainEqual({ uses: ['shop/backups'] });
});

test.each([
  [
    'a disk of one node',
    'local-path',
    '200Gi',
    'local-path is no file server, other nodes could not write there; use nas',
  ],
  ['a class that is none', 'ans', '200Gi', 'ans is no class of this environment; use nas'],
  ['a size that is none', 'nas', 'much', '"much" is not a size; write it like 200Gi'],
])('refuses %s', (_, storageClass, storage, problem) => {
  expect(folder(storageClass, storage).problems).toEqual([expect.stringContaining(problem)]);
});
