import { describe, expect, test } from '@jest/globals';
import { Chart } from 'cdk8s';
import { Ingress, type IngressProps } from '../../constructs/ingress.ts';
import { Workload } from '../../constructs/workload.ts';
import { render } from './render.ts';

type Rest = Omit<IngressProps, 'host' | 'routes'>;

const props = { image: 'ghcr.io/owner/web:1.2.3', size: 'small', health: { live: '/live', ready: '/ready' } } as const;

const ingress = (rest: Partial<IngressProps> = {}) =>
  render((chart) => {
    const web = new Workload(chart, 'web', { ...props, listens: { http: 8080 } });
    new Ingress(chart, 'public', { host: 'shop.example.com', routes: { '/': web }, ...rest });
  });

test('an own authority is told that the certificate serves, an ACME one knows', () => {
  const usages = (domain: string) =>
    render(
      (chart) => {
        const web = new Workload(chart, 'web', { ...props, listens: { http: 8080 } });
        new Ingress(chart, 'public', { host: `shop.${domain}`, routes: { '/': web } });
      },
      { domain },
    ).find('Ingress', 'public').metadata.annotations['cert-manager.io/usages'];
  expect(usages('home.arpa')).toBe('digital signature,key encipherment,server auth');
  expect(usages('example.com')).toBeUndefined();
});

const annotation = (name: string) => `traefik.ingress.kubernetes.io/${name}`;

