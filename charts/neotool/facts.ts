/** The Kotlin services; Common is a library of theirs. */
export const serviceNames = ['app', 'security', 'assets', 'assistant'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What of Neotool differs from environment to environment. */
export interface NeotoolFacts {
  /** `neotool.local`: pages at `/`, GraphQL at `/graphql`. */
  readonly host: string;
  /** Pods of each service; `max` above `min` scales. @default { min: 1, max: 1 } */
  readonly scale?: Partial<Readonly<Record<ServiceName, { readonly min: number; readonly max: number }>>>;
  /** Versions that are tried beside the ones that run: `{ app: { version: 'v1.5.0', percent: 10 } }`. @default - none */
  readonly canary?: Partial<Readonly<Record<ServiceName, Canary>>>;
  readonly postgres: Store & {
    /** @default - the environment's default class */
    readonly storageClass?: string;
  };
  readonly kafka: Store & { readonly storageClass?: string };
  /** `dev` keeps everything in memory. */
  readonly vault: { readonly mode: 'dev' } | { readonly mode: 'raft'; readonly storage: string };
  readonly objects: Objects;
  /** Whether the daily import of the central bank's figures is started; its program is not written yet. @default false */
  readonly bacenIfdata?: boolean;
}

export interface Canary {
  /** Tag of the service's image. */
  readonly version: string;
  /** Of its requests: 10, 50, 100. */
  readonly percent: number;
}

interface Store {
  readonly members: 1 | 3;
  /** Of each member: `100Gi`. */
  readonly storage: string;
}

/** MinIO in the cluster, or Cloudflare R2 with `account`, whose buckets are `<environment>-<bucket>` and made there by hand. */
export type Objects =
  | { readonly by: 'minio'; readonly storage: string }
  | { readonly by: 'r2'; readonly account: string };
