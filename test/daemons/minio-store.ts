// The store that the tests of MinIO run, with its clients, as rendered.
import { expect } from '@jest/globals';
import { S3 } from '../../constructs/bucket.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { minio } from '../../constructs/stores/minio.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, render } from '../constructs/render.ts';

/** Client `shop` has bucket `pictures`, `keeper` a folder of bucket `backups`; `guest` and `guest-keeper` theirs by `S3`. */
export function minioStore(members: number) {
  const { objects, problems } = render(
    (chart) => {
      const store = new HaStatefulStore(chart, 'minio', {
        engine: minio({ buckets: ['pictures', 'backups'], images: { minio: 'minio:RELEASE.2025-09-07T16-13-09Z' } }),
        members,
        storage: '1Gi',
        size: 'medium',
        backup: { none: 'a test' },
      });
      const elsewhere = new S3(chart, 'elsewhere', { url: 'http://minio.shop.svc:9000', region: 'us-east-1' });
      const clients = {
        shop: store.bucket('pictures'),
        keeper: store.bucket('backups').folder('dumps'),
        guest: elsewhere.bucket('pictures'),
        'guest-keeper': elsewhere.bucket('pictures').folder('dumps'),
      };
      for (const [name, used] of Object.entries(clients)) {
        new Workload(chart, name, { image: 'client:1.0.0', size: 'tiny', uses: [used] });
      }
    },
    { nodes: [1, 2, 3, 4].map((n) => ({ ...environment.nodes[0]!, name: `node-${n}` })) },
  );
  expect(problems).toEqual([]);
  return objects;
}

/** Of a bucket's user; others for another `generation`. */
export const keysOf = (secret: string, bucket: string, generation = 1) => ({
  [`${secret}/AWS_ACCESS_KEY_ID`]: `${bucket}KeyNumber${generation}`,
  [`${secret}/AWS_SECRET_ACCESS_KEY`]: `${bucket}SecretSecretSecretSecret${generation}`,
});

export const secrets = {
  ...keysOf('minio-pictures', 'pictures'),
  ...keysOf('minio-backups', 'backups'),
  ...keysOf('elsewhere-pictures', 'pictures'),
};
