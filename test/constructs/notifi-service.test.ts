import { describe, expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { NotifiService, type NotifiServiceProps } from '../../constructs/notifi-service.ts';
import { render } from './render.ts';

const minimal: NotifiServiceProps = { image: 'ghcr.io/owner/event-processor:1.2.3', size: 'medium' };

const service = (props: NotifiServiceProps) => {
  const rendered = render((chart) => new NotifiService(chart, 'event-processor', props));
  const { find } = rendered;
  const { spec } = find('Deployment', 'event-processor').spec.template;
  return { ...rendered, spec, container: spec.containers[0], env: find('ConfigMap', 'event-processor').data };
};

describe('NotifiService', () => {
  test('has the conventions of a .NET service', () => {
    const { spec, container, env, problems } = service(minimal);
    expect(problems).toEqual([]);
    expect(spec.securityContext.runAsUser).toBe(1654);
    expect(env).toEqual({
      ASPNETCORE_ENVIRONMENT: 'Production',
      Kestrel__Endpoints__http__Url: 'http://+:5000',
      Kestrel__Endpoints__metrics__Url: 'http://+:9090',
    });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
  });

  test('reads like the sentence a person would say', () => {
    const { find, problems } = render((chart) => {
      const database = new Credential(chart, 'database', { keys: { ConnectionStrings__PostgreSQL: 'given' } });
      const solanaProxy = new NotifiService(chart, 'solana-proxy', minimal);
      const props: Required<NotifiServiceProps> = {
        ...minimal,
        identity: 'event-processor',
        scale: { min: 3, max: 10, cpu: 70 },
        update: 'RollingUpdate',
        listens: { http: 5000, grpc: 5001, metrics: 9090 },
        uses: [database],
        calls: [solanaProxy],
        health: { live: '/alive', ready: '/ready' },
        metrics: { interval: '15s' },
        telemetry: true,
        run: { stopSeconds: 60 },
        env: { ASPNETCORE_ENVIRONMENT: 'Staging' },
        files: {},
        api: [],
        placement: {},
      };
      new NotifiService(chart, 'event-processor', props);
    });
    expect(problems).toEqual([]);
    expect(find('ConfigMap', 'event-processor').data).toEqual({
      ASPNETCORE_ENVIRONMENT: 'Staging',
      Kestrel__Endpoints__http__Url: 'http://+:5000',
      Kestrel__Endpoints__grpc__Url: 'http://+:5001',
      Kestrel__Endpoints__grpc__Protocols: 'Http2',
      Kestrel__Endpoints__metrics__Url: 'http://+:9090',
      OTEL_SDK_DISABLED: 'true',
      'services__solana-proxy__http__0': 'http://solana-proxy.shop.svc',
    });
    expect(find('Deployment', 'event-processor').spec.template.spec).toMatchObject({
      terminationGracePeriodSeconds: 65,
      securityContext: { runAsUser: 1654 },
      containers: [{ livenessProbe: { httpGet: { path: '/alive' } } }],
    });
  });

  test('without an HTTP port: health on another one that speaks HTTP/1, by gRPC where there is none', () => {
    expect(service({ ...minimal, listens: { metrics: 9090 } }).container.readinessProbe.httpGet.port).toBe('metrics');
    expect(service({ ...minimal, listens: { grpc: 5001 } }).container.readinessProbe.grpc).toEqual({ port: 5001 });
    expect(service({ ...minimal, listens: {} }).container.readinessProbe).toBeUndefined();
  });

  test('refuses what the workload refuses', () => {
    expect(service({ ...minimal, scale: { min: 0 } }).problems).toEqual([
      'scale.min: 0 replicas, it has to be a whole number from 1; remove the workload to stop it',
    ]);
  });
});
