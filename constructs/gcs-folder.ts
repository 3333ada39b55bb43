import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import type { Credential } from './credential.ts';
import type { Dependency, Endpoint, Env, Files } from './dependency.ts';
import { External } from './external.ts';

export interface GcsFolderProps {
  /** `bucket/folder` */
  readonly path: string;
  /** Holds the JSON key of a service account that may create, list, read and delete objects there. */
  readonly credential: Credential;
  /** Key of the credential. @default service-account.json */
  readonly key?: string;
}

/**
 * A folder of a Google Cloud Storage bucket, for programs that speak rclone: they find it as `$TARGET`. The bucket has to
 * have uniform access. Renders nothing; brings variables, the key as a file, and the way out to Google's API.
 * @see https://rclone.org/googlecloudstorage/
 */
export class GcsFolder extends Construct implements Dependency {
  readonly env: Env;
  readonly files: Files;
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct;

  constructor(scope: Construct, id: string, props: GcsFolderProps) {
    super(scope, id);
    const { path, credential, key = 'service-account.json' } = props;
    const keyFile = '/secrets/gcs/service-account.json';

    this.env = {
      TARGET: `:gcs:${path}`,
      RCLONE_GCS_SERVICE_ACCOUNT_FILE: keyFile,
      RCLONE_GCS_BUCKET_POLICY_ONLY: true,
    };
    this.files = { [keyFile]: credential.key(key) };
    this.endpoints = new External(this, 'api', { host: 'storage.googleapis.com' }).endpoints;
    this.construct = credential;
  }
}
