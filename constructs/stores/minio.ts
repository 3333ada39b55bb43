import { refuse } from '../../imports/relations.ts';
import { Bucket, bucketKeys, type ObjectStore } from '../bucket.ts';
import { Credential } from '../credential.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import type { Engine } from './engine.ts';
import { minioAlerts } from './minio/alerts.ts';
import { asRoot, Buckets } from './minio/buckets.ts';

export interface MinioProps {
  /**
   * Each has a user who may use it and no other, and whose keys are where the store's `clients` are, or in the `clients`
   * given here instead. One that is left out here later stays, with its data and user.
   */
  readonly buckets: readonly (string | { readonly name: string; readonly clients: readonly string[] })[];
  /** Has the server, `mc` and bash, as the last release has; nothing of it is fetched while it runs. */
  readonly images: { readonly minio: Image };
}

/**
 * MinIO, an object store that speaks S3, at port 9000. Three or four members keep each object in parts on all of them,
 * and go on reading and writing while any one is lost; with two lost, four still read. One member is a plain folder. A
 * member that is told to stop has all objects healed, and waits, up to five minutes, until the others have all their
 * parts and can write without it. A Job makes the buckets and their users; it may run at any time.
 *
 * The project has ended: there will be no other image than RELEASE.2025-09-07T16-13-09Z, which is gone from Docker Hub and
 * still at Quay. `S3` of bucket.ts takes its place where buckets can be had elsewhere. What is known to be wrong with it:
 *
 * - CVE-2025-62506: who has a service account or an STS token with a policy of its own can make another without that policy,
 *   and so do all that its user may. Here no user gets either, and what a user may is one bucket.
 * - CVE-2026-40344, CVE-2026-41145: who knows a key's id, and not its secret, can write where its user may. Here ids are
 *   random, in Secrets only, and NetworkPolicies let in nobody but clients and Prometheus. So route no host to it, and hand
 *   out no presigned URLs: they name the id.
 * - CVE-2026-33419 and GHSA-5cx5-wh4m-82fh are of LDAP and OpenID Connect, which are not set up here.
 *
 * A number of members is for good: the drives know each other. To change it, copy the buckets to a new store. There is no
 * dump: copy to a bucket elsewhere what cannot be made again.
 * Refuses other numbers of members, less than 512 MiB, ill-named and alike buckets, and none.
 * @see https://github.com/minio/minio/tree/master/docs/distributed
 */
export const minio =
  ({ buckets, images }: MinioProps): Engine<ObjectStore> =>
  (store) => {
    const { members, memory } = store;
    const root = new Credential(store, 'root', {
      name: `${store.name}-root`,
      keys: { MINIO_ROOT_USER: { length: 20 }, MINIO_ROOT_PASSWORD: { length: 40 } },
    });
    const names = buckets.map((bucket) => (typeof bucket === 'string' ? bucket : bucket.name));
    const credentials = new Map<string, Credential>();
    for (const bucket of buckets) {
      const { name, clients = undefined } = typeof bucket === 'string' ? { name: bucket } : bucket;
      if (!credentials.has(name)) credentials.set(name, credentialOf(store, name, clients));
    }
    refuse(store, [...bucketProblems(names), ...memoryProblems(memory)]);

    return {
      image: images.minio,
      run: { command: ['minio', 'server', '--certs-dir', '/tmp/certs'], stopSeconds: members > 1 ? WAIT + STOP : STOP },
      env: {
        MINIO_VOLUMES:
          members > 1 ? `http://${store.name}-{0...${members - 1}}.${hostOf(store)}:${PORT}${DRIVE}` : DRIVE,
        MINIO_ROOT_USER: root.key('MINIO_ROOT_USER'),
        MINIO_ROOT_PASSWORD: root.key('MINIO_ROOT_PASSWORD'),
        // The runtime collects garbage before the kernel has to kill it.
        MINIO_MEMLIMIT: `${Math.floor((memory * 0.9) / 2 ** 20)}MiB`,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        // Numbers only; the port is open to clients and Prometheus.
        MINIO_PROMETHEUS_AUTH_TYPE: 'public',
      },
      files: members > 1 ? { '/scripts/before-stop.sh': beforeStop } : undefined,
      ports: { s3: PORT },
      probes: {
        // Started is who has found enough others to read from, and its users; until then it would answer with errors.
        startupProbe: {
          httpGet: { path: '/minio/health/cluster/read', port: 's3' },
          periodSeconds: 5,
          timeoutSeconds: 5,
          failureThreshold: 360,
        },
        livenessProbe: {
          httpGet: { path: '/minio/health/live', port: 's3' },
          periodSeconds: 10,
          timeoutSeconds: 5,
          // The others do without one that does not answer: nothing to wait for.
          terminationGracePeriodSeconds: STOP,
        },
        // Of this member alone: one that asked for the drives of all would take every member away at once.
        readinessProbe: { httpGet: { path: '/minio/health/ready', port: 's3' }, periodSeconds: 5, timeoutSeconds: 3 },
        lifecycle:
          members > 1
            ? { preStop: { exec: { command: ['timeout', `${WAIT}`, 'bash', '/scripts/before-stop.sh'] } } }
            : undefined,
      },
      // Members do not join or leave: with another number the claims are other ones, and the old data is left alone.
      data: { name: `drive-of-${members}`, path: DRIVE },
      peers: ['s3'],
      services: [{ ports: ['s3'] }],
      metrics: { port: 's3', path: '/minio/metrics/v3' },
      alerts: minioAlerts(store),
      quorum: {
        of: [1, 3, 4],
        why: 'each object is in parts on all of them, which 1 holds whole and 3 or 4 with one lost',
      },
      clients: () => {
        const job = new Buckets(store, 'buckets', { root, credentials, image: images.minio });
        return {
          bucket: (name) => {
            const credential = credentials.get(name);
            if (!credential) {
              throw new Error(
                `${store.name}: bucket ${name} is none of ${names.join(', ')}; add it to the engine's buckets`,
              );
            }
            return new Bucket({
              name,
              url: `http://${store.host()}:${PORT}`,
              region: 'us-east-1',
              pathStyle: true,
              provider: 'Minio',
              credential,
              endpoints: [store.endpoint('s3')],
              construct: job,
            });
          },
        };
      },
    };
  };

