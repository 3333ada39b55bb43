/** What of this system differs from environment to environment. */
export interface NotificationsFacts {
  readonly host: string;
  /** Browser origins that may call the API. */
  readonly origins: readonly string[];
  /** @default { min: 3, max: 15 }; a second region starts with min 5 */
  readonly scale?: { readonly min?: number; readonly max?: number };
  readonly database: {
    /** The server itself or a session pooler: a transaction pooler has no advisory locks and no concurrent indexes. */
    readonly host: string;
    /** @default 5432 */
    readonly port?: number;
    readonly maxConnections: number;
    /** Taken by the server and its provider. @default 3 */
    readonly reserved?: number;
    /** Connections of one pod. */
    readonly poolSize: number;
  };
  readonly kafka: {
    readonly host: string;
    /** @default 9092 */
    readonly port?: number;
    /** The service's consumer group. */
    readonly group: string;
    /** Confluent Cloud: TLS, an API key, and topics and ACLs as code; else a plain broker that makes topics itself. */
    readonly confluent: boolean;
  };
  readonly email: Email;
  /** @default cachex, in each pod's memory */
  readonly redis?: { readonly host: string; readonly port: number };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly json: boolean };
  /** `bucket/folder` in Google Cloud Storage. */
  readonly backups: string;
}

/** Which provider sends mail; `local` keeps it in the pod, to look at. */
export type Email =
  | { readonly by: 'sendgrid' }
  | { readonly by: 'mailgun'; readonly domain: string }
  | { readonly by: 'ses'; readonly region: string }
  | { readonly by: 'local' };
