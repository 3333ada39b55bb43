import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RabbitmqCluster } from '../../constructs/rabbitmq.ts';
import { Workload } from '../../constructs/workload.ts';
import { waitFor } from '../cluster/client.ts';
import { environment, render } from '../constructs/render.ts';
import { AmqpConnection } from './amqp-client.ts';
import { Host } from './container.ts';
import { Counting } from './counting.ts';
import { type Member, RabbitmqServers } from './rabbitmq-cluster.ts';
import { requestsOf } from './rabbitmq-topology.ts';
import { LONGEST_PAUSE, roundsOf } from './rounds.ts';

const { objects, problems } = render(
  (chart) => {
    const broker = new RabbitmqCluster(chart, 'rabbitmq', {
      members: 3,
      storage: '10Gi',
      size: 'large',
      image: 'rabbitmq:4.3.4-management',
      vhosts: {
        shop: { queues: ['orders'], exchanges: { events: { type: 'topic', to: { orders: 'order.*' } } } },
        other: {},
      },
    });
    new Workload(chart, 'api', { image: 'api:1.0.0', size: 'tiny', uses: [broker.vhost('shop')] });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
);

const account = { username: 'shopper', password: 'passwordOfTheShop' };
/** What the client of the rendered chart has in its environment. */
const client = new Host('/nowhere', objects, account);
const variables = client.variables(client.pod('Deployment', 'api').containers[0]!);
/** Of one virtual host; the others have users of their own. */
const topology = objects.filter(({ metadata }) => metadata.name.startsWith('rabbitmq-shop'));

let cluster: RabbitmqServers;

beforeAll(async () => {
  expect(problems).toEqual([]);
  cluster = await RabbitmqServers.of(objects);
  for (const member of cluster.members) cluster.start(member);
  await cluster.awaitWhole();
});
afterAll(() => cluster?.stop());

const open = (changes: object = {}, member = cluster.members[0]!) =>
  AmqpConnection.open({
    host: member.address,
    port: Number(variables['RABBITMQ_PORT']),
    vhost: variables['RABBITMQ_VHOST']!,
    user: variables['RABBITMQ_USERNAME']!,
    password: variables['RABBITMQ_PASSWORD']!,
    ...changes,
  });

test('what the operator makes of the rendered cluster is what the servers run with', async () => {
  const setting = (name: string) =>
    cluster.tool(cluster.members[1]!, 'rabbitmqctl', 'eval', `application:get_env(${name}).`);
  expect(setting('rabbit, cluster_partition_handling')).toBe('{ok,pause_minority}\n');
  expect(setting('rabbit, disk_free_limit')).toBe('{ok,"2GB"}\n');
  // Four fifths of the limit, of which a member takes as much as its watermark says.
  expect(setting('rabbit, total_memory_available_override_value')).toMatch(/^\{ok,"?\d+"?\}\n$/);
  const plugins = cluster.tool(cluster.members[1]!, 'rabbitmq-plugins', 'list', '--enabled', '--minimal', '--quiet');
  expect(plugins).toMatch(/rabbitmq_management\n(?:.*\n)*rabbitmq_prometheus\n/);
  expect((await cluster.api('GET', 'overview')).cluster_name).toBe('rabbitmq');
});

test('its virtual host, user, right, policy, queues, exchanges and bindings are accepted, also again', async () => {
  for (const _ of ['first', 'again']) {
    for (const { method, path, body } of requestsOf(topology, account)) {
      // Older than 3.12, it does not tell policies of quorum queues from those of others.
      const known = 'apply-to' in body ? { ...body, 'apply-to': 'queues' } : body;
      await cluster.api(method, path, known);
    }
  }
  const queues = await cluster.api('GET', 'queues/shop');
  expect(
    queues.map(({ name, type, durable, members }: { [key: string]: unknown }) => ({
      name,
      type,
      durable,
      members: (members as []).length,
    })),
  ).toEqual([
    { name: 'dead-letters', type: 'quorum', durable: true, members: 3 },
    { name: 'orders', type: 'quorum', durable: true, members: 3 },
  ]);
  await waitFor('the policy', async () => (await cluster.api('GET', 'queues/shop/orders')).policy === 'keep-all');
});

describe('a client', () => {
  test('gets in with what it is given, and its message to the queue that asks for it', async () => {
    const connection = await open();
    expect(await connection.publish('events', 'order.placed', 'one')).toBe('confirmed');
    expect(await connection.publish('events', 'mail.sent', 'two')).toBe('returned');
    expect(await connection.get('orders')).toBe('one');
    expect(await connection.get('orders')).toBeUndefined();
    connection.close();
  });

  test('keeps what nobody took in time', async () => {
    const connection = await open();
    expect(await connection.publish('events', 'order.placed', 'late', '100')).toBe('confirmed');
    const dead = await waitFor('the message among the dead letters', () => connection.get('dead-letters'));
    expect(dead).toBe('late');
    connection.close();
  });

  test('is refused without its password, in another virtual host, and by the management API', async () => {
    await cluster.api('PUT', 'vhosts/other', {});
    await expect(open({ password: 'x' })).rejects.toThrow('ACCESS_REFUSED');
    await expect(open({ vhost: 'other' })).rejects.toThrow(/NOT_ALLOWED|access to vhost 'other' refused/);
    await expect(open({ user: 'guest', password: 'guest' })).rejects.toThrow('ACCESS_REFUSED');
    const { username, password } = account;
    const response = await fetch(`http://${cluster.members[0]!.address}:15672/api/overview`, {
      headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    });
    expect(response.status).toBe(401);
  });
});

describe('no confirmed message is lost', () => {
  /** A client on a host of its own, or one that goes on beside a member. */
  function write(first: number, beside?: Member): Counting {
    const hosts = (beside ? [beside] : cluster.members).map(({ address }) => address);
    const args = ['events', 'order.placed', `${first}`, ...hosts];
    return new Counting({ program: 'amqp-writer.ts', args, env: variables, inside: cluster.inside(beside) });
  }

  let writer: Counting;
  const lone: Counting[] = [];
  const read = new Set<number>();

  beforeAll(async () => {
    writer = write(1);
    await writer.awaitNext();
  });
  afterAll(() => writer?.stop());

  const leader = async () => {
    const { leader: node } = await cluster.api('GET', 'queues/shop/orders');
    return cluster.members.find(({ name }) => node.includes(`@${name}.`))!;
  };

  const faults = {
    async "the queue's leader is killed"() {
      const member = await leader();
      await cluster.kill(member);
      await writer.awaitNext();
      cluster.start(member);
    },
    async "the queue's leader is cut off, with a client that goes on writing to it"() {
      const member = await leader();
      const others = cluster.members.filter((other) => other !== member);
      const beside = write(1_000_000 * (lone.length + 1), member);
      lone.push(beside);
      try {
        await beside.awaitNext();
        cluster.network.unplug(member.name);
        // Time for answers that were under way.
        await sleep(1000);
        const before = beside.acknowledged.length;
        await writer.awaitNext();
        // Only then does the minority pause.
        await waitFor('the others to give up on it', async () =>
          others.every((other) => !cluster.tool(other, 'rabbitmqctl', 'eval', 'nodes().').includes(member.name)),
        );
        await writer.awaitNext();
        await waitFor(
          'its pause',
          async () => cluster.tool(member, 'rabbitmqctl', 'eval', 'rabbit:is_running().') === 'false\n',
        );
        expect(beside.acknowledged.length).toBe(before);
      } finally {
        await beside.stop();
        cluster.network.plug(member.name);
      }
    },
    async 'all members lose power, and come back in any order'() {
      await Promise.all(cluster.members.map((member) => cluster.kill(member)));
      for (const member of draw.shuffled(cluster.members)) {
        cluster.start(member);
        await sleep(draw.below(2000));
      }
    },
  };

  const names = Object.keys(faults) as (keyof typeof faults)[];
  const { drawn, draw, report } = roundsOf('rabbitmq', names, { usual: 1 });

  test.each(drawn)('$fault ($round)', async ({ fault }) => {
    const before = writer.acknowledged.length;
    await faults[fault]();
    await cluster.awaitWhole();
    await writer.awaitNext();
    const pause = writer.longestPause(before);
    const confirmed = [writer, ...lone].flatMap(({ acknowledged }) => acknowledged);
    const connection = await open();
    for (let body = await connection.get('orders'); body; body = await connection.get('orders')) {
      read.add(Number(body));
      if (confirmed.every((n) => read.has(n))) break;
    }
    connection.close();
    const lost = confirmed.filter((n) => !read.has(n));
    report(`${fault}: no message for ${pause.toFixed(1)} s, ${lost.length} of ${confirmed.length} lost`);
    expect(lost).toEqual([]);
    expect(pause).toBeLessThan(LONGEST_PAUSE);
  });
});
