import type { App } from 'cdk8s';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import type { KafkaClients } from '../../constructs/stores/kafka/clients.ts';
import { kafka } from '../../constructs/stores/kafka.ts';
import { images } from '../versions.ts';
import type { NeotoolFacts } from './facts.ts';
import { area } from './namespaces.ts';

/** What the import publishes, and what of it could not be handled. */
export const IFDATA = 'bacen.ifdata.v1';
export const IFDATA_DEAD = 'bacen.ifdata.v1.dlq';

/** Kafka. A topic that a service needs is one more line. */
export function messaging(app: App, { kafka: { members, storage, storageClass } }: NeotoolFacts) {
  const size = members > 1 ? 'xlarge' : 'large';
  const chart = area(app, 'messaging');
  return new HaStatefulStore<KafkaClients>(chart, 'kafka', {
    engine: kafka({
      topics: [
        { name: IFDATA, partitions: 3, retentionDays: 30 },
        { name: IFDATA_DEAD, partitions: 1, retentionDays: 90 },
      ],
      images,
    }),
    members,
    storage,
    ...(storageClass && { storageClass }),
    size,
    backup: { none: 'what is published comes from databases and from the central bank, and can be published again' },
    clients: ['neotool-app', 'neotool-workflows'],
  });
}
