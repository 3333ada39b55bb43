// Publishes numbered messages one after the other, and prints which were confirmed. A program of its own, so that it can
// run beside a member that is cut off: arguments are exchange, routing key, the first number and the hosts in turn.
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
    for (;;) {
      const number = n;
      n += 1;
      if ((await within(5000, connection.publish(exchange, key, `${number}`))) === 'confirmed') console.log(number);
      await sleep(20);
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
