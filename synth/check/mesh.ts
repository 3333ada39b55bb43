import { type Manifest, nameOf } from '../manifest.ts';
import { at } from '../resolve/json.ts';
import { isEmpty, matches, selectorOf } from '../resolve/selectors.ts';
import { isPods, sayParty } from './policies.ts';
import type { Rule } from './rule.ts';
import { podlessSelector } from './selectors.ts';
import { accountOf, Servers } from './servers.ts';
import { trafficOf } from './traffic.ts';

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
      const refusal = servers.refusal(call);
      if (!refusal) continue;
      const caller = call.from === 'unknown' && why ? why : sayParty(call.from);
      const message = `${caller} may not call ${sayParty(to)} on ${port}: ${refusal.message}`;
      if (said.has(message)) continue;
      said.add(message);
      const manifest = refusal.by ?? (isPods(to) ? to.workload?.manifest : undefined);
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

const meshOpen: Rule = {
  name: 'mesh-open',
  doc: 'A policy of Linkerd lets in a ServiceAccount that no declared call needs: a hole nobody asked for.',
  severity: 'warning',
  *check({ index, closed }) {
    // Where nothing is declared, nothing can be too much.
    if (!closed) return;
    const servers = new Servers(index);
    const needed = new Map<Manifest, Set<string>>();
    for (const call of trafficOf(index).calls) {
      for (const server of servers.met(call) ?? []) {
        const accounts = needed.get(server) ?? new Set();
        needed.set(server, accounts);
        // Whoever it is runs as one of the accounts of its namespace.
        if (isPods(call.from)) accounts.add(accountOf(call.from) ?? `${call.from.namespace}/`);
      }
    }
    for (const server of index.byKind('Server', 'policy.linkerd.io')) {
      const accounts = needed.get(server) ?? new Set();
      for (const { account, by, field } of servers.accountsOf(server)) {
        if (accounts.has(account) || accounts.has(account.slice(0, account.indexOf('/') + 1))) continue;
        yield {
          manifest: by,
          field,
          message: `${account} is let in to ${nameOf(server.object)}: no declared call needs that`,
          fix: `declare the call (uses, calls), or take it out of ${field}`,
        };
      }
    }
  },
  breaks: `${meshed}---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: { name: web, namespace: shop }
spec:
  targetRef: { group: policy.linkerd.io, kind: Server, name: web }
  requiredAuthenticationRefs: [{ group: policy.linkerd.io, kind: MeshTLSAuthentication, name: web }]
---
apiVersion: policy.linkerd.io/v1alpha1
kind: MeshTLSAuthentication
metadata: { name: web, namespace: shop }
spec: { identityRefs: [{ kind: ServiceAccount, name: old }] }
`,
  passes: meshed,
};

const serverSelectsNothing: Rule = {
  name: 'server-selects-nothing',
  doc: 'No pod carries the labels that a Server of Linkerd selects: the port it was to close is as open as before.',
  severity: 'error',
  *check(context) {
    const { index } = context;
    const { calls } = trafficOf(index);
    for (const server of index.byKind('Server', 'policy.linkerd.io')) {
      const selector = selectorOf(at(server.object, 'spec', 'podSelector'));
      const { namespace = '' } = server.object.metadata;
      // Pods that only the cluster makes are known by the calls declared for them.
      const isCalled = calls.some(({ to }) => isPods(to) && to.namespace === namespace && matches(selector, to.labels));
      if (isCalled || isEmpty(selector)) continue;
      yield* podlessSelector(context, server, selector, 'select labels of the pod template', 'spec.podSelector');
    }
  },
  breaks: meshed.replace('{ podSelector: { matchLabels: { app: web }', '{ podSelector: { matchLabels: { app: webb }'),
  passes: meshed,
};

export const meshRules: readonly Rule[] = [meshDenied, meshOpen, serverSelectsNothing];
