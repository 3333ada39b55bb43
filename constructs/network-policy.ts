import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import { type Environment, environmentOf } from '../imports/environment.ts';
import { KubeNetworkPolicy, type NetworkPolicyPeer, type NetworkPolicyPort } from '../imports/k8s.ts';
import { declare, type End, type PodSet } from '../imports/relations.ts';
import type { Endpoint } from './dependency.ts';
import { labelsOf } from './labels.ts';
import { CONTROL_PLANE, enrol, identityOf, PROXY_ADMIN, PROXY_PORT, TAP } from './mesh.ts';
import { MeshPolicy } from './mesh-policy.ts';

export interface NetworkPolicyProps {
  readonly name: string;
  /** The pods that are closed to everything not allowed here. */
  readonly pods: PodSet;
  /** That they run as, by which a mesh knows them. @default - called as their label app.kubernetes.io/name */
  readonly serviceAccount?: string;
  /** False for pods that have no proxy where the others of their namespace have. @default true */
  readonly meshed?: boolean;
}

/** A peer and the ports open to it or from it. */
type Rules = Map<string, { readonly end: End; readonly ports: Map<string, NetworkPolicyPort> }>;

/**
 * NetworkPolicy that denies both directions but DNS and what `allowTo` and `allowFrom` open, from whichever side is
 * constructed first: it is rendered last. Probes need no rule, a pod's own node always reaches it. In a mesh it also opens the
 * proxies' port between pods that have one, and the way to the control plane; who may call which port behind it is said by a
 * MeshPolicy.
 * @see https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export class NetworkPolicy extends Construct {
  readonly pods: PodSet;
  readonly #ingress: Rules = new Map();
  readonly #egress: Rules = new Map();
  /** Of pods that have a proxy. */
  readonly #mesh?: MeshPolicy;

  constructor(scope: Construct, id: string, { name, pods, serviceAccount, meshed }: NetworkPolicyProps) {
    super(scope, id);
    this.pods = pods;
    if (enrol(this, pods, serviceAccount ?? pods.labels['app.kubernetes.io/name'] ?? 'default', meshed)) {
      this.#mesh = new MeshPolicy(this, 'mesh', { name, labels: labelsOf(this, name), pods });
    }
    const rules = (direction: 'from' | 'to', of: Rules) => Lazy.any({ produce: () => this.render(direction, of) });

    new KubeNetworkPolicy(this, 'policy', {
      metadata: { name, namespace: pods.namespace, labels: labelsOf(this, name) },
      spec: {
        podSelector: { matchLabels: { ...pods.labels } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: rules('from', this.#ingress),
        egress: rules('to', this.#egress),
      },
    });
    for (const protocol of ['UDP', 'TCP'] as const) this.allowTo({ to: { builtin: 'dns' }, port: 53, protocol });
    if (!this.#mesh) return;
    for (const endpoint of CONTROL_PLANE) this.allowTo(endpoint);
    this.letIn({ builtin: 'prometheus' }, PROXY_ADMIN.metrics);
    this.letIn(TAP, PROXY_ADMIN.tap);
    declare(this, { flows: [{ from: TAP, to: pods, port: PROXY_ADMIN.tap }] });
  }

  /** Lets the pods connect to `endpoint`, and has the other end let them in. */
  allowTo({ to, port, protocol = 'TCP', admit }: Endpoint) {
    if (!open(this.#egress, to, port, protocol)) return;
    admit?.(this.pods);
    declare(this, { flows: [{ from: this.pods, to, port, protocol }] });
  }

  /** Lets `from` connect to a port of the pods. */
  allowFrom(from: End, port: number) {
    if (this.letIn(from, port)) this.#mesh?.admit(from, port);
  }

  /** Lets the kubelet call a port, for a hook: only a mesh keeps it out. */
  allowKubelet(port: number) {
    this.#mesh?.admit({ builtin: 'kubelet' }, port);
  }

  /** Lets the kubelet check a port over gRPC: a mesh lets its checks over HTTP pass only. */
  allowGrpcChecks(port: number) {
    this.#mesh?.admitGrpcChecks(port);
  }

  /** False when they were let in before. */
  private letIn(from: End, port: number): boolean {
    if (!open(this.#ingress, from, port, 'TCP')) return false;
    // The side that connects declares the flow; the built-in ends have no construct that could.
    if ('builtin' in from) declare(this, { flows: [{ from, to: this.pods, port }] });
    return true;
  }

  private render(direction: 'from' | 'to', rules: Rules) {
    const sorted = [...rules].sort(([a], [b]) => (a < b ? -1 : 1));
    const rendered = sorted.map(([, { end, ports }]) => ({
      [direction]: peersOf(end, this.pods.namespace, environmentOf(this)),
      ports: [...ports.values(), ...this.proxyPort(end)].sort((a, b) => Number(a.port) - Number(b.port)),
    }));
    return rendered.length ? rendered : undefined;
  }

  /** From proxy to proxy everything goes over one port. */
  private proxyPort(end: End): NetworkPolicyPort[] {
    return this.#mesh && identityOf(this, end) ? [{ protocol: 'TCP', port: PROXY_PORT }] : [];
  }
}

/** False when it was open before. */
function open(rules: Rules, end: End, port: number, protocol: 'TCP' | 'UDP') {
  const key = JSON.stringify(end);
  const rule = rules.get(key) ?? { end, ports: new Map() };
  rules.set(key, rule);
  const size = rule.ports.size;
  rule.ports.set(`${port}/${protocol}`, { protocol, port });
  return rule.ports.size > size;
}

function peersOf(end: End, own: string, environment: Environment): NetworkPolicyPeer[] {
  if ('cidr' in end) return [{ ipBlock: { cidr: end.cidr, ...(end.except && { except: [...end.except] }) } }];
  if ('labels' in end) {
    const podSelector = { matchLabels: { ...end.labels } };
    if (end.namespace === own) return [{ podSelector }];
    return [{ podSelector, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': end.namespace } } }];
  }
  const { network } = environment;
  if (end.builtin === 'api-server') return [{ ipBlock: { cidr: network.apiServer.cidr } }];
  if (end.builtin === 'kubelet') return network.nodes.map((cidr) => ({ ipBlock: { cidr } }));
  return peersOf(network[end.builtin], own, environment);
}
