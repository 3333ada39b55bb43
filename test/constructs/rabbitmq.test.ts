import { describe, expect, test } from '@jest/globals';
import { Priority } from '../../constructs/priority.ts';
import { RabbitmqCluster, type RabbitmqClusterProps } from '../../constructs/rabbitmq.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, type Options, render } from './render.ts';

const minimal: RabbitmqClusterProps = {
  members: 3,
  storage: '10Gi',
  size: 'large',
  image: 'rabbitmq:4.3.4-management',
  vhosts: { notifi: {} },
};
const nodes = ['a', 'b', 'c'].map((name) => ({ ...environment.nodes[0]!, name }));

const rabbitmq = (props: Partial<RabbitmqClusterProps> = {}, options: Options = {}) => {
  let made: RabbitmqCluster | undefined;
  const rendered = render(
    (chart) => {
      made = new RabbitmqCluster(chart, 'rabbitmq', { ...minimal, ...props });
    },
    { nodes, ...options },
  );
  return { ...rendered, made: made! };
};

describe('RabbitmqCluster', () => {
  test('minimal: the cluster, what keeps it, and one virtual host', () => {
    const { names, problems, find } = rabbitmq();
    expect(problems).toEqual([]);
    expect(names).toEqual([
      'Binding shop/rabbitmq-notifi-dead-letters-dead-letters',
      'Exchange shop/rabbitmq-notifi-dead-letters',
      'NetworkPolicy shop/rabbitmq',
      'Permission shop/rabbitmq-notifi',
      'PodDisruptionBudget shop/rabbitmq',
      'PodMonitor shop/rabbitmq',
      'Policy shop/rabbitmq-notifi',
      'PrometheusRule shop/rabbitmq',
      'Queue shop/rabbitmq-notifi-dead-letters',
      'RabbitmqCluster shop/rabbitmq',
      'User shop/rabbitmq-notifi',
      'Vhost shop/rabbitmq-notifi',
    ]);
    expect(find('RabbitmqCluster', 'rabbitmq').spec).toEqual({
      replicas: 3,
      image: 'rabbitmq:4.3.4-management',
      persistence: { storageClassName: 'local-path', storage: '10Gi' },
      resources: { requests: { cpu: '250m', memory: '1Gi' }, limits: { memory: '1Gi' } },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'rabbitmq' } },
              topologyKey: 'kubernetes.io/hostname',
            },
          ],
        },
      },
    });
  });

  test('nothing repeats or overrides the operator: pause_minority stays', () => {
    expect(rabbitmq().find('RabbitmqCluster', 'rabbitmq').spec.rabbitmq).toBeUndefined();
  });

  test('everything at once', () => {
    const full: Required<RabbitmqClusterProps> = {
      ...minimal,
      identity: 'rabbitmq',
      storageClass: 'local-path',
      vhosts: {
        notifi: {
          queues: ['mail', 'push'],
          exchanges: { events: { type: 'topic', to: { mail: 'order.*' } }, all: { type: 'fanout', to: { push: '' } } },
        },
      },
      clients: ['notifi'],
      topologyFrom: ['notifi', 'eventing'],
      placement: {
        nodeSelector: { 'kubernetes.io/arch': 'arm64' },
        tolerations: [{ key: 'store', operator: 'Exists' }],
      },
    };
    const { problems, find, relations } = rabbitmq(full);
    expect(problems).toEqual([]);
    const cluster = find('RabbitmqCluster', 'rabbitmq');
    expect(cluster.spec.override).toBeUndefined();
    expect(cluster.metadata.annotations).toEqual({ 'rabbitmq.com/topology-allowed-namespaces': 'eventing,notifi' });
    expect(cluster.spec.tolerations).toEqual(full.placement.tolerations);
    expect(JSON.stringify(cluster.spec.affinity)).toContain('"key":"kubernetes.io/arch","operator":"In"');
    expect(find('Queue', 'rabbitmq-notifi-mail').spec).toMatchObject({ name: 'mail', vhost: 'notifi', type: 'quorum' });
    expect(find('Binding', 'rabbitmq-notifi-events-mail').spec).toMatchObject({
      source: 'events',
      destination: 'mail',
      routingKey: 'order.*',
    });
    expect(find('Binding', 'rabbitmq-notifi-all-push').spec.routingKey).toBeUndefined();
    expect(relations.flatMap(({ sealed }) => sealed?.namespace ?? [])).toEqual(['shop', 'notifi']);
  });

  test('the operator finds the Secret of a user by its label', () => {
    const sealed = rabbitmq().relations.flatMap((relation) => relation.sealed ?? []);
    expect(sealed).toEqual([
      {
        namespace: 'shop',
        name: 'rabbitmq-notifi',
        keys: ['username', 'password'],
        generate: { username: 16, password: 32 },
        type: 'Opaque',
        labels: { 'rabbitmq.com/topology-operator': 'true' },
      },
    ]);
    const { find } = rabbitmq({}, { secrets: { kind: 'generated' } });
    expect(find('User', 'rabbitmq-notifi').spec.importCredentialsSecret).toEqual({ name: 'rabbitmq-notifi' });
    expect(find('ExternalSecret', 'rabbitmq-notifi').spec.target.template.metadata.labels).toEqual({
      'rabbitmq.com/topology-operator': 'true',
    });
  });

  test('queues lose nothing by default: dead letters are kept, a full queue refuses', () => {
    const { find } = rabbitmq();
    expect(find('Vhost', 'rabbitmq-notifi').spec.defaultQueueType).toBe('quorum');
    const { pattern, applyTo, definition } = find('Policy', 'rabbitmq-notifi').spec;
    expect(applyTo).toBe('quorum_queues');
    expect(new RegExp(pattern).test('mail')).toBe(true);
    expect(new RegExp(pattern).test('dead-letters')).toBe(false);
    expect(definition).toMatchObject({ 'dead-letter-strategy': 'at-least-once', overflow: 'reject-publish' });
    const { source, destination } = find('Binding', 'rabbitmq-notifi-dead-letters-dead-letters').spec;
    expect([definition['dead-letter-exchange'], source, destination]).toEqual(Array(3).fill('dead-letters'));
  });

  test('a client gets host, port, virtual host and the keys of its user, and the way there', () => {
    const { find } = render(
      (chart) => {
        const broker = new RabbitmqCluster(chart, 'rabbitmq', minimal);
        new Workload(chart, 'api', { image: 'api:1', size: 'small', uses: [broker.vhost('notifi')] });
      },
      { nodes },
    );
    expect(find('ConfigMap', 'api').data).toEqual({
      RABBITMQ_HOST: 'rabbitmq.shop.svc',
      RABBITMQ_PORT: '5672',
      RABBITMQ_VHOST: 'notifi',
    });
    expect(find('Deployment', 'api').spec.template.spec.containers[0].env).toEqual(
      ['username', 'password'].map((key) => ({
        name: `RABBITMQ_${key.toUpperCase()}`,
        valueFrom: { secretKeyRef: { name: 'rabbitmq-notifi', key } },
      })),
    );
    const ports = ({ spec }: { spec: { ingress: { ports: { port: number }[] }[] } }) =>
      spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port)).sort((a, b) => a - b);
    expect(ports(find('NetworkPolicy', 'rabbitmq'))).toEqual([4369, 5672, 15672, 15692, 25672]);
  });

  test('has a priority among pods, which comes first', () => {
    const { find, relations } = render(
      (chart) => {
        const priority = new Priority(chart, 'data', { value: 1000, description: 'Stores' });
        new RabbitmqCluster(chart, 'rabbitmq', { ...minimal, placement: { priority } });
      },
      { nodes },
    );
    const { override } = find('RabbitmqCluster', 'rabbitmq').spec;
    expect(override.statefulSet.spec.template.spec).toEqual({ priorityClassName: 'data', containers: [] });
    expect(relations.flatMap(({ uses = [] }) => uses)).toContain('shop/data');
  });

  test('shows its pages to whom it is told to', () => {
    const { find } = render(
      (chart) => {
        const { console } = new RabbitmqCluster(chart, 'rabbitmq', minimal);
        expect(console).toMatchObject({ service: 'rabbitmq', port: 15672 });
        console.admit!({ builtin: 'ingress' });
      },
      { nodes },
    );
    const rules = find('NetworkPolicy', 'rabbitmq').spec.ingress;
    const fromIngress = rules.filter((rule: object) => JSON.stringify(rule).includes('traefik'));
    expect(fromIngress.map(({ ports }: { ports: unknown }) => ports)).toEqual([[{ port: 15672, protocol: 'TCP' }]]);
  });

  test('a single member has no budget that would block its drain', () => {
    expect(rabbitmq({ members: 1 }).find('PodDisruptionBudget', 'rabbitmq')).toBeUndefined();
  });

  test.each([
    ['two members', { members: 2 }, 'members: 2 cannot form a quorum'],
    ['a volume it would not fill', { storage: '3Gi' }, 'storage: 3Gi, a member takes no message once'],
    ['storage that is none', { storage: '0' }, 'storage: "0" holds nothing'],
    ['a class that is not there', { storageClass: 'fast' }, 'storageClass: fast is not one of'],
    ['no virtual host', { vhosts: {} }, 'vhosts: none'],
    ['a queue twice', { vhosts: { notifi: { queues: ['mail', 'mail'] } } }, 'queues: mail is there twice'],
    ['its own queue', { vhosts: { notifi: { queues: ['dead-letters'] } } }, 'dead-letters: is there in every virtual'],
    [
      'an exchange to nowhere',
      { vhosts: { notifi: { exchanges: { events: { to: { mail: 'x' } } } } } },
      'exchanges.events: mail is none of its queues',
    ],
  ])('refuses %s', (_, props, message) => {
    expect(rabbitmq(props).problems).toEqual([expect.stringContaining(message)]);
  });

  test('an unknown virtual host stops with the names there are', () => {
    expect(() => rabbitmq().made.vhost('shop')).toThrow('virtual host shop is none of notifi');
  });
});