const PORT = 9000;

const DRIVE = '/data';

/** Seconds that a member waits at most until the others can spare it, and that it then takes to stop. */
const [WAIT, STOP] = [300, 60];

// Ready is a member long before its drive holds what it missed: Kubernetes alone would take the next one while it heals.
// This asks whether the others, each of them healed, could write without this member; and has every object healed, since
// what was written while one was away lacks a part there until it is read, and the healing of an emptied drive passes over
// what it cannot reach yet. Grey is what was never whole. A failure shows as an event of the pod.
const beforeStop = `#!/bin/bash
trap 'echo "the others cannot do without this member yet; it stops all the same" >&2; exit 1' TERM

spared() {
  exec 3<> /dev/tcp/127.0.0.1/${PORT} &&
    printf 'GET /minio/health/cluster?maintenance=true HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 &&
    read -r -t 5 _ status _ <&3 && [[ $status == 200 ]]
}

whole() {
  local line lacking= ended=
  while read -r line; do
    case $line in
      *'"after":{"color":"yellow"'* | *'"after":{"color":"red"'*) lacking=yes ;;
      *'"type":"summary"'*) ended=yes ;;
    esac
  done < <(mc --json admin heal --recursive own)
  [[ $ended && ! $lacking ]]
}

export MC_CONFIG_DIR=/tmp/mc
until ${asRoot('own', `http://127.0.0.1:${PORT}`)} && spared && whole; do
  sleep 2
done
`;

/** What all members' names end in. */
const hostOf = ({ name, hosts }: HaStatefulStore) => hosts[0]?.slice(`${name}-0.`.length);

const credentialOf = (store: HaStatefulStore, bucket: string, clients?: readonly string[]) => {
  const [id, secret] = bucketKeys;
  return new Credential(store, `${store.name}-${bucket}`, {
    // The store's own reads them to make the user.
    namespaces: clients ? [...new Set([store.namespace, ...clients])] : store.readers,
    keys: { [id]: { length: 20 }, [secret]: { length: 40 } },
  });
};

const memoryProblems = (memory: number) =>
  memory < 2 ** 29
    ? [`size: a limit of ${Math.floor(memory / 2 ** 20)}Mi is below 512Mi, large uploads are buffered; raise it`]
    : [];

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketProblems = (buckets: readonly string[]) => [
  ...(buckets.length ? [] : ['buckets: none, nobody could use the store; name one']),
  ...buckets
    .filter((name) => !/^[a-z0-9][a-z0-9-]{1,50}[a-z0-9]$/.test(name))
    .map((name) => `buckets: "${name}" is not a name that every S3 takes; use 3 to 52 of a-z, 0-9 and - inside`),
  ...buckets
    .filter((name, index) => buckets.indexOf(name) < index)
    .map((name) => `buckets: ${name} is there twice; remove one`),
];
