import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { type ObjectStore, S3, type S3Props } from '../../constructs/bucket.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { minio } from '../../constructs/stores/minio.ts';
import type { Environment } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { images } from '../versions.ts';
import type { NeotoolFacts } from './facts.ts';
import { area } from './namespaces.ts';

/** @see https://developers.cloudflare.com/r2/api/s3/api/ */
export const r2 = (account: string): S3Props => ({
  url: `https://${account}.r2.cloudflarestorage.com`,
  region: 'auto',
  provider: 'Cloudflare',
});

/**
 * Where objects are: buckets `assets` and, of MinIO, `loki`. R2 keeps what is in it at Cloudflare; MinIO is for
 * environments that can lose it. Refuses R2 where nobody could give its keys.
 */
export function storage(app: App, { name, secrets }: Environment, { objects }: NeotoolFacts): ObjectStore {
  const chart = area(app, 'storage');
  if (objects.by === 'minio') {
    return new HaStatefulStore(chart, 'minio', {
      engine: minio({
        buckets: [
          { name: 'assets', clients: ['neotool-app'] },
          { name: 'loki', clients: ['loki'] },
        ],
        images,
      }),
      members: 1,
      storage: objects.storage,
      size: 'large',
      backup: { none: 'what is in it can be uploaded again' },
    });
  }
  const isAccount = /^[0-9a-f]{32}$/.test(objects.account);
  // The keys of a bucket are where it is used, and nowhere else.
  const users = { assets: 'neotool-app', backups: 'neotool-data' };
  const buckets = new Map(
    Object.entries(users).map(([bucket, namespace]) => {
      const unit = new Construct(chart, bucket);
      const store = new S3(unit, 'r2', { ...r2(isAccount ? objects.account : 'none'), namespaces: [namespace] });
      return [bucket, store.bucket(`${name}-${bucket}`)] as const;
    }),
  );
  refuse(new Construct(chart, 'objects'), [
    ...(isAccount
      ? []
      : [
          `objects.account: "${objects.account}" is no account id of Cloudflare, 32 of 0-9 and a-f; copy it from R2's page`,
        ]),
    ...(secrets.kind === 'generated'
      ? [
          'objects: R2 has no credentials here, Cloudflare gives them out and `secrets` makes all of them up; use external or sealed',
        ]
      : []),
  ]);
  return { bucket: (bucket) => buckets.get(bucket)! };
}
