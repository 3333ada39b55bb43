import { type Manifest, nameOf } from '../manifest.ts';
import { at, map, maps, port as portOf, text, texts } from '../resolve/json.ts';
import { matches, selectorOf } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';
import { blockOf, covers } from './addresses.ts';
import { type Call, isMeshed } from './calls.ts';
import { isPods, namedPorts, type Party, type Pods, sayParty } from './policies.ts';
import type { Rule } from './rule.ts';
import { trafficOf } from './traffic.ts';

const GROUP = 'policy.linkerd.io';

const meshed = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web }, annotations: { linkerd.io/inject: enabled } }
spec: { containers: [{ name: web, image: web, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec: { defaultBackend: { service: { name: web, port: { number: 80 } } } }
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, port: http }
`;

const meshDenied: Rule = {
  name: 'mesh-denied',
  doc: 'A call that is declared, or that the cluster makes by itself, is refused by the proxy of the pod it goes to: no policy of Linkerd lets the caller in.',
  severity: 'error',
  *check({ index, closed }) {
    const servers = new Servers(index);
    const said = new Set<string>();
    for (const call of trafficOf(index).calls) {
      const { to, port, why } = call;
      if (call.protocol !== 'TCP' || !isPods(to) || !isMeshed(to, index) || PROXY.has(port)) continue;
      const refusal = servers.refusal(call, to);
      if (!refusal) continue;
      const caller = call.from === 'unknown' && why ? why : sayParty(call.from);
      const message = `${caller} may not call ${sayParty(to)} on ${port}: ${refusal.message}`;
      if (said.has(message)) continue;
      said.add(message);
      const manifest = refusal.by ?? to.workload?.manifest;
      if (manifest) yield { manifest, severity: closed ? 'error' : 'warning', message, fix: refusal.fix };
    }
  },
  breaks: meshed,
  passes: `${meshed}---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: { name: web, namespace: shop }
spec:
  targetRef: { group: policy.linkerd.io, kind: Server, name: web }
  requiredAuthenticationRefs: [{ group: policy.linkerd.io, kind: NetworkAuthentication, name: web }]
---
apiVersion: policy.linkerd.io/v1alpha1
kind: NetworkAuthentication
metadata: { name: web, namespace: shop }
spec: { networks: [{ cidr: 0.0.0.0/0 }] }
`,
};

/** Ports of the proxy itself: who may tap is asked of the caller's certificate, its metrics have a Server by name. */
const PROXY: ReadonlySet<number> = new Set([4190, 4191]);

interface Refusal {
  /** The Server that closes the port; absent where none does, and nobody is let in by default. */
  readonly by?: Manifest;
  readonly message: string;
  readonly fix: string;
}

/** Every Server of a cluster with whom it lets in. https://linkerd.io/2-edge/reference/authorization-policy/ */
class Servers {
  readonly #index: Index;
  /** By namespace and, where it is a number, port. */
  readonly #byPort = new Map<string, Manifest[]>();
  /** AuthorizationPolicies by `namespace/server`. */
  readonly #policies = new Map<string, Manifest[]>();

  constructor(index: Index) {
    this.#index = index;
    for (const server of index.byKind('Server', GROUP)) {
      const port = at(server.object, 'spec', 'port');
      push(this.#byPort, `${server.object.metadata.namespace} ${typeof port === 'number' ? port : ''}`, server);
    }
    for (const policy of index.byKind('AuthorizationPolicy', GROUP)) {
      const { kind, name } = map(at(policy.object, 'spec', 'targetRef'));
      if (kind === 'Server') push(this.#policies, `${policy.object.metadata.namespace}/${name}`, policy);
    }
  }

  /** Why the proxies of `to` refuse the call; undefined where they let it through. */
  refusal(call: Call, to: Pods): Refusal | undefined {
    const { port, from } = call;
    const near = [port, ''].flatMap((key) => this.#byPort.get(`${to.namespace} ${key}`) ?? []);
    const selecting = near.filter(({ object }) => {
      const { podSelector, port: own } = map(object.spec);
      return this.#numberOf(portOf(own), to) === port && matches(selectorOf(podSelector), to.labels);
    });
    const [first] = selecting;
    if (!first) {
      if (this.#defaultOf(to) !== 'deny') return undefined;
      return {
        message: `no Server is for that port, and ${DEFAULT} is deny`,
        fix: `add a Server for port ${port}, and an AuthorizationPolicy that names the caller`,
      };
    }
    if (selecting.some((server) => this.#admits(server, from))) return undefined;
    const account = isPods(from) && isMeshed(from, this.#index) ? accountOf(from) : undefined;
    return {
      by: first,
      message: `no AuthorizationPolicy of ${nameOf(first.object)} lets it in`,
      fix: account
        ? `name ServiceAccount ${account} in a MeshTLSAuthentication that one of them requires`
        : 'name its addresses in a NetworkAuthentication that one of them requires: it has no proxy',
    };
  }

  #numberOf(port: number | string | undefined, to: Pods): number | undefined {
    return typeof port === 'string' ? to.workload && namedPorts(to.workload).get(`TCP/${port}`) : port;
  }

  /** The pod's annotation goes before the namespace's. */
  #defaultOf(to: Pods): string | undefined {
    const namespace = this.#index.byId(`/Namespace//${to.namespace}`);
    return to.workload?.annotations[DEFAULT] ?? namespace?.object.metadata.annotations?.[DEFAULT];
  }

  #admits(server: Manifest, from: Party): boolean {
    const { namespace, name } = server.object.metadata;
    const open = text(at(server.object, 'spec', 'accessPolicy')) ?? 'deny';
    if (open.endsWith('-unauthenticated') || open === 'audit') return true;
    if (open.endsWith('-authenticated') && isMeshed(from, this.#index)) return true;
    return (this.#policies.get(`${namespace}/${name}`) ?? []).some(({ object }) =>
      maps(at(object, 'spec', 'requiredAuthenticationRefs')).every((reference) => {
        const kind = text(reference.kind) ?? '';
        const home = text(reference.namespace) ?? object.metadata.namespace;
        const target = this.#index.byId(`${GROUP}/${kind}/${home ?? ''}/${text(reference.name)}`);
        return target ? this.#isOneOf(target, from) : false;
      }),
    );
  }

  #isOneOf({ object }: Manifest, from: Party): boolean {
    // Who that is, is not known here: somebody is let in.
    if (from === 'unknown') return true;
    const spec = map(object.spec);
    if (object.kind === 'NetworkAuthentication') {
      const addresses = isPods(from) ? podAddresses(this.#index) : from;
      return maps(spec.networks).some(({ cidr, except }) => {
        const block = blockOf(text(cidr) ?? '', texts(except));
        return block !== undefined && (!addresses || covers(block, addresses));
      });
    }
    if (!isPods(from) || !isMeshed(from, this.#index)) return false;
    const account = accountOf(from);
    return (
      maps(spec.identityRefs).some(({ kind, name, namespace = object.metadata.namespace }) => {
        if (kind === 'Namespace') return name === from.namespace;
        return account ? `${namespace}/${name}` === account : namespace === from.namespace;
      }) || texts(spec.identities).some((identity) => isIdentity(identity, from))
    );
  }
}

const DEFAULT = 'config.linkerd.io/default-inbound-policy';

/** What pods run as; of pods that only the cluster makes it is not known here. */
const accountOf = ({ workload, namespace }: Pods) => workload && `${namespace}/${workload.serviceAccount}`;

/** `*`, `*.notifi.serviceaccount.identity.linkerd.cluster.local`, or the whole name. */
function isIdentity(identity: string, { namespace, workload }: Pods): boolean {
  const name = `${workload?.serviceAccount ?? '*'}.${namespace}.serviceaccount.identity.`;
  return identity === '*' || (identity.startsWith('*.') ? name.includes(identity.slice(1)) : identity.startsWith(name));
}

const podAddresses = ({ world }: Index) => blockOf(world.cluster?.network?.pods ?? '');

function push<K, V>(map: Map<K, V[]>, key: K, value: V) {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export const meshRules: readonly Rule[] = [meshDenied];
