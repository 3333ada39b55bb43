import type { Dependency } from '../../constructs/dependency.ts';
import { buckets, type Data } from './data.ts';
import type { Messaging } from './messaging.ts';
import type { Entry, Store } from './table.ts';

/** Connections of PostgreSQL that one pod opens at most. */
export const POOL = 5;

/** What a service needs of the stores, in the variables that the plan's .NET services read. */
export function storesOf(
  name: string,
  { uses = [], produces = [], consumes = [], worker }: Entry,
  { data, messaging }: { readonly data: Data; readonly messaging: Messaging },
): Dependency[] {
  const { postgresql, redis, mongodb, objects } = data;
  const { rabbitmq, kafka } = messaging;
  const stores: Readonly<Record<Store, () => Dependency>> = {
    postgresql: () => postgresql.database('notifi').npgsql('ConnectionStrings__PostgreSQL', { pool: POOL }),
    // The proxies take a URL, as the plan has it.
    redis: () =>
      worker ? redis.database(0).url('REDIS_URL') : redis.database(0).stackExchange('ConnectionStrings__Redis'),
    mongodb: () => mongodb.database('notifi').uri('ConnectionStrings__MongoDB'),
    rabbitmq: () => named(rabbitmq.vhost('notifi')),
    attachments: () => objects.bucket(buckets.attachments),
  };
  return [
    ...uses.map((store) => stores[store]()),
    ...(produces.length || consumes.length ? [kafka.client(name, { produces, consumes })] : []),
  ];
}

/** @see https://www.rabbitmq.com/client-libraries/dotnet-api-guide */
function named({ env = {}, ...vhost }: Dependency): Dependency {
  const names = { HostName: 'HOST', Port: 'PORT', VirtualHost: 'VHOST', UserName: 'USERNAME', Password: 'PASSWORD' };
  return {
    ...vhost,
    env: Object.fromEntries(
      Object.entries(names).map(([property, variable]) => [`RabbitMQ__${property}`, env[`RABBITMQ_${variable}`]!]),
    ),
  };
}
