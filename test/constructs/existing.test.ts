import { describe, expect, test } from '@jest/globals';
import type { Chart } from 'cdk8s';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { SharedFolder } from '../../constructs/shared-folder.ts';
import { mongodb } from '../../constructs/stores/mongodb.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import { qdrant } from '../../constructs/stores/qdrant.ts';
import { Workload } from '../../constructs/workload.ts';
import type { Existing } from '../../imports/environment.ts';
import { environment, render } from './render.ts';

const [node] = environment.nodes;
const nodes = [1, 2, 3].map((n) => ({ ...node!, name: `node-${n}`, labels: { 'capability/mongodb': 'true' } }));

const mongo = (chart: Chart) => {
  const store = new HaStatefulStore(chart, 'mongodb', {
    engine: mongodb({ databases: ['shop'], images: { mongo: 'mongo:7.0.40', mongodbExporter: 'exporter:0.53.0' } }),
    members: 3,
    size: 'large',
    storage: '10Gi',
    backup: { none: 'tested elsewhere' },
  });
  new Workload(chart, 'api', { image: 'api:1.0.0', size: 'tiny', uses: [store.database('shop')] });
};

const all: Required<Existing> = {
  name: 'mongo',
  serviceName: 'mongo',
  claim: 'mongo-data',
  selector: { app: 'mongo', tier: 'db' },
};

describe('a store that runs already', () => {
  const { find, problems, relations, objects } = render(mongo, { nodes, existing: { 'shop/mongodb': all } });
  const set = find('StatefulSet', 'mongo');

  test('keeps its name, its serviceName, the names of its claims and its selector', () => {
    expect(problems).toEqual([]);
    expect(set.spec).toMatchObject({ serviceName: 'mongo', selector: { matchLabels: all.selector } });
    expect(set.spec.volumeClaimTemplates[0].metadata.name).toBe('mongo-data');
    expect(set.spec.template.spec.containers[0].volumeMounts).toContainEqual({
      name: 'mongo-data',
      mountPath: '/data/db',
    });
    expect(set.spec.template.metadata.labels).toMatchObject({ ...all.selector, 'app.kubernetes.io/name': 'mongo' });
  });

  test('is reached by its members, at the addresses that they have', () => {
    expect(find('Service', 'mongo').spec).toMatchObject({ clusterIP: 'None', selector: all.selector });
    expect(find('Service', 'mongo-clients').spec.clusterIP).toBeUndefined();
    expect(JSON.stringify(find('Deployment', 'api'))).toContain('mongo-0.mongo.shop.svc:27017,mongo-1.mongo.shop.svc');
    expect(JSON.stringify(objects)).not.toContain('mongodb-headless');
  });

  test('is watched, disrupted and let through by the labels that its pods have', () => {
    expect(find('PodDisruptionBudget', 'mongo').spec.selector).toEqual({ matchLabels: all.selector });
    expect(find('NetworkPolicy', 'mongo').spec.podSelector).toEqual({ matchLabels: all.selector });
    const { matchLabels } = find('ServiceMonitor', 'mongo').spec.selector;
    expect(find('Service', 'mongo').metadata.labels).toMatchObject(matchLabels);
    expect(
      find('PrometheusRule', 'mongo')
        .spec.groups[0].rules.map(({ expr }: { expr: string }) => expr)
        .join(),
    ).toContain('mongo-data-mongo-');
  });

  test('its file is named as it is', () => {
    expect(relations).toContainEqual(expect.objectContaining({ existing: 'shop/mongodb' }));
    expect(relations).toContainEqual(expect.objectContaining({ identity: 'mongo' }));
  });
});

test('without a name of its own, only what is given differs', () => {
  const { find, problems } = render(mongo, { nodes, existing: { 'shop/mongodb': { claim: 'datadir' } } });
  expect(problems).toEqual([]);
  expect(find('StatefulSet', 'mongodb').spec).toMatchObject({ serviceName: 'mongodb-headless' });
  expect(find('StatefulSet', 'mongodb').spec.volumeClaimTemplates[0].metadata.name).toBe('datadir');
});

