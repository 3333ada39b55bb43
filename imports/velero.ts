import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import { kind } from './api-object.ts';

// The fields of Velero's kinds that are rendered here: npm has no models of them. https://velero.io/docs/main/api-types/

interface Of<Kind extends string, Spec> {
  readonly apiVersion: 'velero.io/v1';
  readonly kind: Kind;
  readonly metadata: IObjectMeta;
  readonly spec: Spec;
}

export type IBackupStorageLocation = Of<
  'BackupStorageLocation',
  {
    readonly provider: string;
    readonly default?: boolean;
    readonly objectStorage: { readonly bucket: string; readonly prefix?: string };
    readonly credential?: { readonly name: string; readonly key: string };
    readonly config?: Readonly<Record<string, string>>;
  }
>;

export type ISchedule = Of<
  'Schedule',
  {
    /** Cron, in the time of Velero's pod. */
    readonly schedule: string;
    readonly template: {
      readonly includedNamespaces?: readonly string[];
      readonly excludedNamespaces?: readonly string[];
      readonly excludedResources?: readonly string[];
      readonly defaultVolumesToFsBackup?: boolean;
      readonly snapshotVolumes?: boolean;
      readonly storageLocation?: string;
      readonly ttl: string;
    };
  }
>;

export const BackupStorageLocation = kind<IBackupStorageLocation>('velero.io/v1', 'BackupStorageLocation');
export const Schedule = kind<ISchedule>('velero.io/v1', 'Schedule');
