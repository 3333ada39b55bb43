import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import {
  AuthorizationPolicy,
  GRPCRoute,
  MeshTLSAuthentication,
  NetworkAuthentication,
  Server,
} from '../imports/linkerd.ts';
import type { End, PodSet } from '../imports/relations.ts';
import { identityOf, OPAQUE_PORTS } from './mesh.ts';

export interface MeshPolicyProps {
  readonly name: string;
  /** Of every object. */
  readonly labels: Record<string, string>;
  readonly pods: PodSet;
}

type Kind = 'MeshTLSAuthentication' | 'NetworkAuthentication';
type Network = { readonly cidr: string; readonly except?: readonly string[] };

/** Who may call one port. */
interface Clients {
  readonly accounts: Map<string, { readonly name: string; readonly namespace: string }>;
  readonly networks: Map<string, Network>;
}

/**
 * Who may call a port of meshed pods, as their proxies see it: per port a Server, which closes it, and an AuthorizationPolicy each
 * for callers whose proxies prove who they are (MeshTLSAuthentication) and for those without one, known by their
 * addresses (NetworkAuthentication). A NetworkPolicy cannot tell the ports behind a proxy apart; this does. Checks over HTTP pass
 * by themselves, those over gRPC by a GRPCRoute of their own.
 * @see https://linkerd.io/2-edge/reference/authorization-policy/
 */
export class MeshPolicy extends Construct {
  readonly #props: MeshPolicyProps;
  readonly #clients = new Map<number, Clients>();
  readonly #checked = new Set<number>();

  constructor(scope: Construct, id: string, props: MeshPolicyProps) {
    super(scope, id);
    this.#props = props;
  }

  /** Lets `from` call a port. */
  admit(from: End, port: number) {
    const { accounts, networks } = this.clientsOf(port);
    const account = identityOf(this, from);
    if (account) {
      const first = accounts.size === 0;
      accounts.set(`${account.namespace}/${account.name}`, account);
      if (!first) return;
      new MeshTLSAuthentication(this, `clients-${port}`, {
        metadata: this.metadata(port),
        spec: {
          identityRefs: sorted(accounts, (each) => ({ kind: 'ServiceAccount' as const, ...each })),
        },
      });
      this.authorize(port, 'MeshTLSAuthentication', this.metadata(port).name);
    } else {
      const first = networks.size === 0;
      for (const network of this.networksOf(from)) networks.set(network.cidr, network);
      if (!first) return;
      new NetworkAuthentication(this, `networks-${port}`, {
        metadata: this.metadata(port),
        spec: { networks: sorted(networks, (each) => each) },
      });
      this.authorize(port, 'NetworkAuthentication', `${this.metadata(port).name}-unmeshed`);
    }
  }

  /** Lets the kubelet ask a gRPC server how it is: proxies know its checks over HTTP only. */
  admitGrpcChecks(port: number) {
    if (this.#checked.has(port)) return;
    this.#checked.add(port);
    this.clientsOf(port);
    const metadata = this.metadata(port);
    const health = { ...metadata, name: `${metadata.name}-health` };
    const parentRefs = [{ group: 'policy.linkerd.io', kind: 'Server', name: metadata.name }];
    // With one route there have to be others, or everything else is refused.
    new GRPCRoute(this, `route-${port}`, { metadata, spec: { parentRefs, rules: [{}] } });
    new GRPCRoute(this, `health-${port}`, {
      metadata: health,
      spec: { parentRefs, rules: [{ matches: [{ method: { service: 'grpc.health.v1.Health' } }] }] },
    });
    new NetworkAuthentication(this, `health-networks-${port}`, {
      metadata: health,
      spec: { networks: this.networksOf({ builtin: 'kubelet' }) },
    });
    new AuthorizationPolicy(this, `authorization-${health.name}`, {
      metadata: health,
      spec: {
        targetRef: { group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', name: health.name },
        requiredAuthenticationRefs: [{ group: 'policy.linkerd.io', kind: 'NetworkAuthentication', name: health.name }],
      },
    });
  }

  private clientsOf(port: number): Clients {
    const known = this.#clients.get(port);
    if (known) return known;
    const clients = { accounts: new Map(), networks: new Map() };
    this.#clients.set(port, clients);
    new Server(this, `server-${port}`, {
      metadata: this.metadata(port),
      spec: {
        podSelector: { matchLabels: { ...this.#props.pods.labels } },
        port,
        proxyProtocol: Lazy.any({
          produce: () => (this.#checked.has(port) ? 'gRPC' : OPAQUE_PORTS.includes(port) ? 'opaque' : 'unknown'),
        }) as unknown as 'unknown',
      },
    });
    return clients;
  }

  private authorize(port: number, kind: Kind, name: string) {
    const metadata = this.metadata(port);
    new AuthorizationPolicy(this, `authorization-${name}`, {
      metadata: { ...metadata, name },
      spec: {
        targetRef: { group: 'policy.linkerd.io', kind: 'Server', name: metadata.name },
        requiredAuthenticationRefs: [{ group: 'policy.linkerd.io', kind, name: metadata.name }],
      },
    });
  }

  /** Where callers without a proxy come from. The node's own, the kubelet and the API server, may come with an address of its pods. */
  private networksOf(end: End): Network[] {
    if ('cidr' in end) return [{ cidr: end.cidr, ...(end.except && { except: [...end.except] }) }];
    const { pods, nodes } = environmentOf(this).network;
    const ofNode = 'builtin' in end && (end.builtin === 'kubelet' || end.builtin === 'api-server');
    return [pods, ...(ofNode ? nodes : [])].map((cidr) => ({ cidr }));
  }

  private metadata(port: number) {
    const { name, labels, pods } = this.#props;
    return { name: `${name}-${port}`, namespace: pods.namespace, labels };
  }
}

/** Rendered last, when all who call are known. */
const sorted = <T, R>(entries: ReadonlyMap<string, T>, render: (entry: T) => R): R[] =>
  Lazy.any({
    produce: () => [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => render(entry)),
  }) as unknown as R[];
