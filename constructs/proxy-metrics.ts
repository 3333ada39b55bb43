import { Construct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { AuthorizationPolicy, NetworkAuthentication, Server } from '../imports/linkerd.ts';
import { declare } from '../imports/relations.ts';

/** Name of the port in every proxy's container. */
const PORT = 'linkerd-admin';

/** Lets Prometheus, which has no proxy, read the metrics of every proxy of a namespace where nobody is let in by default. */
export class ProxyMetrics extends Construct {
  constructor(scope: Construct, id: string, namespace: string) {
    super(scope, id);
    const metadata = { name: PORT, namespace };
    const { pods } = environmentOf(this).network;
    // Namespaces are there before Linkerd's kinds are.
    declare(this, { layer: 'apps' });

    new Server(this, 'server', {
      metadata,
      spec: { podSelector: { matchLabels: {} }, port: PORT, proxyProtocol: 'HTTP/1' },
    });
    new NetworkAuthentication(this, 'networks', { metadata, spec: { networks: [{ cidr: pods }] } });
    new AuthorizationPolicy(this, 'authorization', {
      metadata,
      spec: {
        targetRef: { group: 'policy.linkerd.io', kind: 'Server', name: PORT },
        requiredAuthenticationRefs: [{ group: 'policy.linkerd.io', kind: 'NetworkAuthentication', name: PORT }],
      },
    });
  }
}
