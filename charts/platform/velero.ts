import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { bucketKeys } from '../../constructs/bucket.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { KubeStorageClass } from '../../imports/k8s.ts';
import { refuse } from '../../imports/relations.ts';
import { VeleroSchedule } from '../../imports/velero.ts';
import { charts, images } from '../versions.ts';
import { veleroAlerts } from './alerts.ts';
import { bucketOf, type ObjectsFacts } from './objects.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

export interface VeleroFacts {
  /** Where backups go; to be of use, outside the cluster. */
  readonly objects: ObjectsFacts;
  /** Hour of the day when it begins, in UTC. @default 2 */
  readonly hour?: number;
  /** How long a backup is kept, in hours: `720h`. @default 720h */
  readonly ttl?: string;
  /**
   * Name of a StorageClass to make, whose volumes can be read whoever installed local-path: before v1.29.4 of K3s, and by the
   * provisioner's own manifest, they are folders of the machine (hostPath), which Velero leaves out of a backup and still
   * calls it complete. @default - none is made
   */
  readonly storageClass?: string;
}

const NAME = 'velero';
const IMAGE = 'docker.io/velero/velero';

const server = room('50m', '128Mi', '512Mi');
const agent = room('50m', '128Mi', '1Gi');

/**
 * Velero: every object of the cluster, daily, and the files of those volumes whose pods ask for it by the annotation
 * `backup.velero.io/backup-volumes: <volume>`. Stores do not: a copy of a running database's files is no backup, and they
 * dump themselves. There are no snapshots: neither local-path nor NFS has any.
 * @see https://velero.io/docs/main/file-system-backup/
 */
export function velero(app: App, crds: ChartRelease, facts: VeleroFacts) {
  const { hour = 2, ttl = '720h', storageClass } = facts;
  // The node agent reads volumes where the machine has mounted them, as root.
  const chart = part(app, NAME, { podSecurity: 'privileged' });
  // The Jobs and pods that it makes have labels of their own.
  const own = { namespace: NAME, labels: {} };
  const bucket = bucketOf(chart, facts.objects, own);
  refuse(chart, [
    ...(Number.isInteger(hour) && hour >= 0 && hour < 24
      ? []
      : [`velero.hour: ${hour} is no hour of a day; use 0 to 23`]),
    ...(/^[1-9]\d*h$/.test(ttl) ? [] : [`velero.ttl: "${ttl}" is no number of hours; write it like 720h`]),
  ]);
  const keys = bucketKeys.map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: bucket.credential.name, key: name } },
  }));

  new AlertRules(chart, 'alerts', { rules: veleroAlerts });
  const release = new ChartRelease(chart, NAME, {
    ...charts.velero,
    values: {
      initContainers: [
        {
          name: 'plugin-for-aws',
          image: images.veleroPluginForAws,
          volumeMounts: [{ mountPath: '/target', name: 'plugins' }],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
        },
      ],
      // Helm replaces definitions on upgrades here, which their own Job is for otherwise.
      upgradeCRDs: false,
      credentials: { useSecret: false },
      configuration: {
        backupStorageLocation: [
          {
            name: 'default',
            default: true,
            provider: 'aws',
            bucket: bucket.name,
            config: {
              region: bucket.region,
              s3Url: bucket.url,
              s3ForcePathStyle: `${bucket.pathStyle}`,
              // Few besides AWS know the checksums that its SDK sends.
              checksumAlgorithm: '',
            },
          },
        ],
        volumeSnapshotLocation: [],
        uploaderType: 'kopia',
        defaultVolumesToFsBackup: false,
        defaultBackupTTL: ttl,
        // Of the node agent too.
        extraEnvVars: keys,
      },
      snapshotsEnabled: false,
      deployNodeAgent: true,
      nodeAgent: {
        // On every machine, whatever it is kept for.
        tolerations: [{ operator: 'Exists' }],
        resources: agent,
      },
      resources: server,
      metrics: { serviceMonitor: { enabled: true }, nodeAgentPodMonitor: { enabled: true } },
    },
    uses: [crds, bucket.construct],
    runs: [
      pods('velero', 1, server, [IMAGE, images.veleroPluginForAws]),
      pods('node-agent', 'every-node', agent, [IMAGE], { everywhere: true }),
    ],
    provides: { kinds: ['velero.io/*'] },
  });

  new VeleroSchedule(new Construct(chart, 'schedule'), 'daily', {
    metadata: { name: 'daily', namespace: NAME },
    spec: {
      schedule: `0 ${hour} * * *`,
      // A schedule that is changed is due tomorrow, not at once.
      skipImmediately: true,
      template: {
        ttl,
        storageLocation: 'default',
        includedNamespaces: ['*'],
        // What tells of the past or is made anew.
        excludedResources: ['events', 'events.events.k8s.io', 'endpointslices.discovery.k8s.io'],
        includeClusterResources: true,
        snapshotVolumes: false,
        defaultVolumesToFsBackup: false,
      },
    },
  });
  if (storageClass) {
    new KubeStorageClass(new Construct(chart, 'storage-class'), storageClass, {
      metadata: {
        name: storageClass,
        annotations: { defaultVolumeType: 'local' },
      },
      provisioner: 'rancher.io/local-path',
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
  }
  return release;
}
