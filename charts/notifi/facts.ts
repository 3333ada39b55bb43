import type { Size } from '../../constructs/sizes.ts';

/** Members, volume of each, and what each may take. */
export interface StoreFacts {
  readonly members: number;
  readonly storage: string;
  readonly size: Size;
}

/** What of Notifi differs from cluster to cluster. */
export interface NotifiFacts {
  /** Public DNS names: of the API, and of the pages for those who run it. */
  readonly hosts: {
    readonly api: string;
    readonly prometheus: string;
    readonly rabbitmq: string;
    readonly linkerd: string;
  };
  readonly stores: Readonly<Record<'postgresql' | 'redis' | 'mongodb' | 'minio' | 'rabbitmq' | 'kafka', StoreFacts>>;
  readonly backups: {
    /** Where they go besides MinIO: a NAS or a computer with a disk, by SFTP. */
    readonly nas: { readonly host: string; readonly cidr: string; readonly user: string; readonly path: string };
    readonly keepDays: number;
  };
  /** Buckets of others in its MinIO, each with the namespaces that may use it; copied to the NAS as its own are. @default - none */
  readonly furtherBuckets?: Readonly<Record<string, readonly string[]>>;
  /** The database and the bucket that are moved in from. Their Jobs are made suspended, and run when a person starts them. @default - none */
  readonly movesFrom?: MovesFrom;
}

export interface MovesFrom {
  readonly postgresql: { readonly host: string };
  readonly bucket: { readonly name: string; readonly url: string; readonly region: string };
}
