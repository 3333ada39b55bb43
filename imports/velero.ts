import { kind } from './api-object.ts';

// Kinds of Velero: the fields in use here. @see https://velero.io/docs/main/api-types/schedule/

interface ISchedule {
  apiVersion: 'velero.io/v1';
  kind: 'Schedule';
  metadata: { readonly name: string; readonly namespace: string };
  spec: {
    schedule: string;
    skipImmediately?: boolean;
    template: {
      ttl: string;
      storageLocation: string;
      includedNamespaces: string[];
      excludedResources: string[];
      includeClusterResources: boolean;
      snapshotVolumes: boolean;
      defaultVolumesToFsBackup: boolean;
    };
  };
}

export const VeleroSchedule = kind<ISchedule>('velero.io/v1', 'Schedule');