describe('Ingress', () => {
  test('serves HTTPS with security headers, lets the controller and the certificate challenge in', () => {
    const { find, names, problems, relations } = ingress();
    expect(problems).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining([
        'Ingress shop/public',
        'Middleware shop/public-headers',
        'NetworkPolicy shop/public-acme-solver',
      ]),
    );
    const { metadata, spec } = find('Ingress', 'public');
    expect(metadata.annotations).toEqual({
      'cert-manager.io/cluster-issuer': 'letsencrypt',
      'cert-manager.io/usages': 'digital signature,key encipherment,server auth',
      [annotation('router.entrypoints')]: 'websecure',
      [annotation('router.tls')]: 'true',
      [annotation('router.middlewares')]: 'shop-public-headers@kubernetescrd',
    });
    expect(spec).toEqual({
      ingressClassName: 'traefik',
      tls: [{ hosts: ['shop.example.com'], secretName: 'public-tls' }],
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { name: 'http' } } } }],
          },
        },
      ],
    });
    const [rule] = find('NetworkPolicy', 'web').spec.ingress;
    expect(rule.from[0].podSelector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'traefik' });
    expect(rule.ports).toEqual([{ protocol: 'TCP', port: 8080 }]);
    expect(find('Service', 'web').metadata.annotations).toBeUndefined();
    expect(relations).toContainEqual(expect.objectContaining({ uses: ['shop/web'] }));
  });

  test('takes everything it may be given', () => {
    const rest: Required<Rest> = {
      rateLimit: { average: 200, period: '1m', burst: 50, proxies: 1 },
      bodyLimit: '10Mi',
      streams: ['/live'],
      cors: {
        origins: ['https://app.example.com'],
        methods: ['GET'],
        headers: ['Authorization'],
        credentials: true,
      },
      headers: { 'X-Robots-Tag': 'none' },
      timeout: '30s',
    };
    const { find, problems } = ingress(rest);
    expect(problems).toEqual([]);
    const through = (name: string) => find('Ingress', name).metadata.annotations[annotation('router.middlewares')];
    expect(through('public')).toBe(
      'shop-public-headers@kubernetescrd,shop-public-rate-limit@kubernetescrd,shop-public-body-limit@kubernetescrd',
    );
    expect(find('Middleware', 'public-rate-limit').spec.rateLimit).toEqual({
      average: 200,
      period: '1m',
      burst: 50,
      sourceCriterion: { ipStrategy: { depth: 1 } },
    });
    expect(find('Middleware', 'public-body-limit').spec).toEqual({ buffering: { maxRequestBodyBytes: 10485760 } });
    expect(find('Middleware', 'public-headers').spec.headers).toMatchObject({
      contentTypeNosniff: true,
      frameDeny: true,
      accessControlAllowOriginList: ['https://app.example.com'],
      accessControlAllowCredentials: true,
      customResponseHeaders: { 'X-Robots-Tag': 'none' },
    });
    expect(find('ServersTransport', 'public-web').spec).toEqual({
      forwardingTimeouts: { responseHeaderTimeout: '30s' },
    });
    expect(find('Service', 'web').metadata.annotations).toEqual({
      [annotation('service.serverstransport')]: 'shop-public-web@kubernetescrd',
    });
  });

  const sticky = (cookies: { web?: string; admin?: string }) =>
    render((chart) => {
      const [web, admin] = ['web', 'admin'].map(
        (id) => new Workload(chart, id, { ...props, listens: { http: 8080 } }),
      ) as [Workload, Workload];
      const routes = {
        '/': web,
        '/api': { to: web, sticky: cookies.web },
        '/admin': { to: admin, sticky: cookies.admin },
      };
      new Ingress(chart, 'public', { host: 'shop.example.com', routes });
    });

  test('a cookie keeps clients at one pod of the workload that asks for it, and of no other', () => {
    const { find, problems } = sticky({ web: 'shop_pod' });
    expect(problems).toEqual([]);
    expect(find('Service', 'web').metadata.annotations).toEqual({
      [annotation('service.sticky.cookie')]: 'true',
      [annotation('service.sticky.cookie.name')]: 'shop_pod',
      [annotation('service.sticky.cookie.secure')]: 'true',
      [annotation('service.sticky.cookie.httponly')]: 'true',
      [annotation('service.sticky.cookie.samesite')]: 'lax',
    });
    expect(find('Service', 'admin').metadata.annotations).toBeUndefined();
  });

  test.each([
    [{ web: 'pod', admin: 'pod' }, "cookie pod is admin's too"],
    [{ web: 'my pod' }, '"my pod" is not a cookie\'s name'],
  ])('refuses cookies that cannot work: %j', (cookies, message) => {
    expect(sticky(cookies).problems[0]).toContain(message);
  });

  test('streams go around the buffer, and ask for no second certificate', () => {
    const { find } = ingress({ bodyLimit: '10Mi', streams: ['/live'] });
    const { metadata, spec } = find('Ingress', 'public-no-body-limit');
    expect(metadata.annotations[annotation('router.middlewares')]).toBe('shop-public-headers@kubernetescrd');
    expect(metadata.annotations).not.toHaveProperty(['cert-manager.io/cluster-issuer']);
    expect(spec.tls).toEqual(find('Ingress', 'public').spec.tls);
    expect(spec.rules[0].http.paths).toEqual([
      { path: '/live', pathType: 'Prefix', backend: { service: { name: 'web', port: { name: 'http' } } } },
    ]);
  });

  test('routes by prefix, to a port, with the prefix taken off; a stream follows the closest route', () => {
    const { find, problems } = render((chart) => {
      const web = new Workload(chart, 'web', { ...props, listens: { http: 8080 } });
      const admin = new Workload(chart, 'admin', { ...props, listens: { http: 8080, ui: 8081 } });
      const routes = { '/': web, '/admin': { to: admin, port: 'ui', strip: true } };
      new Ingress(chart, 'public', { host: 'shop.example.com', routes, bodyLimit: '1Mi', streams: ['/admin/live'] });
    });
    expect(problems).toEqual([]);
    expect(find('Middleware', 'public-strip-prefix').spec).toEqual({ stripPrefix: { prefixes: ['/admin'] } });
    const [{ backend }] = find('Ingress', 'public-no-body-limit').spec.rules[0].http.paths;
    expect(backend.service).toEqual({ name: 'admin', port: { name: 'ui' } });
    expect(find('NetworkPolicy', 'admin').spec.ingress[0].ports).toEqual([{ protocol: 'TCP', port: 8081 }]);
  });

  test('a route may be spared the limit of requests; the certificate stays with the Ingress of all limits', () => {
    const { find, problems } = render((chart) => {
      const web = new Workload(chart, 'web', { ...props, listens: { http: 8080 } });
      const routes = { '/hook': { to: web, rateLimit: false }, '/': web } as const;
      const streams = ['/live', '/hook/live'];
      const rest = { bodyLimit: '1Mi', streams, rateLimit: { average: 10 } };
      new Ingress(chart, 'public', { host: 'shop.example.com', routes, ...rest });
    });
    expect(problems).toEqual([]);
    const paths = (name: string) =>
      find('Ingress', name).spec.rules[0].http.paths.map(({ path }: { path: string }) => path);
    const issuer = 'cert-manager.io/cluster-issuer';
    expect(paths('public')).toEqual(['/']);
    expect(paths('public-no-rate-limit')).toEqual(['/hook']);
    expect(paths('public-no-body-limit')).toEqual(['/live']);
    expect(paths('public-no-rate-limit-no-body-limit')).toEqual(['/hook/live']);
    expect(find('Ingress', 'public').metadata.annotations[issuer]).toBe('letsencrypt');
    expect(find('Ingress', 'public-no-rate-limit').metadata.annotations[issuer]).toBeUndefined();
    expect(find('Ingress', 'public-no-rate-limit').metadata.annotations[annotation('router.middlewares')]).toBe(
      'shop-public-headers@kubernetescrd,shop-public-body-limit@kubernetescrd',
    );
  });

  test.each<[string, Partial<IngressProps>, string]>([
    ['a host that is none', { host: 'shop' }, 'host: "shop" is not a DNS name; write it like api.example.com'],
    ['no routes', { routes: {} }, 'routes: none, nothing would answer; give at least { "/": workload }'],
    [
      'a stream without a limit to be spared',
      { streams: ['/live'] },
      'streams: /live has no bodyLimit to be left alone by; remove it',
    ],
    [
      'a path that is none',
      { streams: ['live/'], bodyLimit: '1Mi' },
      'routes: "live/" is not a path prefix, it starts with / and does not end with it; correct it',
    ],
    ['a size that is none', { bodyLimit: '10MB' }, 'bodyLimit: "10MB" is not a number of bytes; write it like 10Mi'],
    ['a duration that is none', { timeout: '30' }, 'timeout: "30" is not a duration; write it like 30s'],
    [
      'a limit of nothing',
      { rateLimit: { average: 0 } },
      'rateLimit.average: 0 has to be a whole number from 1; correct it',
    ],
    [
      'every origin with credentials',
      { cors: { origins: ['*'], credentials: true } },
      'cors: origin * with credentials, browsers refuse that; name the origins',
    ],
    [
      'an origin with a path',
      { cors: { origins: ['https://app.example.com/'] } },
      'cors.origins: "https://app.example.com/" is not an origin; write it like https://app.example.com',
    ],
  ])('refuses %s', (_, rest, problem) => {
    expect(ingress(rest).problems).toEqual([problem]);
  });

  test('refuses a workload of another namespace', () => {
    const { problems } = render((chart) => {
      const other = new Chart(chart, 'other', { namespace: 'other' });
      const web = new Workload(other, 'web', { ...props, listens: { http: 8080 } });
      new Ingress(chart, 'public', { host: 'shop.example.com', routes: { '/': web } });
    });
    expect(problems).toEqual(['routes./: web is in other, an Ingress reaches Services of its own namespace; move one']);
  });
});
