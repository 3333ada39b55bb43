import { bucketKeys } from '../../bucket.ts';
import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { StoreJob } from '../store-job.ts';

export interface BucketsProps {
  readonly root: Credential;
  /** By bucket. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** Has bash and mc. */
  readonly image: Image;
}

/**
 * Job that makes each bucket, a policy of its name that allows that bucket alone, and the one user of it: who has the
 * keys that the Secret holds. A former user of the policy is removed, so a changed Secret locks the old keys out. All of
 * it may be done again: Flux runs a new Job when any of it changes. The server's image has the client, and no other one
 * knows its users: S3 itself has none.
 * @see https://github.com/minio/minio/blob/master/docs/multi-user/README.md
 */
export class Buckets extends StoreJob {
  constructor(store: HaStatefulStore, id: string, { root, credentials, image }: BucketsProps) {
    const name = `${store.name}-buckets`;
    super(store, id, {
      name,
      image,
      size: 'small',
      run: { command: ['bash', '/scripts/buckets.sh'] },
      env: {
        URL: `http://${store.host()}:9000`,
        MC_CONFIG_DIR: '/tmp/mc',
        MINIO_ROOT_USER: root.key('MINIO_ROOT_USER'),
        MINIO_ROOT_PASSWORD: root.key('MINIO_ROOT_PASSWORD'),
        ...Object.fromEntries(
          [...credentials].flatMap(([bucket, credential]) => {
            const [id, secret] = bucketKeys.map((key) => credential.key(key));
            return [
              [`ID_OF_${variable(bucket)}`, id!],
              [`SECRET_OF_${variable(bucket)}`, secret!],
            ];
          }),
        ),
      },
      files: { '/scripts/buckets.sh': script([...credentials.keys()]) },
      calls: [{ endpoints: [store.endpoint('s3')] }],
    });
  }
}

/** Buckets have no _. */
const variable = (bucket: string) => bucket.replaceAll('-', '_');

/** Shell that has mc know a server as root. Keys come by its input, since arguments can be read by whoever sees the process. */
export const asRoot = (alias: string, url: string) =>
  `printf '%s\\n' "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" | mc --quiet alias set ${alias} ${url} > /dev/null`;

// The image has nothing but bash, coreutils and mc.
const script = (buckets: readonly string[]) => `#!/bin/bash
set -euo pipefail
until ${asRoot('store', '"$URL"')}; do sleep 2; done

bucket() { # name key secret
  mc mb --ignore-existing "store/$1" > /dev/null
  cat > /tmp/policy.json <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
      "Resource": ["arn:aws:s3:::$1"]
    },
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectTagging", "s3:PutObjectTagging",
        "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"
      ],
      "Resource": ["arn:aws:s3:::$1/*"]
    }
  ]
}
POLICY
  mc admin policy create store "$1" /tmp/policy.json > /dev/null
  printf '%s\\n' "$2" "$3" | mc admin user add store > /dev/null
  local users known='' state user policy
  users=$(mc admin user list store)
  while read -r state user policy; do
    [[ $policy == "$1" ]] || continue
    if [[ $user == "$2" ]]; then known=yes; else mc admin user remove store "$user" > /dev/null; fi
  done <<< "$users"
  [[ $known ]] || mc admin policy attach store "$1" --user "$2" > /dev/null
  echo "buckets: $1 is there, for its user alone"
}

${buckets.map((name) => `bucket ${name} "$ID_OF_${variable(name)}" "$SECRET_OF_${variable(name)}"`).join('\n')}
`;
