import { describe, expect, test } from '@jest/globals';
import { Chart as Cdk8sChart, type Chart } from 'cdk8s';
import { BackupJob } from '../../constructs/backup-job.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { KnativeWorker } from '../../constructs/knative-worker.ts';
import { MigrationJob } from '../../constructs/migration-job.ts';
import { RabbitmqCluster } from '../../constructs/rabbitmq.ts';
import { ScheduledJob } from '../../constructs/scheduled-job.ts';
import { SharedFolder } from '../../constructs/shared-folder.ts';
import type { Design } from '../../constructs/stores/engine.ts';
import { StrimziKafka } from '../../constructs/stores/strimzi.ts';
import { Workload } from '../../constructs/workload.ts';
import { declare, identityOf } from '../../imports/relations.ts';
import { environment, render } from './render.ts';

type Kept = { readonly identity?: string };

const design: Design<object> = {
  image: 'store:1.0.0',
  run: { user: 70 },
  ports: { client: 7000, metrics: 9000 },
  probes: { readinessProbe: { tcpSocket: { port: 'client' } } },
  data: { path: '/data' },
  peers: [],
  services: [{ ports: ['client'] }],
  metrics: { port: 'metrics' },
  alerts: [],
  clients: () => ({}),
};

/** Every construct whose name is somebody's volume, selector or address. */
const named: Readonly<Record<string, (chart: Chart, id: string, kept: Kept) => unknown>> = {
  Workload: (chart, id, kept) =>
    new Workload(chart, id, {
      image: 'web:1.0.0',
      size: 'small',
      listens: { http: 8080, metrics: 9090 },
      health: { live: '/live', ready: '/ready' },
      scale: { min: 2, max: 4, cpu: 70 },
      env: { A: 1 },
      ...kept,
    }),
  HaStatefulStore: (chart, id, kept) =>
    new HaStatefulStore(chart, id, {
      engine: () => design,
      members: 3,
      storage: '10Gi',
      size: 'small',
      backup: { none: 'a cache' },
      ...kept,
    }),
  StrimziKafka: (chart, id, kept) =>
    new StrimziKafka(chart, id, {
      version: '4.3.1',
      members: 3,
      storage: '10Gi',
      size: 'xlarge',
      topics: [{ name: 'mail', partitions: 1, retentionDays: 1 }],
      ...kept,
    }),
  KnativeWorker: (chart, id, kept) =>
    new KnativeWorker(chart, id, { image: 'worker:1.0.0', size: 'small', scale: { max: 3, concurrency: 1 }, ...kept }),
  RabbitmqCluster: (chart, id, kept) =>
    new RabbitmqCluster(chart, id, {
      members: 3,
      storage: '10Gi',
      size: 'large',
      image: 'rabbitmq:4.3.4-management',
      vhosts: { shop: {} },
      ...kept,
    }),
  SharedFolder: (chart, id, kept) => new SharedFolder(chart, id, { storageClass: 'nfs', storage: '10Gi', ...kept }),
  ScheduledJob: (chart, id, kept) =>
    new ScheduledJob(chart, id, { image: 'report:1.0.0', size: 'small', schedule: '0 7 * * *', ...kept }),
  MigrationJob: (chart, id, kept) =>
    new MigrationJob(chart, id, {
      database: [],
      release: 'app:1.0.0',
      schema: '/app/schema.sql',
      client: 'postgres:17.6',
      ...kept,
    }),
  BackupJob: (chart, id, kept) =>
    new BackupJob(chart, id, {
      database: [],
      target: { env: { TARGET: 'outside:folder' } },
      tables: ['orders'],
      client: 'postgres:17.6',
      uploader: 'rclone:1.75.1',
      rpoMinutes: 60,
      ...kept,
    }),
  ChartRelease: (chart, id, kept) =>
    new ChartRelease(chart, id, { from: 'oci://ghcr.io/acme', version: '1.2.3', ...kept }),
};

const nodes = ['a', 'b', 'c'].map((name) => ({ ...environment.nodes[0]!, name }));
const storageClasses = { ...environment.storageClasses, nfs: { kind: 'shared' as const, expandable: true } };

describe.each(Object.entries(named))('%s', (_, make) => {
  const made = (id: string, kept: Kept = {}) => render((chart) => make(chart, id, kept), { nodes, storageClasses });

  test('renders the same under another id, byte for byte, where its identity is kept', () => {
    const before = made('store');
    expect(before.problems).toEqual([]);
    expect(made('warehouse', { identity: 'store' }).objects).toEqual(before.objects);
    expect(made('warehouse').objects).not.toEqual(before.objects);
  });
});

test('a chart keeps its name in the labels of all that is in it', () => {
  const { objects } = render((chart) => {
    declare(chart, { identity: 'market' });
    named['Workload']!(chart, 'web', {});
  });
  expect(new Set(objects.map(({ metadata }) => metadata.labels['app.kubernetes.io/part-of']))).toEqual(
    new Set(['market']),
  );
});

test('an identity is what was declared, else the id', () => {
  render((chart) => {
    expect(identityOf(chart)).toBe('shop');
    const other = new Cdk8sChart(chart, 'other');
    declare(other, { identity: 'one' });
    expect(identityOf(other)).toBe('one');
  });
});
