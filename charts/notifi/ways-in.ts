import { type App, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { Console } from '../../constructs/console.ts';
import { Ingress } from '../../constructs/ingress.ts';
import type { NotifiService } from '../../constructs/notifi-service.ts';
import type { NotifiFacts } from './facts.ts';
import type { Messaging } from './messaging.ts';
import type { ServiceName } from './services.ts';

/** The public API. What is documented as its health is that of the management gateway. */
export const api = (scope: Construct, { hosts }: NotifiFacts, services: Readonly<Record<ServiceName, NotifiService>>) =>
  new Ingress(scope, 'api', {
    host: hosts.api,
    routes: {
      '/management': { to: services['management-gateway'], strip: true },
      '/dataplane': { to: services['dataplane-gateway'], strip: true },
      // Reports come in bursts from few addresses.
      '/callbacks': { to: services['callback-gateway'], strip: true, rateLimit: false },
      '/sockets': { to: services['websocket-gateway'], strip: true },
      '/health': services['management-gateway'],
    },
    rateLimit: { average: 100, period: '1s', burst: 200 },
    bodyLimit: '10Mi',
    streams: ['/sockets'],
    timeout: '60s',
  });

/** Pages for the people who run it, besides Grafana's; the plan has them on NodePorts without a password. */
export function consoles(app: App, { hosts }: NotifiFacts, { rabbitmq }: Messaging) {
  const chart = new Chart(app, 'consoles', { namespace: 'monitoring', disableResourceNameHashes: true });
  new Console(chart, 'prometheus', {
    host: hosts.prometheus,
    namespace: 'monitoring',
    backend: { service: 'kube-prometheus-stack-prometheus', port: 9090 },
    login: 'basic',
  });
  new Console(chart, 'rabbitmq', {
    host: hosts.rabbitmq,
    namespace: rabbitmq.namespace,
    backend: rabbitmq.console,
    login: 'its own',
  });
}
