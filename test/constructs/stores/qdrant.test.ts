import { expect, test } from '@jest/globals';
import { External } from '../../../constructs/external.ts';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { qdrant } from '../../../constructs/stores/qdrant.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, render } from '../render.ts';

const images = { qdrant: 'qdrant/qdrant:v1.19.0', curl: 'curl:8.17.0' };
const nodes = [{ ...environment.nodes[0]!, count: 3, labels: { 'capability/page-size': '4Ki' } }];

const store = (
  members: number,
  {
    size = 'medium' as 'medium' | 'tiny',
    ...overrides
  }: Parameters<typeof render>[1] & { size?: 'medium' | 'tiny' } = {},
) =>
  render(
    (chart) => {
      const made = new HaStatefulStore(chart, 'qdrant', {
        engine: qdrant({ images }),
        members,
        size,
        storage: '10Gi',
        backup: {
          rpoMinutes: 60,
          targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
          uploader: 'rclone:1.75.1',
        },
      });
      new Workload(chart, 'writer', { image: 'api:1.0.0', size: 'tiny', uses: [made] });
      new Workload(chart, 'reader', { image: 'api:1.0.0', size: 'tiny', uses: [made.readOnly] });
    },
    { nodes, ...overrides },
  );

test('one member is no cluster', () => {
  const { find, problems } = store(1);
  expect(problems).toEqual([]);
  expect(find('ConfigMap', 'qdrant').data).not.toHaveProperty('QDRANT__CLUSTER__ENABLED');
  expect(find('ConfigMap', 'qdrant-files').data['scripts_start.sh']).not.toContain('--bootstrap');
  expect(find('Service', 'qdrant').spec.ports.map(({ port }: { port: number }) => port)).toEqual([6333, 6334]);
});

test('several find each other by the first one, by names that are there before they are ready', () => {
  const { find, problems } = store(3);
  expect(problems).toEqual([]);
  const script = find('ConfigMap', 'qdrant-files').data['scripts_start.sh'];
  expect(script).toContain('--bootstrap http://qdrant-0.qdrant-headless.shop.svc:6335');
  expect(script).toContain('--uri "http://$HOSTNAME.qdrant-headless.shop.svc:6335"');
  const { publishNotReadyAddresses, ports } = find('Service', 'qdrant-headless').spec;
  expect(publishNotReadyAddresses).toBe(true);
  expect(ports).toContainEqual({ name: 'p2p', port: 6335, targetPort: 'p2p' });
});

test('collections of several members are written to two of them, unless they say otherwise', () => {
  expect(store(3).find('ConfigMap', 'qdrant').data).toMatchObject({
    QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR: '2',
    QDRANT__STORAGE__COLLECTION__WRITE_CONSISTENCY_FACTOR: '2',
  });
});

test('what it writes is on its volume', () => {
  const { find } = store(1);
  const [server] = find('StatefulSet', 'qdrant').spec.template.spec.containers;
  expect(server.volumeMounts).toContainEqual({ name: 'data', mountPath: '/qdrant/storage' });
  for (const path of ['SNAPSHOTS_PATH', 'TEMP_PATH']) {
    expect(find('ConfigMap', 'qdrant').data[`QDRANT__STORAGE__${path}`]).toMatch(/^\/qdrant\/storage\//);
  }
});

test('nobody gets in without a key, and Prometheus and readers with one that only reads', () => {
  const { find } = store(1);
  const key = (name: string) => find('Deployment', name).spec.template.spec.containers[0].env;
  const secret = (key: string) => ({
    name: 'QDRANT_API_KEY',
    valueFrom: { secretKeyRef: { name: 'qdrant-key', key } },
  });
  expect(key('writer')).toEqual([secret('api-key')]);
  expect(key('reader')).toEqual([secret('read-only-api-key')]);
  expect(find('ServiceMonitor', 'qdrant').spec.endpoints).toEqual([
    {
      port: 'http',
      path: '/metrics',
      interval: '30s',
      authorization: { credentials: { name: 'qdrant-key', key: 'read-only-api-key' } },
    },
  ]);
});

test('nodes with large pages are refused, as a Raspberry Pi 5 has them by default', () => {
  const { problems } = store(1, { nodes: environment.nodes });
  expect(problems).toEqual(['nodes: none that it runs on (capability/page-size In 4Ki); label, add or tolerate nodes']);
});

test('too little memory to build an index in is refused', () => {
  expect(store(1, { size: 'tiny' }).problems.join()).toContain('is below 512Mi');
});
