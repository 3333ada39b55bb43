import { describe, expect, test } from '@jest/globals';
import { Console, type ConsoleProps } from '../../constructs/console.ts';
import type { End } from '../../imports/relations.ts';
import { render } from './render.ts';

const admitted: End[] = [];
const full: Required<ConsoleProps> = {
  host: 'metrics.example.test',
  namespace: 'monitoring',
  backend: { service: 'prometheus', port: 9090, admit: (from) => void admitted.push(from) },
  login: 'basic',
};

describe('Console', () => {
  const { find, relations, problems } = render((chart) => void new Console(chart, 'metrics', full));

  test('is an Ingress with a certificate, in the namespace of what it shows', () => {
    expect(problems).toEqual([]);
    const { metadata, spec } = find('Ingress', 'metrics', 'monitoring');
    expect(spec).toMatchObject({
      ingressClassName: 'traefik',
      tls: [{ hosts: ['metrics.example.test'], secretName: 'metrics-tls' }],
    });
    expect(spec.rules[0].http.paths[0].backend.service).toEqual({ name: 'prometheus', port: { number: 9090 } });
    expect(metadata.annotations['traefik.ingress.kubernetes.io/router.middlewares']).toBe(
      'monitoring-metrics-headers@kubernetescrd,monitoring-metrics-rate-limit@kubernetescrd,monitoring-metrics-login@kubernetescrd',
    );
  });

  test('asks for one of its users, and passes the password on to nobody', () => {
    expect(find('Middleware', 'metrics-login', 'monitoring').spec).toEqual({
      basicAuth: { secret: 'metrics-users', removeHeader: true },
    });
    const sealed = relations.flatMap((relation) => relation.sealed ?? []);
    expect(sealed).toEqual([
      expect.objectContaining({ namespace: 'monitoring', name: 'metrics-users', keys: ['users'] }),
    ]);
  });

  test('lets the ingress controller in, and the solver of its certificate', () => {
    expect(admitted).toEqual([{ builtin: 'ingress' }]);
    expect(find('NetworkPolicy', 'metrics-acme-solver', 'monitoring')).toBeDefined();
  });

  test('leaves the login to what has its own', () => {
    const own = render((chart) => {
      new Console(chart, 'metrics', { ...full, backend: { service: 'grafana', port: 80 }, login: 'its own' });
    });
    expect(own.find('Middleware', 'metrics-login')).toBeUndefined();
    expect(own.relations.flatMap((relation) => relation.sealed ?? [])).toEqual([]);
  });

  test('refuses a host that is no name', () => {
    const wrong = render((chart) => void new Console(chart, 'metrics', { ...full, host: 'Metrics' }));
    expect(wrong.problems).toEqual([expect.stringContaining('"Metrics" is not a DNS name')]);
  });
});
