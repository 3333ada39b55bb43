import type { Container, Probe } from '../imports/k8s.ts';

/** An HTTP path, an open port, or gRPC health of the server or of one of its services. */
export type Check = `/${string}` | 'tcp' | 'grpc' | `grpc:${string}`;

export interface Health {
  /** Of `listens`. @default - http, else the first */
  readonly port?: string;
  /** Fails only when a restart helps: it never looks at a database or a provider. */
  readonly live: Check;
  /** Fails while the pod should get no requests. */
  readonly ready: Check;
  /** Seconds the first start may take. @default 60 */
  readonly startSeconds?: number;
}

/** Ports by name, as the container listens on them. */
export type Listens = Readonly<Record<string, number>>;

/** Startup asks what liveness asks, with more patience. @see https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
export function probes(health: Health, listens: Listens) {
  const { live, ready, startSeconds = 60 } = health;
  const port = portOf(health, listens);
  return {
    startupProbe: { ...probe(live, port, listens), periodSeconds: 5, failureThreshold: Math.ceil(startSeconds / 5) },
    livenessProbe: { ...probe(live, port, listens), periodSeconds: 10, timeoutSeconds: 5 },
    readinessProbe: { ...probe(ready, port, listens), periodSeconds: 5, timeoutSeconds: 3 },
  } satisfies Partial<Container>;
}

/** Name of the port that is checked. */
export const portOf = ({ port }: Health, listens: Listens) =>
  port ?? ('http' in listens ? 'http' : (Object.keys(listens)[0] ?? ''));

function probe(check: Check, port: string, listens: Listens): Probe {
  if (check === 'tcp') return { tcpSocket: { port } };
  if (check.startsWith('/')) return { httpGet: { path: check, port } };
  const [, service] = check.split(':');
  // The one probe that takes no port name.
  return { grpc: { port: listens[port] ?? 0, ...(service && { service }) } };
}

export function healthProblems(health: Health | undefined, listens: Listens): string[] {
  const names = Object.keys(listens);
  if (!health) {
    return names.length ? ['health: missing, requests would reach pods that cannot answer yet; say what to check'] : [];
  }
  const { live, ready, startSeconds = 60 } = health;
  const port = portOf(health, listens);
  const problems = names.includes(port)
    ? []
    : names.length
      ? [`health.port: ${port} is not listened on; use one of ${names.join(', ')}`]
      : ['health: nothing is listened on, so there is nothing to check; add the port to listens, or leave health out'];
  if (live === ready && live.startsWith('/')) {
    problems.push(
      `health: ${live} is both checks, an outage that readiness reports would restart every pod; give live its own path, or tcp`,
    );
  }
  if (!(startSeconds >= 1)) problems.push(`health.startSeconds: ${startSeconds} is no time to start; give 1 or more`);
  return problems;
}
