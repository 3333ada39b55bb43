import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { images } from '../../../charts/versions.ts';
import { bytes, container, data, find, type Plain, pod, store } from './stores.ts';

describe('MongoDB [2]', () => {
  const configuration = () =>
    load(data('mongodb-files').etc_mongod_mongod_conf ?? data('mongodb-files')['etc_mongod_mongod.conf']) as Plain;
  const script = () => data('mongodb-replica-set-files')['scripts_replica-set.js'] as string;

  test('the server asks for passwords, and its members for a key', () => {
    expect(configuration().security).toEqual({ authorization: 'enabled', keyFile: '/run/mongod/keyfile' });
  });

  test('nothing is left to an entrypoint that the command replaces', () => {
    const names = pod('mongodb').containers.flatMap(({ env = [] }: Plain) => env.map(({ name }: Plain) => name));
    expect(names.filter((name: string) => name.startsWith('MONGO_INITDB'))).toEqual([]);
    expect(container('mongodb').command[0]).toBe('mongod');
  });

  test('the key is readable by the server alone, which a mounted Secret is not', () => {
    const [init] = pod('mongodb').initContainers;
    const { mountPath } = init.volumeMounts.find(({ mountPath: path }: Plain) => path.startsWith('/run/mongod'));
    const memory = pod('mongodb').volumes.find(({ emptyDir }: Plain) => emptyDir?.medium === 'Memory');
    expect(memory).toBeDefined();
    expect(`${configuration().security.keyFile}`.startsWith(mountPath)).toBe(true);
    expect(JSON.stringify(init)).toMatch(/400/);
  });

  test('the set begins beside a running server, not in an init container before it', () => {
    expect(pod('mongodb').containers.map(({ name }: Plain) => name)).toContain('replica-set');
    expect(JSON.stringify(pod('mongodb').initContainers)).not.toContain('replica-set');
  });

  test('it begins on one answer only: never initialised, and no peer is', () => {
    expect(script()).toContain("if (error.codeName !== 'NotYetInitialized') throw error;");
    expect(script()).toContain('if (hello(peer).setName) throw');
  });

  test('members have names that resolve in every namespace', () => {
    const { serviceName, replicas } = store('mongodb').spec;
    for (let n = 0; n < replicas; n += 1) expect(script()).toContain(`"mongodb-${n}.${serviceName}.lab.svc:27017"`);
    expect(find('Service', 'lab', serviceName).spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
  });

  test('all three members hold data: no arbiter, which makes majority writes stall', () => {
    expect(store('mongodb').spec.replicas).toBe(3);
    expect(script()).not.toMatch(/arbiter|priority: *0/i);
  });

  test('a client is told all members, the set and where its user is', () => {
    const { env = [], envFrom = [] } = find('Deployment', 'lab', 'catalog').spec.template.spec.containers[0];
    const plain = Object.assign({}, ...envFrom.map(({ configMapRef }: Plain) => data(configMapRef.name)));
    const uri = plain.MONGODB_URI ?? env.find(({ name }: Plain) => name === 'MONGODB_URI').value;
    expect(uri.match(/mongodb-\d\.mongodb-headless/g)).toHaveLength(3);
    expect(uri).toMatch(/replicaSet=rs0/);
    expect(uri).toMatch(/authSource=admin/);
  });

  test('it stands on nodes whose CPU runs it, in a major version that does', () => {
    const [term] =
      pod('mongodb').affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    expect(term.matchExpressions).toEqual([{ key: 'capability/mongodb', operator: 'In', values: ['true'] }]);
    expect(images.mongo).toMatch(/:7\.0\.\d+$/);
  });

  test('its cache leaves room in the limit', () => {
    const { cacheSizeGB } = configuration().storage.wiredTiger.engineConfig;
    expect(cacheSizeGB * 2 ** 30).toBeLessThanOrEqual(bytes(container('mongodb').resources.limits.memory) / 2);
  });
});
