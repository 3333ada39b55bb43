import { describe, expect, test } from '@jest/globals';
import { Credential } from '../../../constructs/credential.ts';
import { External } from '../../../constructs/external.ts';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { type MongodbProps, mongodb } from '../../../constructs/stores/mongodb.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, render } from '../render.ts';

const [node] = environment.nodes;
const nodes = [1, 2, 3].map((n) => ({ ...node!, name: `node-${n}`, labels: { 'capability/mongodb': 'true' } }));
const images = { mongo: 'mongo:7.0.40', mongodbExporter: 'exporter:0.53.0' };

const store = (
  { members = 3, size = 'large', ...changes }: Partial<MongodbProps> & { members?: number; size?: 'medium' | 'large' },
  overrides: Parameters<typeof render>[1] = { nodes },
) =>
  render((chart) => {
    const made = new HaStatefulStore(chart, 'mongodb', {
      engine: mongodb({ databases: ['notifi'], images, ...changes }),
      members,
      size,
      storage: '10Gi',
      backup: {
        rpoMinutes: 60,
        targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
        uploader: 'rclone:1.75.1',
      },
    });
    new Workload(chart, 'client', { image: 'client:1.0.0', size: 'tiny', uses: [made.database('notifi')] });
  }, overrides);

const { find, problems, objects } = store({});
const { containers, initContainers, ...pod } = find('StatefulSet', 'mongodb').spec.template.spec;
const [server, sidecar, exporter] = containers;
const config = find('ConfigMap', 'mongodb-files').data['etc_mongod_mongod.conf'];
const script: string = find('ConfigMap', 'mongodb-replica-set-files').data['scripts_replica-set.js'];

test('the server runs with authentication and a key, not by the entrypoint that would make users on each member', () => {
  expect(problems).toEqual([]);
  expect(server.command).toEqual(['mongod', '--config', '/etc/mongod/mongod.conf']);
  expect(JSON.stringify(objects)).not.toContain('MONGO_INITDB');
  expect(config).toContain('authorization: enabled');
  expect(config).toContain('keyFile: /run/mongod/keyfile');
  expect(config).toContain('replSetName: rs0');
});

test('the key is copied into memory, readable by the server alone', () => {
  expect(initContainers).toMatchObject([
    { name: 'keyfile', command: ['install', '-m', '0400', '/secrets/keyfile', '/run/mongod/keyfile'] },
  ]);
  expect(pod.securityContext).toMatchObject({ runAsUser: 999, runAsGroup: 999, fsGroup: 999 });
  expect(pod.volumes).toContainEqual({ name: 'run-mongod', emptyDir: { medium: 'Memory' } });
});

test('the set is begun beside the running server, never before it, by names that resolve from everywhere', () => {
  expect(JSON.stringify(initContainers)).not.toContain('mongosh');
  expect(sidecar).toMatchObject({ name: 'replica-set', command: ['bash', '/scripts/replica-set.sh'] });
  const { serviceName } = find('StatefulSet', 'mongodb').spec;
  for (const n of [0, 1, 2]) expect(script).toContain(`"mongodb-${n}.${serviceName}.shop.svc:27017"`);
  expect(find('Service', serviceName).spec.publishNotReadyAddresses).toBe(true);
});

test('all members hold data: no arbiter, no second-class vote', () => {
  expect(script).not.toMatch(/arbiter|votes:|priority/i);
});

test.each([
  [1, 'xlarge', '0.5'],
  [3, 'large', '0.25'],
] as const)('%d members of size %s have a cache of %s GiB', (members, size, cache) => {
  const { find } = store({ members, size: size as 'large' });
  expect(find('ConfigMap', 'mongodb-files').data['etc_mongod_mongod.conf']).toContain(`cacheSizeGB: ${cache}\n`);
});

test('one member is a set of one', () => {
  const { find, problems } = store({ members: 1 });
  expect(problems).toEqual([]);
  expect(find('ConfigMap', 'client').data['MONGODB_HOSTS']).toBe('mongodb-0.mongodb-headless.shop.svc:27017');
  const rules = find('PrometheusRule', 'mongodb').spec.groups[0].rules.map(({ alert }: { alert: string }) => alert);
  expect(rules).not.toContain('MongodbReplicationLag');
});

test('a client is given every member, the set, where users are, and a password that no URI has to escape', () => {
  const { env } = find('Deployment', 'client').spec.template.spec.containers[0];
  expect(env).toEqual([
    { name: 'MONGODB_PASSWORD', valueFrom: { secretKeyRef: { name: 'mongodb-notifi', key: 'password' } } },
    {
      name: 'MONGODB_URI',
      value:
        'mongodb://notifi:$(MONGODB_PASSWORD)@mongodb-0.mongodb-headless.shop.svc:27017,' +
        'mongodb-1.mongodb-headless.shop.svc:27017,mongodb-2.mongodb-headless.shop.svc:27017' +
        '/notifi?replicaSet=rs0&authSource=admin&w=majority',
    },
  ]);
});

