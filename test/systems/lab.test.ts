import { describe, expect, test } from '@jest/globals';
import lab from '../../charts/environments/lab.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Plain, rendered } from './environment.ts';

const { objects, find } = rendered(lab);
const { findings } = synthesize(lab, new Map());
const ofKind = (kind: string): readonly Plain[] => objects.filter((object) => object.kind === kind);
const stores = ofKind('StatefulSet');
const names = (list: readonly Plain[]) => list.map(({ metadata }) => metadata.name).sort();

test('renders without a refusal, and no rule finds an error', () => {
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

describe('every kind of store', () => {
  const replicas = { minio: 4, postgresql: 3, 'notes-db': 1, redis: 3, mongodb: 3, kafka: 3, vault: 3, qdrant: 1 };

  test('is there once', () => {
    expect(Object.fromEntries(stores.map(({ metadata, spec }) => [metadata.name, spec.replicas]))).toEqual(replicas);
    expect(names([...ofKind('RabbitmqCluster'), ...ofKind('Kafka')])).toEqual(['audit', 'rabbitmq']);
  });

  test('has a node of its own for each member, and a budget that lets one go at a time', () => {
    const [apart, budgets] = [[] as string[], ofKind('PodDisruptionBudget')];
    for (const { metadata, spec } of stores.filter((store) => store.spec.replicas > 1)) {
      const { podAntiAffinity } = spec.template.spec.affinity;
      if (podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution?.length === 1) apart.push(metadata.name);
      const budget = budgets.find((each) => each.metadata.name === metadata.name);
      expect(budget.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'IfHealthyBudget' });
    }
    expect(apart.sort()).toEqual(['kafka', 'minio', 'mongodb', 'postgresql', 'redis', 'vault']);
  });

  test('stands on the disks of its nodes', () => {
    const classes = stores.flatMap(({ spec }) =>
      spec.volumeClaimTemplates.map((claim: Plain) => claim.spec.storageClassName),
    );
    expect(new Set(classes)).toEqual(new Set(['local-path']));
    expect(lab.storageClasses['local-path'].kind).toBe('node');
  });

  test('is used by a service that is told where it is and how to log in', () => {
    const variables = (name: string, namespace = 'lab') => {
      const { env = [], envFrom = [] } = find('Deployment', namespace, name).spec.template.spec.containers[0];
      const plain = envFrom.flatMap(({ configMapRef }: Plain) =>
        Object.keys(find('ConfigMap', namespace, configMapRef.name).data),
      );
      return [...plain, ...env.map((each: Plain) => each.name)];
    };
    expect(variables('ledger')).toEqual(expect.arrayContaining(['PGHOST', 'PGPASSWORD']));
    expect(variables('reports')).toEqual(expect.arrayContaining(['PGHOST', 'PGPASSWORD']));
    expect(variables('notes')).toEqual(expect.arrayContaining(['PGHOST', 'PGPASSWORD']));
    expect(variables('sessions')).toEqual(expect.arrayContaining(['REDIS_HOST', 'REDIS_PASSWORD']));
    expect(variables('catalog')).toEqual(expect.arrayContaining(['MONGODB_URI', 'MONGODB_PASSWORD']));
    expect(variables('pictures')).toEqual(expect.arrayContaining(['S3_BUCKET', 'AWS_SECRET_ACCESS_KEY']));
    expect(variables('search')).toEqual(expect.arrayContaining(['QDRANT_URL', 'QDRANT_API_KEY']));
    expect(variables('orders')).toEqual(expect.arrayContaining(['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_PRODUCER_TOPICS']));
    expect(variables('auditor')).toEqual(expect.arrayContaining(['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_GROUP_ID']));
    expect(variables('mailer')).toEqual(expect.arrayContaining(['RABBITMQ_HOST', 'RABBITMQ_PASSWORD']));
    expect(variables('signer', 'keys')).toEqual(expect.arrayContaining(['VAULT_ADDR', 'VAULT_ROLE']));
  });

  test('is backed up to a bucket outside of the cluster too, where it can be', () => {
    const backups = ofKind('CronJob').filter(({ metadata }) => metadata.name.endsWith('-backup'));
    expect(names(backups)).toEqual(expect.arrayContaining(['mongodb-backup', 'postgresql-backup', 'vault-backup']));
    for (const { metadata } of backups) {
      const { namespace, name } = metadata;
      const targets = ofKind('ConfigMap')
        .filter((map) => map.metadata.namespace === namespace && map.metadata.name.startsWith(name))
        .filter((map) => !map.metadata.name.includes('-restore'))
        .flatMap(({ data }) => data.TARGET ?? []);
      expect(targets).toHaveLength(2);
      const policy = find('NetworkPolicy', namespace, name);
      expect(JSON.stringify(policy.spec.egress)).toContain('"cidr":"0.0.0.0/0"');
    }
  });
});

test('NFS is named as its driver registers itself, mounted hard, and keeps what a claim leaves', () => {
  const nfs = ofKind('StorageClass').find(({ metadata }) => metadata.name === 'nfs');
  expect(nfs).toMatchObject({
    provisioner: 'nfs.csi.k8s.io',
    mountOptions: ['hard', 'nfsvers=4.1', 'noatime'],
    parameters: { onDelete: 'retain', subDir: expect.stringContaining('namespace') },
  });
});

test("Strimzi's operator brings no policies of its own: they would let everyone in", () => {
  const { values } = find('HelmRelease', 'strimzi', 'strimzi-kafka-operator').spec;
  expect(values).toMatchObject({ generateNetworkPolicy: false, watchNamespaces: ['lab'] });
});
