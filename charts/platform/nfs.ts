import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { KubeStorageClass } from '../../imports/k8s.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';

export interface NfsFacts {
  /** Host of the NAS. */
  readonly server: string;
  /**
   * The path it exports, of class `nfs`: sync, or a power cut takes what was acknowledged, and with all users mapped to one
   * (Synology: "Map all users to admin"), for the pods that write have different ones and nobody may chown.
   */
  readonly share: string;
  /** Another export, of class `nfs-backups`, for what has to outlive the first one. @default - none */
  readonly backups?: string;
}

const CSI = 'registry.k8s.io/sig-storage';
const driverWith = (...sidecars: string[]) =>
  ['nfsplugin', 'livenessprobe', ...sidecars].map((name) => `${CSI}/${name}`);

/** The provisioner's name, as the driver registers it. */
const PROVISIONER = 'nfs.csi.k8s.io';

/**
 * Folders of a NAS for what one writer owns, or many only read. Not for members of a store, they would all be on its one
 * disk, and nothing there keeps a second server from writing the same folder. What a claim leaves stays. Size is not
 * enforced.
 *
 * By the CSI driver: nfs-subdir-external-provisioner has had no release since 2023.
 * @see https://github.com/kubernetes-csi/csi-driver-nfs/blob/master/docs/driver-parameters.md
 */
export function nfs(app: App, { server, share, backups }: NfsFacts) {
  // Its pods mount on the machines themselves.
  const chart = part(app, 'nfs', { podSecurity: 'privileged' });
  const driver = new ChartRelease(chart, 'csi-driver-nfs', {
    ...charts['csi-driver-nfs'],
    values: {
      controller: { enableSnapshotter: false },
      // The kubelet would chown the folder to the pod's group, which the NAS refuses, and then mount nothing.
      feature: { enableFSGroupPolicy: false },
    },
    // As many containers as the chart gives 10m and 20Mi.
    runs: [
      {
        name: 'csi-nfs-controller',
        pods: 1,
        cpu: '40m',
        memory: '80Mi',
        images: driverWith('csi-provisioner', 'csi-resizer'),
      },
      {
        name: 'csi-nfs-node',
        pods: 'every-node',
        everywhere: true,
        cpu: '30m',
        memory: '60Mi',
        images: driverWith('csi-node-driver-registrar'),
      },
    ],
    provides: { objects: [{ kind: 'CSIDriver', name: PROVISIONER }] },
  });

  // Both names are filled in by the driver. A claim that is made anew gets a folder of its own, not the old one's data.
  storageClass(chart, 'nfs', { server, share, subDir: `${FOLDER}/${'${pv.metadata.name}'}` });
  // Here it is the other way round: a cluster built anew finds its backups.
  if (backups) storageClass(chart, 'nfs-backups', { server, share: backups, subDir: FOLDER });
  return driver;
}

const FOLDER = '${pvc.metadata.namespace}/${pvc.metadata.name}';

const storageClass = (chart: Construct, name: string, parameters: Readonly<Record<string, string>>) =>
  new KubeStorageClass(new Construct(chart, name === 'nfs' ? 'storage-class' : name), name, {
    // Nothing of a class can be changed; volumes that were made by it stay as they are when it is made anew.
    metadata: { name, annotations: { 'kustomize.toolkit.fluxcd.io/force': 'Enabled' } },
    provisioner: PROVISIONER,
    parameters: { ...parameters, onDelete: 'retain' },
    mountOptions: ['hard', 'nfsvers=4.1', 'noatime'],
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
