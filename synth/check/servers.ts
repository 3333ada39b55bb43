import { push } from '../group-by.ts';
import { type KubeObject, type Manifest, nameOf } from '../manifest.ts';
import { at, map, maps, port as portOf, text, texts } from '../resolve/json.ts';
import { matches, selectorOf } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';
import { blockOf, covers } from './addresses.ts';
import type { Call } from './calls.ts';
import { isPods, namedPorts, type Party, type Pods } from './policies.ts';
import { isMeshed } from './proxies.ts';

const GROUP = 'policy.linkerd.io';

/** Ports of the proxy itself: who may tap is asked of the caller's certificate, its metrics have a Server by name. */
const PROXY: ReadonlySet<number> = new Set([4190, 4191]);

export interface Refusal {
  /** The Server that closes the port; absent where none does, and nobody is let in by default. */
  readonly by?: Manifest;
  readonly message: string;
  readonly fix: string;
}

/** Every Server of a cluster with whom it lets in. https://linkerd.io/2-edge/reference/authorization-policy/ */
export class Servers {
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

  /** The Servers that a call to pods with a proxy meets; undefined where it meets no proxy. */
  met({ to, port, protocol }: Call): readonly Manifest[] | undefined {
    if (protocol !== 'TCP' || !isPods(to) || !isMeshed(to, this.#index) || PROXY.has(port)) return undefined;
    const near = [port, ''].flatMap((key) => this.#byPort.get(`${to.namespace} ${key}`) ?? []);
    return near.filter(({ object }) => {
      const { podSelector, port: own } = map(object.spec);
      return this.#numberOf(portOf(own), to) === port && matches(selectorOf(podSelector), to.labels);
    });
  }

  /** Why the proxies of the pods refuse the call; undefined where they let it through. */
  refusal(call: Call): Refusal | undefined {
    const { port, from, to } = call;
    const selecting = this.met(call);
    if (!selecting || !isPods(to)) return undefined;
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

  /** Every ServiceAccount that a Server lets in, with what names it. */
  *accountsOf(server: Manifest): Iterable<{ readonly account: string; readonly by: Manifest; readonly field: string }> {
    const { namespace, name } = server.object.metadata;
    for (const { object } of this.#policies.get(`${namespace}/${name}`) ?? []) {
      for (const by of this.#authenticationsOf(object)) {
        for (const [i, reference] of maps(at(by.object, 'spec', 'identityRefs')).entries()) {
          const home = text(reference.namespace) ?? by.object.metadata.namespace;
          if (reference.kind === 'ServiceAccount') {
            yield { account: `${home}/${reference.name}`, by, field: `spec.identityRefs[${i}]` };
          }
        }
      }
    }
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
    return (this.#policies.get(`${namespace}/${name}`) ?? []).some(({ object }) => {
      const found = this.#authenticationsOf(object);
      // All of them have to hold, and one that is not there holds for nobody.
      const all = maps(at(object, 'spec', 'requiredAuthenticationRefs')).length;
      return found.length === all && found.every((authentication) => this.#isOneOf(authentication, from));
    });
  }

  #authenticationsOf(policy: KubeObject): readonly Manifest[] {
    return maps(at(policy, 'spec', 'requiredAuthenticationRefs')).flatMap((reference) => {
      const home = text(reference.namespace) ?? policy.metadata.namespace;
      return this.#index.byId(`${GROUP}/${text(reference.kind)}/${home ?? ''}/${text(reference.name)}`) ?? [];
    });
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

/** Whether anything in the cluster keeps callers out at a proxy. */
export const closesPorts = (index: Index) =>
  index.byKind('Server', GROUP).length > 0 ||
  index.byKind('Namespace', '').some(({ object }) => object.metadata.annotations?.[DEFAULT]) ||
  index.workloads.some(({ annotations }) => annotations[DEFAULT]);

/** What pods run as; of pods that only the cluster makes it is not known here. */
export const accountOf = ({ workload, namespace }: Pods) => workload && `${namespace}/${workload.serviceAccount}`;

/** `*`, `*.notifi.serviceaccount.identity.linkerd.cluster.local`, or the whole name. */
function isIdentity(identity: string, { namespace, workload }: Pods): boolean {
  const name = `${workload?.serviceAccount ?? ''}.${namespace}.serviceaccount.identity.linkerd.cluster.local`;
  return identity.startsWith('*') ? name.endsWith(identity.slice(1)) : identity === name;
}

const podAddresses = ({ world }: Index) => blockOf(world.cluster?.network?.pods ?? '');
