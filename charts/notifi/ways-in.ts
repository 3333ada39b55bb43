import { type App, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { Console } from '../../constructs/console.ts';
import { Ingress } from '../../constructs/ingress.ts';
import type { NotifiFacts } from './facts.ts';
import type { Fleet } from './fleet.ts';
import type { Messaging } from './messaging.ts';

/** The public API. What is documented as its health is that of the management gateway. */
export const api = (scope: Construct, { hosts }: NotifiFacts, services: Fleet) =>
  new Ingress(scope, 'api', {
    host: hosts.api,
    routes: {
      '/management': { to: services.service('management-gateway'), strip: true },
      '/dataplane': { to: services.service('dataplane-gateway'), strip: true },
      // Reports come in bursts from few addresses.
      '/callbacks': { to: services.service('callback-gateway'), strip: true, rateLimit: false },
      '/sockets': { to: services.service('websocket-gateway'), strip: true },
      '/health': services.service('management-gateway'),
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
  new Console(chart, 'linkerd', {
    host: hosts.linkerd,
    namespace: 'linkerd-viz',
    backend: { service: 'web', port: 8084 },
    login: 'basic',
  });
  new Console(chart, 'rabbitmq', {
    host: hosts.rabbitmq,
    namespace: rabbitmq.namespace,
    backend: rabbitmq.console,
    login: 'its own',
  });
}
