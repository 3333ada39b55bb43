import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { Flow, Provides } from '../../imports/relations.ts';
import { blockOf, covers } from '../../synth/check/addresses.ts';
import { networkRules } from '../../synth/check/network.ts';
import type { KubeObject } from '../../synth/manifest.ts';
import { type ClusterFacts, resolve } from '../../synth/resolve.ts';

const facts: ClusterFacts = {
  mesh: 'linkerd',
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

/** `rule: message` of everything found in these documents. */
function found(
  documents: string,
  { flows = [] as Flow[], closed = true, cluster = facts, provides = [] as Provides[] } = {},
) {
  const place = { chart: 'shop', unit: 'web' };
  const manifests = loadAll(documents).map((object, number) => ({
    object: object as KubeObject,
    path: `shop/web/${number}`,
    ...place,
  }));
  const index = resolve(
    { manifests, declared: [{ flows, path: 'shop/web', ...place }] },
    { provides, closed, cluster },
  );
  const context = { index, closed, committed: () => undefined };
  return networkRules.flatMap((rule) => [...rule.check(context)].map(({ message }) => `${rule.name}: ${message}`));
}

const pod = (name: string, { namespace = 'shop', port = 8080, annotations = {}, spec = {} as object } = {}) => `---
${JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name }, annotations },
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name, image: name, ports: [{ name: 'http', containerPort: port }] }],
    ...spec,
  },
})}
`;

const policy = (name: string, spec: string, namespace = 'shop') => `---
{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name}, namespace: ${namespace} }, spec: ${spec} }
`;

const shop = (app: string) => ({ namespace: 'shop', labels: { app } });
const call: Flow = { from: shop('web'), to: shop('store'), port: 5432 };
const DNS =
  '{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [{ port: 53, protocol: UDP }, { port: 53 }] }';
const pods = pod('web') + pod('store', { port: 5432 });

describe.each(networkRules)('$name', (rule) => {
  test('finds the fault of its example', () => {
    expect(found(rule.breaks, { cluster: {} }).filter((line) => line.startsWith(`${rule.name}:`))).toHaveLength(1);
  });

  test('is silent about its good example', () => {
    expect(found(rule.passes, { cluster: {} }).filter((line) => line.startsWith(`${rule.name}:`))).toEqual([]);
  });
});

describe('a declared call', () => {
  test('passes where no policy isolates either side', () => {
    expect(found(pods, { flows: [call] })).toEqual([]);
  });

  test('has to pass both sides', () => {
    const egress = policy(
      'web',
      `{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [${DNS}] }`,
    );
    const ingress = policy('store', '{ podSelector: { matchLabels: { app: store } }, ingress: [] }');
    expect(found(pods + egress + ingress, { flows: [call] })).toEqual([
      'blocked-call: egress of Pod shop/web is closed for Pod shop/web to Pod shop/store on TCP 5432: no rule of NetworkPolicy shop/web lets it through',
      'blocked-call: ingress of Pod shop/store is closed for Pod shop/web to Pod shop/store on TCP 5432: no rule of NetworkPolicy shop/store lets it through',
    ]);
  });

  test.each([
    ['labels of its namespace', '{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }'],
    ['a named port', '{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: http }] }'],
    [
      'a range of ports',
      '{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5430, endPort: 5440 }] }',
    ],
    [
      'an expression',
      '{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web] }] } }], ports: [{ port: 5432 }] }',
    ],
    [
      'the automatic namespace label',
      '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }, podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }',
    ],
  ])('passes by %s', (_, rule) => {
    expect(
      found(pods + policy('store', `{ podSelector: { matchLabels: { app: store } }, ingress: [${rule}] }`), {
        flows: [call],
      }),
    ).toEqual([]);
  });

  test.each([
    [
      'another namespace',
      '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { app: web } } }] }',
    ],
    [
      'another protocol',
      '{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432, protocol: UDP }] }',
    ],
    ['an address range, which many plugins never hold against pods', '{ from: [{ ipBlock: { cidr: 10.42.0.0/16 } }] }'],
  ])('does not pass by %s', (_, rule) => {
    const lines = found(
      pods + policy('store', `{ podSelector: { matchLabels: { app: store } }, ingress: [${rule}] }`),
      { flows: [call] },
    );
    expect(lines.filter((line) => line.startsWith('blocked-call'))).toHaveLength(1);
  });

  test('to addresses needs a rule that covers all of them', () => {
    const flows: Flow[] = [{ from: shop('web'), to: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }, port: 443 }];
    const to = (block: string) =>
      policy(
        'web',
        `{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [${DNS}, { to: [{ ipBlock: ${block} }], ports: [{ port: 443 }] }] }`,
      );
    expect(found(pods + to('{ cidr: 0.0.0.0/0, except: [10.0.0.0/8] }'), { flows })).toEqual([]);
    expect(found(pods + to('{ cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12] }'), { flows })).toContainEqual(
      expect.stringContaining('blocked-call: egress'),
    );
    expect(found(pods + to('{ cidr: 0.0.0.0/0 }'), { flows })).toEqual([
      'open-policy: traffic out to 0.0.0.0/0 is let through: the declared calls are narrower',
    ]);
  });

  test('between meshed pods has to pass the proxy port too', () => {
    const meshed = { annotations: { 'linkerd.io/inject': 'enabled' } };
    const ingress = (ports: string) =>
      policy(
        'store',
        `{ podSelector: { matchLabels: { app: store } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [${ports}] }] }`,
      );
    const both = pod('web', meshed) + pod('store', { ...meshed, port: 5432 });
    expect(found(both + ingress('{ port: 5432 }, { port: 4143 }'), { flows: [call] })).toEqual([]);
    expect(found(both + ingress('{ port: 5432 }'), { flows: [call] })).toEqual([
      expect.stringContaining('on TCP 4143 (both are meshed'),
    ]);
    expect(
      found(pod('web', meshed) + pod('store', { port: 5432 }) + ingress('{ port: 5432 }'), { flows: [call] }),
    ).toEqual([]);
  });

  test('from kubelet is never blocked', () => {
    const flows: Flow[] = [{ from: { builtin: 'kubelet' }, to: shop('web'), port: 8080 }];
    expect(found(pods + policy('web', '{ podSelector: {}, ingress: [] }'), { flows })).toEqual([]);
  });
});

