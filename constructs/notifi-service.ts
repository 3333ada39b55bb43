import type { Construct } from 'constructs';
import type { Callee, Env } from './dependency.ts';
import type { Health, Listens } from './health.ts';
import { KnativeWorker } from './knative-worker.ts';
import { Workload, type WorkloadProps } from './workload.ts';

export type NotifiServiceProps = WorkloadProps;

/** The `app` user of Microsoft's .NET images. @see https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md */
export const APP_UID = 1654;

/**
 * Workload with the conventions of Notifi's .NET services: Kestrel listens where `listens` says (grpc without TLS, which
 * needs an endpoint of its own), health on /health/live and /health/ready, the callees' addresses in the form of .NET service
 * discovery. A variable of the same name given in `env` replaces a convention.
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
 */
export class NotifiService extends Workload {
  constructor(scope: Construct, id: string, props: NotifiServiceProps) {
    const { listens = { http: 5000, metrics: 9090 }, calls = [], run, env } = props;
    super(scope, id, {
      ...props,
      health: props.health ?? healthOf(listens),
      listens,
      run: { user: APP_UID, ...run },
      env: { ...conventions(listens), ...discovery(calls), ...env },
    });
  }
}

/** Kestrel answers health on every port that speaks HTTP/1. */
function healthOf(listens: Listens): Health | undefined {
  const port = 'http' in listens ? 'http' : Object.keys(listens).find((name) => name !== 'grpc');
  if (port) return { port, live: '/health/live', ready: '/health/ready' };
  return 'grpc' in listens ? { live: 'grpc', ready: 'grpc' } : undefined;
}

/** Where Kestrel listens. */
export const conventions = (listens: Listens): Env => ({
  ASPNETCORE_ENVIRONMENT: 'Production',
  ...Object.fromEntries(
    Object.entries(listens).flatMap(([name, port]) => [
      [`Kestrel__Endpoints__${name}__Url`, `http://+:${port}`],
      ...(name === 'grpc' ? [[`Kestrel__Endpoints__${name}__Protocols`, 'Http2']] : []),
    ]),
  ),
});

/** @see https://learn.microsoft.com/dotnet/core/extensions/service-discovery */
export const discovery = (calls: readonly Callee[]): Env =>
  Object.fromEntries(
    calls.flatMap((callee) => {
      if (callee instanceof KnativeWorker) return [[`services__${callee.name}__http__0`, callee.url]];
      if (!(callee instanceof Workload)) return [];
      return Object.keys(callee.listens)
        .filter((port) => port !== 'metrics')
        .map((port) => [`services__${callee.name}__${port}__0`, callee.url(port)]);
    }),
  );
