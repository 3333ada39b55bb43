import { Construct, type IConstruct } from 'constructs';
import { Credential } from './credential.ts';
import type { Dependency, Endpoint, Env } from './dependency.ts';
import { External } from './external.ts';

/** Where buckets are: MinIO in the cluster, or S3, so that an environment takes the one in the other's place. */
export interface ObjectStore {
  bucket(name: string): Bucket;
}

export interface BucketProps {
  readonly name: string;
  /** `http://minio.data.svc:9000` */
  readonly url: string;
  readonly region: string;
  /** Whether the name stands in the path of an address, or before its host. */
  readonly pathStyle: boolean;
  /** As rclone calls who speaks S3 there: `Minio`, `AWS`, `Cloudflare`. */
  readonly provider: string;
  /** With the keys of `bucketKeys`. */
  readonly credential: Credential;
  readonly endpoints: readonly Endpoint[];
  /** Done when the bucket is there. */
  readonly construct: IConstruct;
}

/** Keys of a bucket's Secret, which are the variables that AWS' SDKs read. */
export const bucketKeys = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/**
 * A bucket, in the words of its clients. Used as it is, it brings the variables of AWS' SDKs and `S3_BUCKET`; a program
 * with a configuration file reads the rest from here. `folder` is for programs that speak rclone, as backups do.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
export class Bucket implements Dependency {
  readonly name: string;
  readonly url: string;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly credential: Credential;
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct;
  readonly #provider: string;

  constructor(props: BucketProps) {
    this.name = props.name;
    this.url = props.url;
    this.region = props.region;
    this.pathStyle = props.pathStyle;
    this.credential = props.credential;
    this.endpoints = props.endpoints;
    this.construct = props.construct;
    this.#provider = props.provider;
  }

  /** Without a scheme, as some programs want it, which then ask whether it is `insecure`. */
  get host(): string {
    return new URL(this.url).host;
  }

  get insecure(): boolean {
    return this.url.startsWith('http:');
  }

  get env(): Env {
    const [id, secret] = bucketKeys;
    return {
      AWS_ENDPOINT_URL_S3: this.url,
      AWS_REGION: this.region,
      S3_BUCKET: this.name,
      S3_FORCE_PATH_STYLE: this.pathStyle,
      [id]: this.credential.key(id),
      [secret]: this.credential.key(secret),
    };
  }

  /** The whole of it as one of several remotes of rclone, which finds it as `$<name>`. @see https://rclone.org/docs/#config-file */
  remote(name: string): Dependency {
    const { url, region, pathStyle, credential, endpoints, construct } = this;
    const [id, secret] = bucketKeys;
    const settings: Env = {
      TYPE: 's3',
      PROVIDER: this.#provider,
      ENDPOINT: url,
      REGION: region,
      FORCE_PATH_STYLE: pathStyle,
      NO_CHECK_BUCKET: true,
      ACCESS_KEY_ID: credential.key(id),
      SECRET_ACCESS_KEY: credential.key(secret),
    };
    const env = Object.entries(settings).map(([setting, value]) => [`RCLONE_CONFIG_${name}_${setting}`, value]);
    return { env: { ...Object.fromEntries(env), [name]: `${name}:${this.name}` }, endpoints, construct };
  }

  /** A folder of it, which rclone finds as `$TARGET`. @see https://rclone.org/s3/ */
  folder(path: string): Dependency {
    const { name, url, region, pathStyle, credential, endpoints, construct } = this;
    const [id, secret] = bucketKeys;
    return {
      env: {
        TARGET: `:s3:${name}/${path}`,
        RCLONE_S3_PROVIDER: this.#provider,
        RCLONE_S3_ENDPOINT: url,
        RCLONE_S3_REGION: region,
        RCLONE_S3_FORCE_PATH_STYLE: pathStyle,
        // Whoever may only use a bucket may not ask for it, nor make it.
        RCLONE_S3_NO_CHECK_BUCKET: true,
        RCLONE_S3_ACCESS_KEY_ID: credential.key(id),
        RCLONE_S3_SECRET_ACCESS_KEY: credential.key(secret),
      },
      endpoints,
      construct,
    };
  }
}

export interface S3Props {
  /** `https://<account>.r2.cloudflarestorage.com`, `https://s3.eu-central-1.amazonaws.com` */
  readonly url: string;
  /** `auto` at Cloudflare. */
  readonly region: string;
  /** @default AWS */
  readonly provider?: 'AWS' | 'Cloudflare' | 'Other';
  /** @default false */
  readonly pathStyle?: boolean;
  /** Namespaces that use it. @default - the chart's */
  readonly namespaces?: readonly string[];
}

/**
 * Buckets outside the cluster. They are made there, by hand or by other tools, each with a key that may use it alone;
 * that is given here as a Secret `<id>-<bucket>`. Renders nothing else.
 */
export class S3 extends Construct implements ObjectStore {
  readonly #props: S3Props;
  readonly #endpoints: readonly Endpoint[];
  readonly #buckets = new Map<string, Bucket>();

  constructor(scope: Construct, id: string, props: S3Props) {
    super(scope, id);
    const { hostname, port } = new URL(props.url);
    this.#props = props;
    this.#endpoints = new External(this, 'api', { host: hostname, ports: [Number(port || 443)] }).endpoints;
  }

  bucket(name: string): Bucket {
    const known = this.#buckets.get(name);
    if (known) return known;
    const { url, region, provider = 'AWS', pathStyle = false, namespaces } = this.#props;
    const credential = new Credential(this, `${this.node.id}-${name}`, {
      namespaces,
      keys: Object.fromEntries(bucketKeys.map((key) => [key, 'given'])),
    });
    const bucket = new Bucket({
      name,
      url,
      region,
      pathStyle,
      provider,
      credential,
      endpoints: this.#endpoints,
      construct: credential,
    });
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