test('several databases fit one client, each under a name of its own', () => {
  const { problems, find } = render(
    (chart) => {
      const made = new HaStatefulStore(chart, 'mongodb', {
        engine: mongodb({ databases: ['one', 'two'], images }),
        members: 1,
        size: 'large',
        storage: '1Gi',
        backup: { none: 'a test' },
      });
      const uses = [made.database('one').uri('ONE'), made.database('two').uri('TWO')];
      new Workload(chart, 'client', { image: 'client:1.0.0', size: 'tiny', uses });
    },
    { nodes },
  );
  expect(problems).toEqual([]);
  const { env } = find('Deployment', 'client').spec.template.spec.containers[0];
  expect(env.map(({ name }: { name: string }) => name)).toEqual(['ONE_PASSWORD', 'ONE', 'TWO_PASSWORD', 'TWO']);
});

test('a user owns a database, or, where clients make databases, every one', () => {
  expect(script).toContain('"dbAdmin@notifi",\n    "readWrite@notifi"');
  const tenants = store({ tenants: ['notifi'] }).find('ConfigMap', 'mongodb-replica-set-files').data;
  expect(tenants['scripts_replica-set.js']).toContain('"dbAdminAnyDatabase@admin",\n    "readWriteAnyDatabase@admin"');
});

test('members stand on nodes whose CPU runs it', () => {
  expect(pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms).toEqual([
    { matchExpressions: [{ key: 'capability/mongodb', operator: 'In', values: ['true'] }] },
  ]);
});

test('the exporter knows its own user only', () => {
  expect(exporter.env).toEqual([
    { name: 'MONGODB_PASSWORD', valueFrom: { secretKeyRef: { name: 'mongodb-admin', key: 'monitor' } } },
  ]);
  // The members' key, with which nobody asks for a user.
  expect(exporter.volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }]);
  expect(server.volumeMounts).toContainEqual({ name: 'run-mongod', mountPath: '/run/mongod' });
});

test('refuses a file server for a single member; for several the rule about replicas finds it', () => {
  const storageClasses = { nas: { kind: 'shared', default: true, expandable: false } } as const;
  const { problems: refused } = store({ members: 1 }, { nodes, storageClasses });
  expect(refused).toEqual([expect.stringContaining('storageClass: nas is a file server')]);
  expect(store({}, { nodes, storageClasses }).problems).toEqual([]);
});

describe('refuses', () => {
  test('nodes without the CPU that it needs', () => {
    expect(store({}, {}).problems).toEqual([expect.stringContaining('nodes: none that it runs on')]);
  });

  test.each([
    ['less memory than its cache and connections take', { size: 'medium' as const }, 'a limit of 512Mi is below 1Gi'],
    ['two members', { members: 2 }, '2 cannot form a quorum'],
    ['a name with a dot', { databases: ['notifi', 'a.b'] }, '"a.b" is no plain name'],
    ["the server's own database", { databases: ['notifi', 'admin'] }, "admin is the server's own"],
    ['one that is there twice', { databases: ['notifi', 'notifi'] }, 'notifi is there twice'],
    ['two whose Secrets would have one name', { databases: ['notifi', 'a_b', 'a-b'] }, 'a-b is there twice'],
    ['a tenant who is no user', { tenants: ['other'] }, 'other is no user'],
  ])('%s', (_, changes, message) => {
    expect(store(changes).problems).toEqual([expect.stringContaining(message)]);
  });

  test('no database', () => {
    const { problems } = render(
      (chart) => {
        const engine = mongodb({ databases: [], images });
        const backup = { none: 'a test' };
        new HaStatefulStore(chart, 'mongodb', { engine, members: 1, size: 'large', storage: '1Gi', backup });
      },
      { nodes },
    );
    expect(problems).toEqual([expect.stringContaining('databases: none')]);
  });

  test('a database that it does not have', () => {
    expect(() => store({ databases: ['other'] })).toThrow('database notifi is none of other');
  });
});

test('what is given to the credentials is made up, and safe in a URI', () => {
  render(
    (chart) => {
      const made = new HaStatefulStore(chart, 'mongodb', {
        engine: mongodb({ databases: ['notifi'], images }),
        members: 1,
        size: 'large',
        storage: '1Gi',
        backup: { none: 'a test' },
      });
      const keys = made.node
        .findAll()
        .flatMap((found) => (found instanceof Credential ? Object.values(found.keys) : []));
      expect(keys.length).toBe(5);
      for (const key of keys) expect(key).toEqual({ length: expect.any(Number) });
    },
    { nodes },
  );
});
