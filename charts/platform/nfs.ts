import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { KubeStorageClass } from '../../imports/k8s.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';

export interface NfsFacts {
  /** Host of the NAS, and the path it exports: with root_squash, and sync, or a power cut takes what was acknowledged. */
  readonly server: string;
  readonly share: string;
}

/** The provisioner's name, as the driver registers it. */
const PROVISIONER = 'nfs.csi.k8s.io';

/**
 * StorageClass `nfs`: folders of a NAS for what one writer owns, or many only read. Not for members of a store, they would all
 * be on its one disk, and nothing there keeps a second server from writing the same folder. Each claim has a folder of
 * its namespace and name, which stays when the claim goes. Size is not enforced.
 * @see https://github.com/kubernetes-csi/csi-driver-nfs/blob/master/docs/driver-parameters.md
 */
export function nfs(app: App, { server, share }: NfsFacts) {
  // Its pods mount on the machines themselves.
  const chart = part(app, 'nfs', { podSecurity: 'privileged' });
  const driver = new ChartRelease(chart, 'csi-driver-nfs', {
    ...charts['csi-driver-nfs'],
    values: { controller: { enableSnapshotter: false } },
    provides: { objects: [{ kind: 'CSIDriver', name: PROVISIONER }] },
  });

  new KubeStorageClass(new Construct(chart, 'storage-class'), 'nfs', {
    metadata: { name: 'nfs' },
    provisioner: PROVISIONER,
    parameters: {
      server,
      share,
      // Filled in by the driver.
      subDir: '${pvc.metadata.namespace}/${pvc.metadata.name}',
      onDelete: 'retain',
    },
    mountOptions: ['hard', 'nfsvers=4.1', 'noatime'],
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
  return driver;
}
