import type { Keep } from '../../constructs/backup-retention.ts';
import type { Resources } from '../../constructs/sizes.ts';

/** What of this system differs from stage to stage. */
export interface StageFacts {
  readonly host: string;
  /** Who moves its images: `develop` follows that branch by image automation, `promotion` waits for an approved pull request. */
  readonly images: 'develop' | 'promotion';
  /** Of each MongoDB, per member. */
  readonly stores: Readonly<Record<'bff' | 'backend', { readonly size: Resources; readonly storage: string }>>;
  /** Of its MongoDB stores, on the NAS. */
  readonly backups: { readonly keep: Keep; readonly storage: string };
  /** Pods of each service. @default { min: 2, max: 4 } */
  readonly scale?: { readonly min: number; readonly max: number };
  /**
   * Servers that ran before, by whose data their store is filled once: the label `app` of their pods. Taken out when it is done.
   * @default - the stores begin empty
   */
  readonly imports?: Readonly<Partial<Record<'bff' | 'backend', string>>>;
  /** Whether there is a key of Discogs, for more metadata. @default false */
  readonly discogs?: boolean;
}

export interface VinylVaultFacts {
  /** By name: `staging` is namespace vinylvault-staging. */
  readonly stages: Readonly<Record<string, StageFacts>>;
}