describe('calls nobody declares', () => {
  const closedEgress = policy(
    'web',
    '{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [] }',
  );

  test('DNS needs UDP and TCP', () => {
    expect(found(pods + closedEgress)).toEqual(['dns-blocked: Pod shop/web cannot reach DNS on UDP and TCP 53']);
    const udp = policy(
      'web',
      '{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [{ port: 53, protocol: UDP }] }] }',
    );
    expect(found(pods + udp)).toEqual(['dns-blocked: Pod shop/web cannot reach DNS on TCP 53']);
  });

  test('a pod with a token and a role reaches the API server', () => {
    const bound = `${pod('web', { spec: { automountServiceAccountToken: true } })}---
{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: web, namespace: shop }, subjects: [{ kind: ServiceAccount, name: default, namespace: shop }], roleRef: { kind: Role, name: web } }
`;
    const to = (port: number) =>
      policy(
        'web',
        `{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [${DNS}, { to: [{ ipBlock: { cidr: 192.168.1.10/32 } }], ports: [{ port: ${port} }] }] }`,
      );
    expect(found(bound + to(6443))).toEqual([]);
    expect(found(bound + to(443))).toContainEqual(expect.stringContaining('TCP 6443 (the API server)'));
  });

  const routes = `---
{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop, labels: { app: web } }, spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: http }] } }
---
{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: web, namespace: shop }, spec: { rules: [{ http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { name: http } } } }] } }] } }
---
{ apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: { name: web, namespace: shop }, spec: { selector: { matchLabels: { app: web } }, endpoints: [{ port: http }] } }
---
{ apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: { name: web }, webhooks: [{ name: web.shop, clientConfig: { service: { name: web, namespace: shop, port: 80 } } }] }
`;
  const from = (...peers: string[]) =>
    policy(
      'web',
      `{ podSelector: { matchLabels: { app: web } }, ingress: [{ from: [${peers}], ports: [{ port: http }] }] }`,
    );
  const in_ = (namespace: string) =>
    `{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${namespace} } } }`;

  test('ingress controller, Prometheus and API server reach their backends', () => {
    expect(
      found(pods + routes + from(in_('traefik'), in_('monitoring'), '{ ipBlock: { cidr: 192.168.1.10/32 } }')),
    ).toEqual([]);
    expect(found(pods + routes + from('{ podSelector: { matchLabels: { app: store } } }'))).toEqual([
      expect.stringContaining('(Ingress web)'),
      expect.stringContaining('(ValidatingWebhookConfiguration web)'),
      expect.stringContaining('(ServiceMonitor web)'),
      expect.stringContaining('open-policy'),
    ]);
  });

  test('a right may come by a group', () => {
    const group = 'system:serviceaccounts:shop';
    const bound = `${pod('web', { spec: { automountServiceAccountToken: true } })}---
{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: web, namespace: shop }, subjects: [{ kind: Group, name: "${group}" }], roleRef: { kind: Role, name: web } }
`;
    expect(found(bound + closedEgress)).toContainEqual(expect.stringContaining('TCP 6443 (the API server)'));
  });

  test('a PodMonitor may look into every namespace', () => {
    const monitor = (selector: string) =>
      `---\n{ apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: { name: all, namespace: monitoring }, spec: { namespaceSelector: { ${selector} }, selector: { matchLabels: { app: web } }, podMetricsEndpoints: [{ port: http }] } }\n`;
    const closed = policy('web', '{ podSelector: { matchLabels: { app: web } }, ingress: [] }');
    for (const selector of ['any: true', 'matchNames: [shop]']) {
      expect(found(pods + monitor(selector) + closed)).toEqual([expect.stringContaining('(PodMonitor all)')]);
    }
  });

  test('Prometheus reaches the port that a relabelling leads it to', () => {
    const monitor = `---
{ apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: { name: web, namespace: shop }, spec: { selector: { matchLabels: { app: web } }, podMetricsEndpoints: [{ portNumber: 8080, relabelings: [{ sourceLabels: [__meta_kubernetes_pod_ip], targetLabel: __address__, replacement: '$1:9464' }] }] } }
`;
    const open = (port: number) =>
      policy(
        'web',
        `{ podSelector: { matchLabels: { app: web } }, ingress: [{ from: [${in_('monitoring')}], ports: [{ port: ${port} }] }] }`,
      );
    const ports = [8080, 9464].map((containerPort) => ({ containerPort }));
    const web = pod('web', { spec: { containers: [{ name: 'web', image: 'web', ports }] } });
    expect(found(web + monitor + open(9464))).toEqual([]);
    expect(found(web + monitor + open(8080))).toContainEqual(expect.stringMatching(/9464.*\(PodMonitor web\)/));
  });

  test('a stranger is told only what is certain', () => {
    const stranger = { closed: false, cluster: {} };
    expect(found(pods + routes + from('{ podSelector: { matchLabels: { app: store } } }'), stranger)).toEqual([]);
    expect(found(pods + closedEgress, stranger)).toEqual([]);
    expect(found(pods + routes + policy('all', '{ podSelector: {} }'), stranger)).toHaveLength(3);
    const cilium =
      '---\n{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: web, namespace: shop }, spec: {} }\n';
    expect(found(pods + routes + cilium + policy('all', '{ podSelector: {} }'), stranger)).toEqual([]);
  });
});

