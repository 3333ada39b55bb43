import { Construct, type IConstruct } from 'constructs';
import { Binding, Exchange, Permission, Policy, Queue, User, Vhost as VhostKind } from '../../imports/custom.ts';
import { declare, refuse } from '../../imports/relations.ts';
import { Credential } from '../credential.ts';
import type { Dependency, Endpoint, Env } from '../dependency.ts';
import { labelsOf, nameProblems } from '../labels.ts';
import type { RabbitmqCluster } from '../rabbitmq.ts';

export interface VhostProps {
  /** Queues that are there before the first client. @default - none, clients make theirs */
  readonly queues?: readonly string[];
  /** Exchanges, and which messages go on to which of the queues: `{ events: { type: 'topic', to: { mail: 'order.*' } } }`. @default - none */
  readonly exchanges?: Readonly<Record<string, ExchangeProps>>;
}

export interface ExchangeProps {
  /** @default direct */
  readonly type?: 'direct' | 'fanout' | 'topic';
  /** Routing key by queue; of fanout it is not looked at. */
  readonly to: Readonly<Record<string, string>>;
}

export const AMQP = 5672;

/** Where quorum queues put what no consumer could work off; in every virtual host. */
const DEAD = 'dead-letters';

/**
 * A virtual host whose queues are quorum queues, its user, and what is asked to be in it. A message that was delivered in vain
 * 20 times, or that expired, is kept in queue `dead-letters`, where RabbitMQ alone would drop it; a full queue refuses
 * messages, where it would drop the oldest.
 * @see https://www.rabbitmq.com/docs/quorum-queues#dead-lettering
 */
export class Vhost extends Construct implements Dependency {
  readonly env: Env;
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct = this;

  constructor(cluster: RabbitmqCluster, name: string, props: VhostProps & { readonly readers: readonly string[] }) {
    super(cluster, `vhost-${name}`);
    const { queues = [], exchanges = {}, readers } = props;
    const id = `${cluster.name}-${name}`;
    const named = (...parts: string[]) => ({
      name: [id, ...parts]
        .join('-')
        .toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, '-'),
      namespace: cluster.namespace,
      labels: labelsOf(this, cluster.name),
    });
    const inside = { rabbitmqClusterReference: { name: cluster.name } };
    const user = new Credential(cluster, id, {
      namespaces: readers,
      // Nobody has to know the user's name either.
      keys: { username: { length: 16 }, password: { length: 32 } },
      labels: { 'rabbitmq.com/topology-operator': 'true' },
    });
    declare(this, { layer: 'apps', uses: [cluster] });

    new VhostKind(this, 'vhost', { metadata: named(), spec: { ...inside, name, defaultQueueType: 'quorum' } });
    new User(this, 'user', { metadata: named(), spec: { ...inside, importCredentialsSecret: { name: user.name } } });
    new Permission(this, 'permission', {
      metadata: named(),
      spec: {
        ...inside,
        vhost: name,
        userReference: { name: named().name },
        permissions: { configure: '.*', write: '.*', read: '.*' },
      },
    });
    new Policy(this, 'policy', {
      metadata: named(),
      spec: {
        ...inside,
        name: 'keep-all',
        vhost: name,
        pattern: `^(?!${DEAD}$)`,
        applyTo: 'quorum_queues',
        definition: {
          'dead-letter-exchange': DEAD,
          'dead-letter-strategy': 'at-least-once',
          overflow: 'reject-publish',
          'queue-leader-locator': 'balanced',
        },
      },
    });

    for (const queue of new Set([...queues, DEAD])) {
      new Queue(this, `queue-${queue}`, {
        metadata: named(queue),
        spec: { ...inside, name: queue, vhost: name, type: 'quorum', durable: true },
      });
    }
    for (const [exchange, { type = 'direct', to }] of [
      ...Object.entries(exchanges),
      [DEAD, { type: 'fanout', to: { [DEAD]: '' } }] as const,
    ]) {
      new Exchange(this, `exchange-${exchange}`, {
        metadata: named(exchange),
        spec: { ...inside, name: exchange, vhost: name, type, durable: true },
      });
      for (const [queue, routingKey] of Object.entries(to)) {
        new Binding(this, `binding-${exchange}-${queue}`, {
          metadata: named(exchange, queue),
          spec: {
            ...inside,
            vhost: name,
            source: exchange,
            destination: queue,
            destinationType: 'queue',
            routingKey: type === 'fanout' ? undefined : routingKey,
          },
        });
      }
    }

    this.env = {
      RABBITMQ_HOST: cluster.host,
      RABBITMQ_PORT: AMQP,
      RABBITMQ_VHOST: name,
      RABBITMQ_USERNAME: user.key('username'),
      RABBITMQ_PASSWORD: user.key('password'),
    };
    this.endpoints = cluster.endpoints;
    refuse(this, [...nameProblems(id), ...problemsOf(queues, exchanges)]);
  }
}

function problemsOf(queues: readonly string[], exchanges: Readonly<Record<string, ExchangeProps>>): string[] {
  return [
    ...queues
      .filter((queue, index) => queues.indexOf(queue) < index)
      .map((queue) => `queues: ${queue} is there twice; remove one`),
    ...[...queues, ...Object.keys(exchanges)]
      .filter((name) => name === DEAD)
      .map(() => `${DEAD}: is there in every virtual host already; choose another name`),
    ...Object.entries(exchanges).flatMap(([exchange, { to }]) =>
      Object.keys(to)
        .filter((queue) => !queues.includes(queue))
        .map((queue) => `exchanges.${exchange}: ${queue} is none of its queues; add it to queues`),
    ),
  ];
}
