import { type App, Chart } from 'cdk8s';
import { Namespace } from '../../constructs/namespace.ts';
import { RabbitmqCluster } from '../../constructs/rabbitmq.ts';
import { StrimziKafka } from '../../constructs/stores/strimzi.ts';
import { images } from '../versions.ts';
import type { NotifiFacts } from './facts.ts';
import type { Priorities } from './priorities.ts';
import { topics } from './topics.ts';

export type Messaging = ReturnType<typeof messaging>;

/** RabbitMQ for work that somebody has to do, Kafka for what happened; each in the plan's namespace. */
export function messaging(app: App, { stores }: NotifiFacts, { data: priority }: Priorities) {
  const inNamespace = (namespace: string) => {
    const chart = new Chart(app, namespace, { namespace, disableResourceNameHashes: true });
    new Namespace(chart, 'namespace', { quota: { headroom: 20 } });
    return chart;
  };
  const placement = { priority };
  const clients = ['notifi'];

  const rabbitmq = new RabbitmqCluster(inNamespace('messaging'), 'notifi-rabbitmq', {
    ...stores.rabbitmq,
    image: images.rabbitmq,
    vhosts: {
      notifi: {
        queues: ['events', 'notifications', 'scheduled', 'inbox'],
        exchanges: { notifi: { type: 'topic', to: { events: 'event.#', notifications: 'notification.#' } } },
      },
    },
    clients,
    // The broker of Knative makes its queues from there.
    topologyFrom: clients,
    placement,
  });
  const kafka = new StrimziKafka(inNamespace('kafka'), 'notifi-kafka', {
    ...stores.kafka,
    version: '4.3.1',
    topics,
    clients,
    placement,
  });
  return { rabbitmq, kafka };
}
