import { Construct } from 'constructs';
import { PodMonitor } from '../../../imports/custom.ts';
import { AlertRules } from '../../alert-rules.ts';
import { storeAlerts } from '../alerts.ts';
import { kafkaAlerts } from '../kafka/alerts.ts';
import type { StrimziKafka } from '../strimzi.ts';

/** PodMonitors of the members and of the operator's Kafka exporter, and a PrometheusRule. */
export class Monitoring extends Construct {
  constructor(kafka: StrimziKafka, id: string) {
    super(kafka, id);
    const { name, namespace, members } = kafka;
    const scraped = { members: 'kafka', exporter: 'kafka-exporter' };
    for (const [part, component] of Object.entries(scraped)) {
      new PodMonitor(this, part, {
        metadata: kafka.metadata(`${name}-${part}`),
        spec: {
          selector: { matchLabels: { ...kafka.labels, 'strimzi.io/name': `${name}-${component}` } },
          podMetricsEndpoints: [{ port: 'tcp-prometheus', interval: '30s' }],
        },
      });
    }
    // What a PodMonitor's job is called.
    const series = (part: keyof typeof scraped) => `namespace="${namespace}",job="${namespace}/${name}-${part}"`;
    // <cluster>-<pool>-<number>, and the pool is called like the cluster.
    const pods = `${name}-${name}`;
    new AlertRules(this, 'alerts', {
      name,
      rules: [
        ...storeAlerts({ name: pods, namespace, members, series: series('members') }, 'data-0'),
        ...kafkaAlerts({
          ...{ name, namespace, members, series: series('exporter'), pods: `${pods}-\\\\d+`, container: 'kafka' },
          // Kafka's own tools would have to log in.
          tool: () =>
            `kubectl -n ${namespace} get kafkanodepool,kafkatopic,pods -l strimzi.io/cluster=${name}; kubectl -n ${namespace} describe kafka ${name}`,
        }),
      ],
    });
  }
}
