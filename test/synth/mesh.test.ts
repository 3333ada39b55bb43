import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { Flow, Relation } from '../../imports/relations.ts';
import { meshRules } from '../../synth/check/mesh.ts';
import type { KubeObject } from '../../synth/manifest.ts';
import { type ClusterFacts, resolve } from '../../synth/resolve.ts';

const cluster: ClusterFacts = {
  network: {
    pods: '10.42.0.0/16',
    services: '10.43.0.0/16',
    nodes: ['192.168.1.0/24'],
    apiServer: { cidr: '192.168.1.10/32', port: 6443 },
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    ingress: { namespace: 'traefik', labels: { 'app.kubernetes.io/name': 'traefik' } },
    prometheus: { namespace: 'monitoring', labels: { 'app.kubernetes.io/name': 'prometheus' } },
  },
};
const shop = (app: string) => ({ namespace: 'shop', labels: { app } });
const call: Flow = { from: shop('web'), to: shop('store'), port: 5432 };

const pod = (name: string, annotations: object = { 'linkerd.io/inject': 'enabled' }) => `---
${JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name }, annotations },
  spec: {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    containers: [{ name, image: name, ports: [{ name: 'main', containerPort: name === 'store' ? 5432 : 8080 }] }],
  },
})}
`;
const pods = pod('web') + pod('store');
const server = (spec = '') => `---
{ apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: { name: store, namespace: shop }, spec: { podSelector: { matchLabels: { app: store } }, port: main${spec} } }
`;
const policy = (...kinds: string[]) => `---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: { name: ${kinds.join('-').toLowerCase()}, namespace: shop }
spec:
  targetRef: { group: policy.linkerd.io, kind: Server, name: store }
  requiredAuthenticationRefs: [${kinds.map((kind) => `{ group: policy.linkerd.io, kind: ${kind}, name: clients }`).join(', ')}]
`;
const authentication = (kind: string, spec: string) => `---
{ apiVersion: policy.linkerd.io/v1alpha1, kind: ${kind}, metadata: { name: clients, namespace: shop }, spec: ${spec} }
`;
const meshed = (spec: string) => policy('MeshTLSAuthentication') + authentication('MeshTLSAuthentication', spec);
const network = (cidr: string) =>
  policy('NetworkAuthentication') + authentication('NetworkAuthentication', `{ networks: [{ cidr: ${cidr} }] }`);

function found(documents: string, relation: Relation = { flows: [call] }) {
  const place = { chart: 'shop', unit: 'web' };
  const manifests = loadAll(documents)
    .filter((object) => object)
    .map((object, number) => ({ object: object as KubeObject, path: `shop/web/${number}`, ...place }));
  const index = resolve(
    { manifests, declared: [{ ...relation, path: 'shop/web', ...place }] },
    { provides: [], closed: true, cluster },
  );
  const context = { index, closed: true, committed: () => undefined };
  return meshRules.flatMap((rule) => [...rule.check(context)].map(({ message }) => `${rule.name}: ${message}`));
}

const denied =
  'mesh-denied: Pod shop/web may not call Pod shop/store on 5432: no AuthorizationPolicy of Server shop/store lets it in';

describe('a declared call to a pod with a proxy', () => {
  test('passes where no Server closes its port', () => {
    expect(found(pods)).toEqual([]);
  });

  test.each([
    ['the ServiceAccount', meshed('{ identityRefs: [{ kind: ServiceAccount, name: web }] }')],
    ['the whole namespace', meshed('{ identityRefs: [{ kind: Namespace, name: shop }] }')],
    ['its name in the mesh', meshed("{ identities: ['web.shop.serviceaccount.identity.linkerd.cluster.local'] }")],
    ['names of its namespace', meshed("{ identities: ['*.shop.serviceaccount.identity.linkerd.cluster.local'] }")],
    ['everyone with a proxy', meshed("{ identities: ['*'] }")],
    ['addresses of pods', network('10.0.0.0/8')],
  ])('passes where a policy names %s', (_, more) => {
    expect(found(pods + server() + more)).toEqual([]);
  });

  test.each([
    ['another ServiceAccount', meshed('{ identities: [web.other.serviceaccount.identity.linkerd.cluster.local] }')],
    ['another namespace', meshed('{ identityRefs: [{ kind: Namespace, name: other }] }')],
    ['other addresses', network('192.168.0.0/16')],
    ['an authentication that is not there', policy('MeshTLSAuthentication')],
    [
      'two of which one does not hold',
      policy('MeshTLSAuthentication', 'NetworkAuthentication') +
        authentication('MeshTLSAuthentication', "{ identities: ['*'] }") +
        authentication('NetworkAuthentication', '{ networks: [{ cidr: 192.168.0.0/16 }] }'),
    ],
    ['nobody', ''],
  ])('is refused where policies name %s', (_, more) => {
    expect(found(pods + server() + more)).toEqual([denied]);
  });

  test('of one without a proxy is not known by any certificate', () => {
    const plain = pod('web', {}) + pod('store') + server();
    expect(found(plain + meshed("{ identities: ['*'] }"))).toEqual([denied]);
    expect(found(plain + network('10.42.0.0/16'))).toEqual([]);
  });

  test.each([
    ['all-unauthenticated', []],
    ['all-authenticated', []],
    ['audit', []],
    ['deny', [denied]],
  ])('may pass by the accessPolicy of the Server: %s', (access, problems) => {
    expect(found(pods + server(`, accessPolicy: ${access}`))).toEqual(problems);
  });

  test('is refused where pods let nobody in by default, and no Server is for its port', () => {
    const closed = pod('store', {
      'linkerd.io/inject': 'enabled',
      'config.linkerd.io/default-inbound-policy': 'deny',
    });
    expect(found(pod('web') + closed)).toEqual([
      'mesh-denied: Pod shop/web may not call Pod shop/store on 5432: no Server is for that port, and config.linkerd.io/default-inbound-policy is deny',
    ]);
  });

  test('to one that is said to be outside meets no proxy', () => {
    const namespace =
      '---\n{ apiVersion: v1, kind: Namespace, metadata: { name: shop, annotations: { linkerd.io/inject: enabled } } }\n';
    const made = { namespace: 'shop', labels: { made: 'by-an-operator' } };
    const flows = [{ from: shop('web'), to: made, port: 9092 }];
    const closing = `---
{ apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: { name: store, namespace: shop }, spec: { podSelector: { matchLabels: { made: by-an-operator } }, port: 9092 } }
`;
    expect(found(namespace + pod('web') + closing, { flows, unmeshed: [made] })).toEqual([]);
  });
});

test('a ServiceAccount that no declared call needs is pointed out', () => {
  const accounts = '[{ kind: ServiceAccount, name: web }, { kind: ServiceAccount, name: old, namespace: other }]';
  expect(found(pods + server() + meshed(`{ identityRefs: ${accounts} }`))).toEqual([
    'mesh-open: other/old is let in to Server shop/store: no declared call needs that',
  ]);
});
