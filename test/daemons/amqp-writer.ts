// Publishes numbered messages one after the other, and prints which were confirmed. A program of its own, so that it can
// run beside a member that is cut off: arguments are exchange, routing key, the first number and the hosts in turn.
//
// It waits longer for an answer than a quorum queue takes to elect: its channel hears of the new leader, and sends again what
// was on its way to the old one. A new channel in its place asks for the leader where it is written down, and as long as
// servers with Mnesia do not know that a member is gone, a minute by default, that is the old one. A channel whose message
// was refused goes on asking there, and is given up.
import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpConnection } from './amqp-client.ts';

const [exchange, key, first, ...hosts] = process.argv.slice(2) as [string, string, string, ...string[]];
const { RABBITMQ_PORT, RABBITMQ_VHOST, RABBITMQ_USERNAME, RABBITMQ_PASSWORD } = process.env as Record<string, string>;
const account = {
  port: Number(RABBITMQ_PORT),
  vhost: RABBITMQ_VHOST!,
  user: RABBITMQ_USERNAME!,
  password: RABBITMQ_PASSWORD!,
};

for (let n = Number(first), turn = 0; ; turn += 1) {
  let connection: AmqpConnection | undefined;
  try {
    const host = hosts[turn % hosts.length]!;
    connection = await within(5000, AmqpConnection.open({ ...account, host }));
    for (let answer = 'confirmed'; answer !== 'refused'; await sleep(20)) {
      const number = n;
      n += 1;
      answer = await within(60_000, connection.publish(exchange, key, `${number}`));
      if (answer === 'confirmed') console.log(number);
    }
  } catch {
    await sleep(100);
  } finally {
    connection?.close();
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), milliseconds);
  });
  try {
    return await Promise.race([promise, patience]);
  } finally {
    clearTimeout(timer);
  }
}