describe('what no call needs', () => {
  const ingress = (rule: string) =>
    found(pods + pod('job') + policy('store', `{ podSelector: { matchLabels: { app: store } }, ingress: [${rule}] }`), {
      flows: [call],
    });

  test.each([
    ['everyone', '{ ports: [{ port: 5432 }] }', 'in from everyone is let through: the declared calls are narrower'],
    [
      'the whole namespace',
      '{ from: [{ podSelector: {} }], ports: [{ port: 5432 }] }',
      'store, job have no declared call',
    ],
    [
      'every port',
      '{ from: [{ podSelector: { matchLabels: { app: web } } }] }',
      'on every port: no declared call needs that',
    ],
    [
      'another pod',
      '{ from: [{ podSelector: { matchLabels: { app: web } } }, { podSelector: { matchLabels: { app: job } } }], ports: [{ port: 5432 }] }',
      'pods app=job is let through: no declared call needs that',
    ],
    [
      'another port',
      '{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }, { port: http, protocol: UDP }] }',
      'on UDP http',
    ],
  ])('%s is told', (_, rule, message) => {
    expect(ingress(rule).filter((line) => line.startsWith('open-policy'))).toEqual([expect.stringContaining(message)]);
  });
});

test('an empty namespace is none', () => {
  const monitored = policy(
    'web',
    '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: x } } }] }] }',
  );
  const provides = [{ objects: [{ kind: 'ConfigMap', namespace: '', name: 'x' }] }];
  expect(found(pods + monitored, { provides })).toContainEqual(
    expect.stringContaining('namespace-selector-unknown-label: there are no namespaces team=x'),
  );
});

test('policyTypes default to Ingress, and Egress where rules of it are given', () => {
  const flows = [call];
  expect(found(pods + policy('web', '{ podSelector: { matchLabels: { app: web } } }'), { flows })).toEqual([]);
  expect(found(pods + policy('web', '{ podSelector: { matchLabels: { app: web } }, egress: [] }'), { flows })).toEqual(
    [],
  );
  expect(
    found(pods + policy('store', '{ podSelector: { matchLabels: { app: store } }, policyTypes: [] }'), { flows }),
  ).toHaveLength(1);
  expect(
    found(pods + policy('web', `{ podSelector: { matchLabels: { app: web } }, egress: [${DNS}] }`), { flows }),
  ).toHaveLength(1);
});

test.each([
  ['0.0.0.0/0', [], '8.8.8.8', [], true],
  ['10.0.0.0/8', ['10.1.0.0/16'], '10.1.2.3/32', [], false],
  ['10.0.0.0/8', ['10.1.0.0/16'], '10.0.0.0/8', ['10.0.0.0/9'], true],
  ['2001:db8::/32', [], '2001:db8:0:1::/64', [], true],
  ['::/0', [], '8.8.8.8', [], false],
  ['::ffff:0:0/96', [], '::ffff:10.0.0.1', [], true],
])('%s without %j covers %s without %j: %s', (cidr, except, inner, without, expected) => {
  expect(covers(blockOf(cidr, except)!, blockOf(inner, without)!)).toBe(expected);
});
