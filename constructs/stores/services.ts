import { Construct } from 'constructs';
import { ServiceMonitor } from '../../imports/custom.ts';
import { KubeService } from '../../imports/k8s.ts';
import { declare } from '../../imports/relations.ts';
import type { SecretKey } from '../dependency.ts';
import { labelsOf, selectorOf } from '../labels.ts';
import type { Design } from './engine.ts';

export interface StoreServicesProps extends Pick<Design<object>, 'services' | 'metrics'> {
  readonly name: string;
  /** `serviceName` of the StatefulSet. */
  readonly headless: string;
  readonly namespace: string;
  /** Of the members. */
  readonly selector: Readonly<Record<string, string>>;
  /** Of every container of a member, by name. */
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * Name of a Service for clients: the store's own, unless that is the headless one's, as people name it who have one Service; its
 * members' addresses hang on that.
 */
export function clientService(
  { name, headless }: Pick<StoreServicesProps, 'name' | 'headless'>,
  suffix?: string,
): string {
  const service = suffix ? `${name}-${suffix}` : name;
  return service === headless ? `${service}-clients` : service;
}

/** Which of the Services it is that names members. */
const MEMBERS = { 'app.kubernetes.io/component': 'members' };

/** The headless Service of a store, the ones for its clients, and the ServiceMonitor. */
export class StoreServices extends Construct {
  constructor(scope: Construct, id: string, props: StoreServicesProps) {
    super(scope, id);
    const { name, headless, namespace, selector, ports, services, metrics } = props;
    const { port, path = '/metrics', authorization } = metrics;
    const labels = labelsOf(this, name);
    const open = (port: string) => ({ name: port, port: ports[port]!, targetPort: port });

    new KubeService(this, 'headless', {
      metadata: { name: headless, namespace, labels: { ...labels, ...MEMBERS } },
      spec: {
        clusterIP: 'None',
        // A quorum has to find itself before any of it can be ready.
        publishNotReadyAddresses: true,
        selector: { ...selector },
        ports: Object.keys(ports).map(open),
      },
    });
    for (const service of services) {
      const own = clientService(props, service.suffix);
      const rendered = new KubeService(this, own, {
        metadata: { name: own, namespace, labels },
        spec: { selector: { ...selector, ...service.selector }, ports: service.ports.map(open) },
      });
      if (service.selector) {
        const reason = `a member gets the label ${Object.keys(service.selector).join(', ')} while it runs`;
        declare(rendered, { allow: { rule: 'service-selects-nothing', reason } });
      }
    }
    new ServiceMonitor(this, 'service-monitor', {
      metadata: { name, namespace, labels },
      spec: {
        jobLabel: 'app.kubernetes.io/name',
        selector: { matchLabels: { ...selectorOf(name), ...MEMBERS } },
        endpoints: [{ port, path, interval: '30s', ...(authorization && bearer(authorization)) }],
      },
    });
  }
}

const bearer = ({ secret, key }: SecretKey) => ({ authorization: { credentials: { name: secret, key } } });
