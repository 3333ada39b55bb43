import type { Chart } from 'cdk8s';
import type { Bucket, ObjectStore } from '../../constructs/bucket.ts';
import { S3, type S3Props } from '../../constructs/bucket.ts';
import type { Endpoint } from '../../constructs/dependency.ts';
import { namespaceOf } from '../../constructs/labels.ts';
import { declare, type PodSet, refuse } from '../../imports/relations.ts';

/**
 * A bucket that a part of the platform writes to: outside the cluster, or of a store in it by its chart and name,
 * `{ store: 'data/minio', bucket: 'logs' }`. The store's system has to stand before the platform in `systems`, and the
 * part's namespace among the store's `clients`.
 */
export type ObjectsFacts = { readonly bucket: string } & (
  | { readonly store: string }
  | (Omit<S3Props, 'namespaces'> & { readonly store?: undefined })
);

/**
 * The bucket that is meant, open to `pods` of a release, which nothing rendered connects. Refuses one whose keys cannot
 * be read in the chart's namespace.
 */
export function bucketOf(chart: Chart, facts: ObjectsFacts, pods?: PodSet): Bucket {
  const bucket = storeOf(chart, facts).bucket(facts.bucket);
  const namespace = namespaceOf(chart);
  const { name, namespaces } = bucket.credential;
  if (pods) connect(chart, pods, bucket.endpoints);
  if (!namespaces.includes(namespace)) {
    refuse(chart, [
      `objects: Secret ${name} is not in ${namespace}, pods read Secrets of their own namespace only; add ${namespace} to the store's clients`,
    ]);
  }
  return bucket;
}

/** Lets pods of a release, whose namespace is open, into a closed one. */
export function connect(chart: Chart, pods: PodSet, endpoints: readonly Endpoint[]) {
  for (const { to, port, admit } of endpoints) {
    admit?.(pods);
    declare(chart, { flows: [{ from: pods, to, port }] });
  }
}

function storeOf(chart: Chart, facts: ObjectsFacts): ObjectStore {
  if (facts.store === undefined) return new S3(chart, 'objects', facts);
  const [system = '', name = ''] = facts.store.split('/');
  const store = chart.node.root.node.tryFindChild(system)?.node.tryFindChild(name);
  if (store && 'bucket' in store) return store as typeof store & ObjectStore;
  throw new Error(
    `${chart.node.path}: objects.store: no object store ${facts.store} is rendered yet; list its system before the platform`,
  );
}
