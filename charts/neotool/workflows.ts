import type { App } from 'cdk8s';
import { External } from '../../constructs/external.ts';
import type { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { OwnImages } from '../../constructs/images.ts';
import { ScheduledJob } from '../../constructs/scheduled-job.ts';
import type { KafkaClients } from '../../constructs/stores/kafka/clients.ts';
import type { NeotoolFacts } from './facts.ts';
import { IFDATA, IFDATA_DEAD } from './messaging.ts';
import { area } from './namespaces.ts';

/** The place of scheduled work: the daily import of IF.data from the central bank, which is off until its program is written. */
export function workflows(app: App, { bacenIfdata = false }: NeotoolFacts, kafka: HaStatefulStore<KafkaClients>) {
  const chart = area(app, 'workflows');
  const images = new OwnImages(chart, 'images');
  const [image, first] = ['neotool-bacen-ifdata', 'v1.0.0'];

  new ScheduledJob(chart, 'bacen-ifdata', {
    // Nobody looks for tags of an image that is not there.
    image: bacenIfdata ? images.own(image, first) : images.pinned(image, first),
    size: 'medium',
    schedule: '0 7 * * *',
    on: bacenIfdata,
    env: { KAFKA_TOPIC: IFDATA, KAFKA_DLQ_TOPIC: IFDATA_DEAD, LOG_FORMAT: 'json' },
    uses: [
      kafka.client('bacen-ifdata', { produces: [IFDATA, IFDATA_DEAD] }),
      new External(chart, 'bacen', { host: 'www3.bcb.gov.br' }),
    ],
  });
}
