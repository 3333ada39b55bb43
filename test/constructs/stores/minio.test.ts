import { describe, expect, test } from '@jest/globals';
import { type Bucket, type ObjectStore, S3 } from '../../../constructs/bucket.ts';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { type MinioProps, minio } from '../../../constructs/stores/minio.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, render } from '../render.ts';

const [node] = environment.nodes;
const nodes = [1, 2, 3, 4].map((n) => ({ ...node!, name: `node-${n}` }));
const images = { minio: 'minio:RELEASE.2025-09-07T16-13-09Z' };

const store = ({
  members = 3,
  size = 'medium',
  ...changes
}: Partial<MinioProps> & { members?: number; size?: 'small' | 'medium' } = {}) =>
  render(
    (chart) => {
      new HaStatefulStore(chart, 'minio', {
        engine: minio({ buckets: ['tempo-traces', 'database-backups'], images, ...changes }),
        members,
        size,
        storage: '10Gi',
        backup: { none: 'traces, and backups of what is elsewhere' },
      });
    },
    { nodes },
  );

test.each([
  [1, '/data', 'drive-of-1'],
  [3, 'http://minio-{0...2}.minio-headless.shop.svc:9000/data', 'drive-of-3'],
  [4, 'http://minio-{0...3}.minio-headless.shop.svc:9000/data', 'drive-of-4'],
])('%d members name their drives', (members, volumes, claim) => {
  const { find, problems } = store({ members });
  expect(problems).toEqual([]);
  expect(find('ConfigMap', 'minio').data['MINIO_VOLUMES']).toBe(volumes);
  const { spec } = find('StatefulSet', 'minio');
  expect(spec.volumeClaimTemplates[0].metadata.name).toBe(claim);
  expect(spec.template.spec.containers[0].volumeMounts).toContainEqual({ name: claim, mountPath: '/data' });
});

test('members find each other before they are ready, or none would ever be', () => {
  const { find } = store();
  expect(find('StatefulSet', 'minio').spec.podManagementPolicy).toBe('Parallel');
  expect(find('Service', 'minio-headless').spec.publishNotReadyAddresses).toBe(true);
  const { readinessProbe } = find('StatefulSet', 'minio').spec.template.spec.containers[0];
  expect(readinessProbe.httpGet.path).toBe('/minio/health/ready');
});

test('no second member is taken while a drive heals or an object lacks parts: each waits until the others do without it', () => {
  const podOf = (members: number) => store({ members }).find('StatefulSet', 'minio').spec.template.spec;
  const { containers, terminationGracePeriodSeconds } = podOf(4);
  expect(containers[0].lifecycle.preStop.exec.command).toEqual(['timeout', '300', 'bash', '/scripts/before-stop.sh']);
  const script = store().find('ConfigMap', 'minio-files').data['scripts_before-stop.sh'];
  expect(script).toContain('/minio/health/cluster?maintenance=true');
  expect(script).toContain('mc --json admin heal --recursive own');
  // Enough for the wait and for the server's own end.
  expect(terminationGracePeriodSeconds).toBe(360);
  // One member can never be spared.
  expect(podOf(1).containers[0].lifecycle).toBeUndefined();
  expect(podOf(1).terminationGracePeriodSeconds).toBe(60);
});

test('no key is written down', () => {
  const { find } = store();
  const { env } = find('StatefulSet', 'minio').spec.template.spec.containers[0];
  expect(env).toEqual([
    {
      name: 'MINIO_ROOT_USER',
      valueFrom: { secretKeyRef: { name: 'minio-root', key: 'MINIO_ROOT_USER' } },
    },
    {
      name: 'MINIO_ROOT_PASSWORD',
      valueFrom: { secretKeyRef: { name: 'minio-root', key: 'MINIO_ROOT_PASSWORD' } },
    },
  ]);
});

