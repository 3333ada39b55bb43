import { describe, expect, test } from '@jest/globals';
import { type App, Chart } from 'cdk8s';
import { Namespace } from '../../constructs/namespace.ts';
import { NetworkPolicy } from '../../constructs/network-policy.ts';
import { Workload, type WorkloadProps } from '../../constructs/workload.ts';
import { type Options, render } from './render.ts';

const meshed: Options = { mesh: 'linkerd' };
const image = 'ghcr.io/owner/web:1.2.3';
const http: WorkloadProps = {
  image,
  size: 'small',
  listens: { http: 8080 },
  health: { live: '/live', ready: '/ready' },
};

/** A namespace with `web`, which `gateway` calls. */
const shop = (options: Options, props: Partial<WorkloadProps> = {}) =>
  render((chart) => {
    new Namespace(chart, 'namespace');
    const web = new Workload(chart, 'web', { ...http, ...props });
    new Workload(chart, 'gateway', { image, size: 'small', calls: [web] });
  }, options);

describe('in an environment with a mesh', () => {
  test('every pod of a closed namespace gets a small native sidecar that lets nobody in by default', () => {
    expect(shop(meshed).find('Namespace', 'shop').metadata.annotations).toEqual({
      'linkerd.io/inject': 'enabled',
      'config.linkerd.io/default-inbound-policy': 'deny',
      'config.linkerd.io/opaque-ports':
        '25,587,3306,4369,4444,5432,5672,6379,6432,9092,9093,9094,9300,11211,25672,26379,27017',
      'config.linkerd.io/proxy-enable-native-sidecar': 'true',
      'config.linkerd.io/proxy-cpu-request': '10m',
      'config.linkerd.io/proxy-memory-request': '32Mi',
      'config.linkerd.io/proxy-memory-limit': '128Mi',
    });
  });

  test('an open namespace, of a chart, is left out', () => {
    const { names, find } = render((chart) => {
      new Namespace(chart, 'namespace', { network: 'open' });
    }, meshed);
    expect(names).toEqual(['Namespace -/shop']);
    expect(find('Namespace', 'shop').metadata.annotations).toBeUndefined();
  });

  test('a port lets in whom it is called by, known by the certificate of the proxy', () => {
    const { find, problems } = shop(meshed);
    expect(problems).toEqual([]);
    expect(find('Server', 'web-8080').spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
      port: 8080,
      proxyProtocol: 'unknown',
    });
    expect(find('AuthorizationPolicy', 'web-8080').spec).toEqual({
      targetRef: { group: 'policy.linkerd.io', kind: 'Server', name: 'web-8080' },
      requiredAuthenticationRefs: [{ group: 'policy.linkerd.io', kind: 'MeshTLSAuthentication', name: 'web-8080' }],
    });
    expect(find('MeshTLSAuthentication', 'web-8080').spec.identityRefs).toEqual([
      { kind: 'ServiceAccount', name: 'gateway', namespace: 'shop' },
    ]);
  });

  test('NetworkPolicies open the proxies port beside the own one, and the way to the control plane', () => {
    const { find } = shop(meshed);
    type Rule = { to: [{ podSelector: { matchLabels: Record<string, string> } }]; ports: { port: number }[] };
    const to = (name: string) =>
      Object.fromEntries(
        find('NetworkPolicy', name).spec.egress.map((rule: Rule) => [
          Object.values(rule.to[0].podSelector.matchLabels).join(),
          rule.ports.map(({ port }) => port),
        ]),
      );
    expect(to('gateway')).toEqual({
      'kube-dns': [53, 53],
      destination: [8086, 8090],
      identity: [8080],
      web: [4143, 8080],
    });
    const from = find('NetworkPolicy', 'web').spec.ingress.map(({ ports }: { ports: { port: number }[] }) =>
      ports.map(({ port }) => port),
    );
    // Prometheus has no proxy; tap asks the proxies themselves.
    expect(from).toEqual(expect.arrayContaining([[4143, 8080], [4190], [4191]]));
  });

  test('who has no proxy is known by an address of the pods', () => {
    const { find } = shop(meshed, { listens: { http: 8080, metrics: 9090 } });
    expect(find('NetworkAuthentication', 'web-9090').spec.networks).toEqual([{ cidr: '10.42.0.0/16' }]);
    expect(find('AuthorizationPolicy', 'web-9090-unmeshed').spec.requiredAuthenticationRefs).toEqual([
      { group: 'policy.linkerd.io', kind: 'NetworkAuthentication', name: 'web-9090' },
    ]);
    expect(find('MeshTLSAuthentication', 'web-9090')).toBeUndefined();
    expect(find('NetworkAuthentication', 'linkerd-admin').spec.networks).toEqual([{ cidr: '10.42.0.0/16' }]);
  });

  test('the ingress is known by the certificate of its proxy, wherever the platform is constructed', () => {
    const { find } = render((chart) => {
      new Namespace(chart, 'namespace');
      new Workload(chart, 'web', http).admitIngress();
    }, meshed);
    expect(find('MeshTLSAuthentication', 'web-8080').spec.identityRefs).toEqual([
      { kind: 'ServiceAccount', name: 'traefik', namespace: 'kube-system' },
    ]);
  });

  test('callers of two kinds need a policy each, and each caller is named once', () => {
    const { find, objects } = render((chart) => {
      new Namespace(chart, 'namespace');
      const web = new Workload(chart, 'web', http);
      for (const name of ['b', 'a']) new Workload(chart, name, { image, size: 'small', calls: [web] });
      const open = new Chart(chart.node.root as App, 'open', { namespace: 'open' });
      new Workload(open, 'c', { image, size: 'small', calls: [web] });
    }, meshed);
    expect(
      find('MeshTLSAuthentication', 'web-8080').spec.identityRefs.map(({ name }: { name: string }) => name),
    ).toEqual(['a', 'b']);
    const targets = objects.filter(
      ({ kind, spec }) => kind === 'AuthorizationPolicy' && spec.targetRef.name === 'web-8080',
    );
    expect(targets.map(({ metadata }) => metadata.name)).toEqual(['web-8080', 'web-8080-unmeshed']);
  });

  test('a gRPC health check passes by a route of its own', () => {
    const { find, problems } = shop(meshed, {
      listens: { grpc: 5001 },
      health: { live: 'grpc', ready: 'grpc' },
    });
    expect(problems).toEqual([]);
    expect(find('Server', 'web-5001').spec.proxyProtocol).toBe('gRPC');
    expect(find('GRPCRoute', 'web-5001').spec.rules).toEqual([{}]);
    expect(find('GRPCRoute', 'web-5001-health').spec.rules).toEqual([
      { matches: [{ method: { service: 'grpc.health.v1.Health' } }] },
    ]);
    expect(find('AuthorizationPolicy', 'web-5001-health').spec.targetRef).toEqual({
      group: 'gateway.networking.k8s.io',
      kind: 'GRPCRoute',
      name: 'web-5001-health',
    });
    expect(find('NetworkAuthentication', 'web-5001-health').spec.networks).toEqual([
      { cidr: '10.42.0.0/16' },
      { cidr: '192.168.1.0/24' },
    ]);
  });

  test('bytes of stores are passed on as they come', () => {
    const { find } = shop(meshed, { listens: { http: 5432 } });
    expect(find('Server', 'web-5432').spec.proxyProtocol).toBe('opaque');
  });

  test('pods may be left out, and are known by their addresses then', () => {
    const { find, relations, names } = render((chart) => {
      new Namespace(chart, 'namespace');
      const labels = { app: 'kafka' };
      const outside = new NetworkPolicy(chart, 'kafka', {
        name: 'kafka',
        pods: { namespace: 'shop', labels },
        meshed: false,
      });
      outside.allowFrom({ builtin: 'prometheus' }, 9404);
      const web = new Workload(chart, 'web', http);
      for (const endpoint of web.endpoints) outside.allowTo(endpoint);
    }, meshed);
    expect(names.filter((name) => name.includes('kafka'))).toEqual(['NetworkPolicy shop/kafka']);
    expect(find('NetworkAuthentication', 'web-8080').spec.networks).toEqual([{ cidr: '10.42.0.0/16' }]);
    expect(relations.flatMap(({ unmeshed = [] }) => unmeshed)).toEqual([
      { namespace: 'shop', labels: { app: 'kafka' } },
    ]);
  });

  test('a Namespace that comes after its pods is refused', () => {
    const { problems } = render((chart) => {
      new Workload(chart, 'web', http);
      new Namespace(chart, 'namespace');
    }, meshed);
    expect(problems).toEqual([
      'namespace shop: its pods were made without a proxy before; construct the Namespace first',
    ]);
  });

  test('pods of another chart are known by where they run', () => {
    const { find } = render((chart) => {
      const other = new Chart(chart.node.root, 'other', { namespace: 'other' });
      new Namespace(other, 'namespace');
      new Namespace(chart, 'namespace');
      const web = new Workload(chart, 'web', http);
      new Workload(other, 'gateway', { image, size: 'small', calls: [web] });
    }, meshed);
    expect(find('MeshTLSAuthentication', 'web-8080').spec.identityRefs).toEqual([
      { kind: 'ServiceAccount', name: 'gateway', namespace: 'other' },
    ]);
  });
});

test('without a mesh nothing of it is rendered', () => {
  const { objects, find } = shop(
    { mesh: 'none' },
    { listens: { grpc: 5001, metrics: 9090 }, health: { live: 'grpc', ready: 'grpc' } },
  );
  expect(objects.filter(({ apiVersion }) => /linkerd|gateway/.test(apiVersion))).toEqual([]);
  expect(find('Namespace', 'shop').metadata.annotations).toBeUndefined();
  expect(JSON.stringify(objects)).not.toMatch(/4143|4190|4191|linkerd/);
});
