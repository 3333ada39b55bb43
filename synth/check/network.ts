import { groupOf, nameOf } from '../manifest.ts';
import { isBuiltIn } from '../resolve/kinds.ts';
import { isEmpty, type Selector } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';
import { withoutRunTime } from './elsewhere.ts';
import { openPolicy } from './open-policy.ts';
import { namedPorts, type Policy, podsOf, sayParty, sayPeer, saySelector } from './policies.ts';
import { isMeshed } from './proxies.ts';
import type { Rule } from './rule.ts';
import { type Blocked, trafficOf } from './traffic.ts';

const pod = (ports = '') => `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web, image: web, ports: [${ports}] }] }
`;
const policy = (spec: string) => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: ${spec}
`;

const published = `${pod('{ name: http, containerPort: 8080 }')}---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec: { defaultBackend: { service: { name: web, port: { number: 80 } } } }
`;

const blockedCall: Rule = {
  name: 'blocked-call',
  doc: 'A call that is declared, or that the cluster makes by itself, is not let through by a NetworkPolicy: it times out.',
  severity: 'error',
  *check({ index, closed }) {
    if (mayBeAllowedElsewhere(index)) return;
    const said = new Set<string>();
    for (const blocked of trafficOf(index).blocked) {
      if (blocked.call.builtin === 'dns') continue;
      const { message, fix } = sayBlocked(blocked);
      if (said.has(message)) continue;
      said.add(message);
      const severity = closed ? 'error' : 'warning';
      yield { manifest: blocked.by[0]!.manifest, field: `spec.${blocked.direction}`, severity, message, fix };
    }
  },
  breaks: published + policy('{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 80 }] }] }'),
  passes: published + policy('{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: http }] }] }'),
};

function sayBlocked({ call, port, direction, by }: Blocked) {
  const { from, to, protocol, why } = call;
  const names = by.map(({ manifest }) => nameOf(manifest.object));
  const caller =
    from === 'unknown' && why
      ? `the ${call.builtin === 'ingress' ? 'ingress controller' : call.builtin}`
      : sayParty(from);
  const reason = [why, port !== call.port && `both are meshed, so calls to ${call.port} arrive at the proxy`];
  const because = reason.filter(Boolean).join('; ');
  const peer = direction === 'egress' ? to : from;
  return {
    message: `${direction} of ${sayParty(direction === 'egress' ? from : to)} is closed for ${caller} to ${sayParty(to)} on ${protocol} ${port}${because && ` (${because})`}: no rule of ${names.join(', ')} lets it through`,
    fix: `add to spec.${direction}: ${direction === 'egress' ? 'to' : 'from'} ${peer === 'unknown' ? caller : sayParty(peer)}, port ${port}, protocol ${protocol}`,
  };
}

/** Other kinds of policy can only be seen by their own engine, and may allow what these do not. */
const mayBeAllowedElsewhere = (index: Index) =>
  !index.world.closed && OTHER_POLICIES.some((kind) => index.byKind(kind).length > 0);

const OTHER_POLICIES = [
  'CiliumNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'GlobalNetworkPolicy',
  'AdminNetworkPolicy',
];

const dnsBlocked: Rule = {
  name: 'dns-blocked',
  doc: 'Pods whose egress is limited cannot look up names (port 53, UDP and TCP): every call by name fails.',
  severity: 'error',
  *check({ index, closed }) {
    if (mayBeAllowedElsewhere(index)) return;
    const groups = new Map<Policy, { readonly pods: Set<string>; readonly protocols: Set<string> }>();
    for (const { call, direction, by } of trafficOf(index).blocked) {
      if (call.builtin !== 'dns' || !(closed || by.some(callsByName))) continue;
      const group = groups.get(by[0]!) ?? { pods: new Set(), protocols: new Set() };
      groups.set(by[0]!, group);
      group.pods.add(sayParty(direction === 'egress' ? call.from : call.to));
      group.protocols.add(call.protocol);
    }
    for (const [{ manifest }, { pods, protocols }] of groups) {
      const [first, ...others] = pods;
      yield {
        manifest,
        field: 'spec.egress',
        // Only answers of more than 512 bytes come over TCP: no certain fault of a stranger's cluster.
        severity: closed ? 'error' : protocols.has('UDP') ? 'warning' : 'info',
        message: `${first}${others.length ? ` and ${others.length} more` : ''} cannot reach DNS on ${[...protocols].join(' and ')} 53`,
        fix: 'allow egress to namespace kube-system, pods k8s-app=kube-dns, port 53 over UDP and TCP',
      };
    }
  },
  breaks: pod() + policy('{ podSelector: {}, egress: [{ to: [{ podSelector: {} }], ports: [{ port: 5432 }] }] }'),
  passes:
    pod() +
    policy(
      '{ podSelector: {}, egress: [{ to: [{ podSelector: {} }] }, { ports: [{ port: 53, protocol: UDP }, { port: 53 }] }] }',
    ),
};

/** A policy that allows no call, or only calls to addresses, may mean it. */
const callsByName = ({ egress = [] }: Policy) => egress.some(({ peer }) => peer === 'everyone' || 'pods' in peer);

const selectsNothing: Rule = {
  name: 'policy-selects-nothing',
  doc: 'A NetworkPolicy selects no pod: what it was meant to protect or to allow is not.',
  severity: 'error',
  *check({ index, closed }) {
    const { network, callsUnder } = trafficOf(index);
    for (const each of network.policies) {
      const { manifest, namespace, selector } = each;
      if (index.select(namespace, withoutRunTime(selector)).length || isEmpty(selector)) continue;
      // Pods that only the cluster makes are known by the calls declared for them.
      if (callsUnder(each, 'ingress').length || callsUnder(each, 'egress').length) continue;
      if (!closed && !isComplete(namespace, index)) continue;
      yield {
        manifest,
        field: 'spec.podSelector',
        severity: closed ? 'error' : 'warning',
        message: `there are no ${saySelector(selector, 'pod')} in namespace ${namespace || 'default'}`,
        fix: 'select labels of the pod template, from the namespace of the pods',
      };
    }
  },
  breaks: pod() + policy('{ podSelector: { matchLabels: { app: webb } } }'),
  passes: pod() + policy('{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web] }] } }'),
};

/** True where the pods of a namespace are all written down: some are, and nothing there makes others. */
const isComplete = (namespace: string, index: Index) =>
  index.select(namespace, EVERY).length > 0 &&
  index.manifests.every(({ object: { apiVersion, kind, metadata } }) => {
    const group = groupOf(apiVersion);
    return metadata.namespace !== namespace || isBuiltIn(group) || PODLESS.test(`${group}/${kind}`);
  });

const EVERY: Selector = { labels: {}, expressions: [] };
const PODLESS =
  /^(cert-manager|external-secrets|bitnami|gateway\.networking\.k8s|traefik|cilium)\.|^monitoring\.coreos\.com\/.*(Monitor|Rule|Probe|Config)$/;

const unknownLabel: Rule = {
  name: 'namespace-selector-unknown-label',
  doc: 'A namespaceSelector asks for a label that no Namespace carries (only kubernetes.io/metadata.name is automatic): it lets nobody through.',
  severity: 'error',
  *check({ index, closed }) {
    const { network } = trafficOf(index);
    for (const { manifest, ingress = [], egress = [] } of network.policies) {
      for (const { field, peer } of [...ingress, ...egress]) {
        const namespaces = typeof peer === 'object' && 'pods' in peer ? peer.namespaces : undefined;
        if (!namespaces || isEmpty(namespaces) || network.namespacesLike(namespaces).length) continue;
        // A stranger's Namespace may be labelled elsewhere, but hardly with its own name alone.
        const name = namespaces.labels.name;
        if (!closed && (!name || namespaces.labels[NAME])) continue;
        yield {
          manifest,
          field: `${field}.namespaceSelector`,
          severity: closed ? 'error' : 'warning',
          message: `there are no ${saySelector(namespaces, 'namespace')}: ${sayPeer(peer)} means nobody`,
          fix: name ? `select ${NAME}: ${name}` : `label the Namespace, or select it by ${NAME}`,
        };
      }
    }
  },
  breaks:
    pod() +
    policy('{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { name: shop } } }] }] }'),
  passes:
    pod() +
    policy(
      `{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } } }] }] }`,
    ),
};

const NAME = 'kubernetes.io/metadata.name';

const portUnknown: Rule = {
  name: 'policy-port-unknown',
  doc: 'A rule opens a port that none of the selected pods has: a name that no container gives, or a number none declares.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, namespace, selector, ingress = [] } of trafficOf(index).network.policies) {
      const pods = index.select(namespace, selector);
      if (!pods.length || !(closed || isComplete(namespace, index))) continue;
      const named = new Set(pods.flatMap((workload) => [...namedPorts(workload).keys()]));
      const numbers = new Set(pods.flatMap((workload) => [...namedPorts(workload).values()]));
      const proxied = pods.some((workload) => isMeshed(podsOf(workload), index));
      for (const ports of new Set(ingress.map((entry) => entry.ports))) {
        for (const { protocol, from, to } of ports === 'every' ? [] : ports) {
          const isName = typeof from === 'string';
          if (isName ? named.has(`${protocol}/${from}`) : from !== to || numbers.has(from)) continue;
          // A number need not be declared to be listened on; the mesh's proxy is put in by the cluster.
          if (!isName && (!closed || !numbers.size || proxied)) continue;
          yield {
            manifest,
            field: 'spec.ingress',
            severity: closed && isName ? 'error' : 'warning',
            message: `${protocol} ${from} is opened, but no container of ${saySelector(selector, 'pod')} has that port`,
            fix: `open one of ${[...named].join(', ') || 'the ports the containers declare'}`,
          };
        }
      }
    }
  },
  breaks:
    pod('{ name: http, containerPort: 8080 }') + policy('{ podSelector: {}, ingress: [{ ports: [{ port: web }] }] }'),
  passes:
    pod('{ name: http, containerPort: 8080 }') + policy('{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }'),
};

export const networkRules: readonly Rule[] = [
  blockedCall,
  dnsBlocked,
  openPolicy,
  selectsNothing,
  unknownLabel,
  portUnknown,
];