test.each([
  ['minio-files', 'scripts_before-stop.sh'],
  ['minio-buckets-files', 'scripts_buckets.sh'],
])('in %s no key is an argument, which whoever sees the process could read', (configMap, script) => {
  const text = store().find('ConfigMap', configMap).data[script];
  expect(text).toMatch(/\$MINIO_ROOT_PASSWORD" \| mc --quiet alias set/);
  expect(text).not.toMatch(/\bmc [^|\n]*\$(3|MINIO_ROOT_PASSWORD)/);
});

test('the runtime stays below the memory limit', () => {
  expect(store().find('ConfigMap', 'minio').data['MINIO_MEMLIMIT']).toBe('460MiB');
});

test('a Job makes the buckets, each with a user of its own; Flux runs it anew when they change', () => {
  const { find } = store();
  const job = find('Job', 'minio-buckets');
  expect(job.metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/force': 'Enabled' });
  const script = find('ConfigMap', 'minio-buckets-files').data['scripts_buckets.sh'];
  expect(script).toContain('bucket tempo-traces "$ID_OF_tempo_traces" "$SECRET_OF_tempo_traces"\n');
  expect(job.spec.template.spec.containers[0].env).toContainEqual({
    name: 'SECRET_OF_tempo_traces',
    valueFrom: { secretKeyRef: { name: 'minio-tempo-traces', key: 'AWS_SECRET_ACCESS_KEY' } },
  });
  expect(find('NetworkPolicy', 'minio-buckets').spec.egress).toContainEqual(
    expect.objectContaining({ ports: [{ port: 9000, protocol: 'TCP' }] }),
  );
});

test('one member has no drive to lose', () => {
  const alerts = (members: number) =>
    store({ members })
      .find('PrometheusRule', 'minio')
      .spec.groups[0].rules.map(({ alert }: { alert: string }) => alert);
  expect(alerts(3)).toEqual(expect.arrayContaining(['MinioDriveOffline', 'MinioQuorumAtRisk', 'MinioCapacityLow']));
  expect(alerts(1)).not.toContain('MinioDriveOffline');
});

describe('refuses', () => {
  test.each([
    ['two members', { members: 2 }, 'members: 2'],
    ['five', { members: 5 }, 'use 1 or 3 or 4'],
    ['little memory', { size: 'small' as const }, 'a limit of 256Mi is below 512Mi'],
    ['no bucket', { buckets: [] }, 'buckets: none'],
    ['a name with a dot', { buckets: ['a.b'] }, '"a.b" is not a name'],
    ['a bucket that is there twice', { buckets: ['traces', 'traces'] }, 'traces is there twice'],
  ])('%s', (_, changes, message) => {
    expect(store(changes).problems).toEqual([expect.stringContaining(message)]);
  });

  test('a bucket that it does not have', () => {
    expect(() =>
      render((chart) => {
        const made = new HaStatefulStore(chart, 'minio', {
          engine: minio({ buckets: ['traces'], images }),
          members: 1,
          size: 'medium',
          storage: '1Gi',
          backup: { none: 'a test' },
        });
        made.bucket('other');
      }),
    ).toThrow('minio: bucket other is none of traces');
  });
});

describe('a bucket', () => {
  /** The same client, with an object store that its environment chose. */
  const client = (isLocal: boolean) => {
    let bucket: Bucket | undefined;
    const rendered = render(
      (chart) => {
        const objects: ObjectStore = isLocal
          ? new HaStatefulStore(chart, 'minio', {
              engine: minio({ buckets: ['tempo-traces'], images }),
              members: 3,
              size: 'medium',
              storage: '10Gi',
              backup: { none: 'traces' },
            })
          : new S3(chart, 'r2', {
              url: 'https://account.r2.cloudflarestorage.com',
              region: 'auto',
              provider: 'Cloudflare',
            });
        bucket = objects.bucket('tempo-traces');
        expect(objects.bucket('tempo-traces').credential).toBe(bucket.credential);
        new Workload(chart, 'tempo', { image: 'tempo:2.9.0', size: 'tiny', uses: [bucket] });
      },
      { nodes },
    );
    return { ...rendered, bucket: bucket! };
  };

  test.each([
    [true, 'http://minio.shop.svc:9000', 'us-east-1', 'true', 'minio-tempo-traces', 9000],
    [false, 'https://account.r2.cloudflarestorage.com', 'auto', 'false', 'r2-tempo-traces', 443],
  ])('in MinIO (%s) or elsewhere is the same to its client', (isLocal, url, region, pathStyle, secret, port) => {
    const { find, problems } = client(isLocal);
    expect(problems).toEqual([]);
    expect(find('ConfigMap', 'tempo').data).toEqual({
      AWS_ENDPOINT_URL_S3: url,
      AWS_REGION: region,
      S3_BUCKET: 'tempo-traces',
      S3_FORCE_PATH_STYLE: pathStyle,
    });
    const keys = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    expect(find('Deployment', 'tempo').spec.template.spec.containers[0].env).toEqual(
      keys.map((name) => ({ name, valueFrom: { secretKeyRef: { name: secret, key: name } } })),
    );
    const ports = find('NetworkPolicy', 'tempo').spec.egress.flatMap(
      (rule: { ports: { port: number }[] }) => rule.ports,
    );
    expect(ports).toContainEqual({ port, protocol: 'TCP' });
  });

  test('tells programs with a configuration file what they ask for', () => {
    expect(client(true).bucket).toMatchObject({ host: 'minio.shop.svc:9000', insecure: true });
    expect(client(false).bucket).toMatchObject({ host: 'account.r2.cloudflarestorage.com', insecure: false });
  });

  test('has folders for rclone', () => {
    const { bucket } = client(true);
    const folder = bucket.folder('postgresql');
    expect(folder.env).toEqual({
      TARGET: ':s3:tempo-traces/postgresql',
      RCLONE_S3_PROVIDER: 'Minio',
      RCLONE_S3_ENDPOINT: 'http://minio.shop.svc:9000',
      RCLONE_S3_REGION: 'us-east-1',
      RCLONE_S3_FORCE_PATH_STYLE: true,
      RCLONE_S3_NO_CHECK_BUCKET: true,
      RCLONE_S3_ACCESS_KEY_ID: expect.objectContaining({ secret: 'minio-tempo-traces', key: 'AWS_ACCESS_KEY_ID' }),
      RCLONE_S3_SECRET_ACCESS_KEY: expect.objectContaining({ key: 'AWS_SECRET_ACCESS_KEY' }),
    });
    expect(folder.endpoints).toEqual([expect.objectContaining({ port: 9000 })]);
  });
});
