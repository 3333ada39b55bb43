import { expect, test } from '@jest/globals';
import { Canary, type CanaryProps } from '../../constructs/canary.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, render } from './render.ts';

const internal = { ...environment.ingress, internal: { port: 8082 } };

const rendered = (percent: number, ingress: typeof environment.ingress = internal) =>
  render(
    (chart) => {
      const track = (id: string) =>
        new Workload(chart, id, {
          image: 'api:1.0.0',
          size: 'tiny',
          listens: { http: 8080 },
          health: { live: '/live', ready: '/ready' },
        });
      const props: Required<CanaryProps> = { stable: track('api'), canary: track('api-canary'), percent };
      const tracks = new Canary(chart, 'api-tracks', props);
      new Workload(chart, 'client', { image: 'client:1.0.0', size: 'tiny', env: { API: tracks.url }, calls: [tracks] });
    },
    { ingress },
  );

test('two tracks share the requests by weight, at an entry point that nobody outside reaches', () => {
  const { find, problems } = rendered(10);
  expect(problems).toEqual([]);
  expect(find('TraefikService', 'api-tracks').spec).toEqual({
    weighted: {
      services: [
        { kind: 'Service', name: 'api', port: 80, weight: 90 },
        { kind: 'Service', name: 'api-canary', port: 80, weight: 10 },
      ],
    },
  });
  expect(find('IngressRoute', 'api-tracks').spec).toMatchObject({
    entryPoints: ['internal'],
    routes: [{ match: 'PathPrefix(`/shop/api`)', services: [{ kind: 'TraefikService', name: 'api-tracks' }] }],
  });
  expect(find('Middleware', 'api-tracks').spec).toEqual({ stripPrefix: { prefixes: ['/shop/api'] } });
});

test('who calls the service is sent through the ingress controller, and that to both tracks', () => {
  const { find } = rendered(50);
  expect(find('ConfigMap', 'client').data).toEqual({ API: 'http://kube-system-internal.kube-system.svc/shop/api' });
  expect(JSON.stringify(find('NetworkPolicy', 'client').spec.egress)).toContain('"port":8082');
  for (const name of ['api', 'api-canary']) {
    expect(JSON.stringify(find('NetworkPolicy', name).spec.ingress)).toContain('"app.kubernetes.io/name":"traefik"');
  }
});

test('the last step sends everything to the canary', () => {
  const { services } = rendered(100).find('TraefikService', 'api-tracks').spec.weighted;
  expect(services.map(({ weight }: { weight: number }) => weight)).toEqual([0, 100]);
});

test.each([0, 101, 2.5])('refuses a share of %p', (percent) => {
  expect(rendered(percent).problems).toEqual([
    `percent: ${percent} is no share of the requests; use 1 to 100, or take the canary out`,
  ]);
});

test('refuses an ingress controller that does not listen to pods', () => {
  expect(rendered(10, environment.ingress).problems).toEqual([
    'canary: the ingress controller listens to nobody inside; give the environment ingress.internal',
  ]);
});

test('refuses tracks of two namespaces', () => {
  const { problems } = render(
    (chart) => {
      const at = (id: string) =>
        new Workload(chart, id, {
          image: 'api:1.0.0',
          size: 'tiny',
          listens: { http: 8080 },
          health: { live: '/live', ready: '/ready' },
        });
      const stable = at('api');
      const canary = Object.assign(at('api-canary'), { namespace: 'elsewhere' });
      new Canary(chart, 'api-tracks', { stable, canary, percent: 10 });
    },
    { ingress: internal },
  );
  expect(problems).toEqual(['canary: api-canary is in elsewhere, the tracks are in shop; move it there']);
});