test('clients of a store that they reach by one Service get the other one where the headless one has its name', () => {
  const { find, problems } = render(
    (chart) => {
      const images = {
        postgres16: 'postgres:16.15',
        postgres18: 'postgres:18.6',
        spilo: 'spilo-17:4.0-p3',
        postgresExporter: 'postgres-exporter:0.20.1',
        pgbouncer: 'pgbouncer:1.25.2',
      };
      const store = new HaStatefulStore(chart, 'postgresql', {
        engine: postgres({ version: '16', databases: ['shop'], images }),
        members: 1,
        size: 'large',
        storage: '10Gi',
        backup: { none: 'tested elsewhere' },
      });
      new Workload(chart, 'api', { image: 'api:1.0.0', size: 'tiny', uses: [store.database('shop')] });
    },
    { existing: { 'shop/postgresql': { serviceName: 'postgresql' } } },
  );
  expect(problems).toEqual([]);
  expect(find('Service', 'postgresql').spec.clusterIP).toBe('None');
  expect(JSON.stringify(find('ConfigMap', 'api'))).toContain('postgresql-clients.shop.svc');
});

test('a member that tells others its own address tells the one that it has', () => {
  const { objects } = render(
    (chart) => {
      new HaStatefulStore(chart, 'qdrant', {
        engine: qdrant({ images: { qdrant: 'qdrant:v1.19.0', curl: 'curl:8.17.0' } }),
        members: 3,
        size: 'large',
        storage: '10Gi',
        backup: { none: 'tested elsewhere' },
      });
    },
    { nodes, existing: { 'shop/qdrant': { serviceName: 'vectors' } } },
  );
  expect(JSON.stringify(objects)).toContain('$HOSTNAME.vectors.shop.svc');
  expect(JSON.stringify(objects)).not.toContain('qdrant-headless');
});

const workload = (chart: Chart) => new Workload(chart, 'api', { image: 'api:1.0.0', size: 'tiny' });
const folder = (chart: Chart) => new SharedFolder(chart, 'backups', { storageClass: 'nfs', storage: '10Gi' });
const storageClasses = { nfs: { kind: 'shared', expandable: false } } as const;

test('a workload and a shared folder keep their name, in all that is named after it', () => {
  const existing = { 'shop/api': { name: 'backend' }, 'shop/backups': { name: 'dumps' } };
  const { names, problems } = render(
    (chart) => {
      workload(chart);
      folder(chart);
    },
    { existing, storageClasses },
  );
  expect(problems).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(['Deployment shop/backend', 'PersistentVolumeClaim shop/dumps']));
  expect(names.join()).not.toContain('/api');
});

test.each<[string, (chart: Chart) => unknown, Record<string, Existing>, string[]]>([
  [
    'a serviceName of what is no store',
    workload,
    { 'shop/api': { serviceName: 'api' } },
    ['existing["shop/api"].serviceName: it has none to keep, only name; remove it'],
  ],
  [
    'a claim of a claim',
    folder,
    { 'shop/backups': { claim: 'data' } },
    ['existing["shop/backups"].claim: it has none to keep, only name; remove it'],
  ],
  [
    'a name that is none',
    mongo,
    { 'shop/mongodb': { name: 'Mongo_1' } },
    [expect.stringContaining('existing["shop/mongodb"]: name: "Mongo_1" is not a DNS label') as unknown as string],
  ],
  [
    'a selector of everything',
    mongo,
    { 'shop/mongodb': { selector: {} } },
    [
      'existing["shop/mongodb"].selector: selects every pod of the namespace; give the labels of the StatefulSet\'s own',
    ],
  ],
])('refuses %s', (_, build, existing, wanted) => {
  const { problems } = render((chart) => void build(chart), {
    nodes,
    existing,
    storageClasses: { ...environment.storageClasses, ...storageClasses },
  });
  expect(problems).toEqual(expect.arrayContaining(wanted));
});
