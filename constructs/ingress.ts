import { Construct } from 'constructs';
import { Middleware, ServersTransport } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { KubeIngress } from '../imports/k8s.ts';
import { declare, refuse } from '../imports/relations.ts';
import { AcmeSolver } from './acme-solver.ts';
import { issuedBy } from './issued-by.ts';
import { labelsOf, namespaceOf } from './labels.ts';
import { type Cors, middlewareProblems, middlewaresOf, type RateLimit } from './middlewares.ts';
import { type Route, routeProblems, rulesByExemption } from './routes.ts';
import type { Workload } from './workload.ts';

export interface IngressProps {
  readonly host: string;
  /** Path prefixes and what answers them: `{ '/': web, '/admin': { to: admin, strip: true } }`. */
  readonly routes: Readonly<Record<string, Workload | Route>>;
  /** Requests per client address. @default - no limit */
  readonly rateLimit?: RateLimit;
  /** Largest request body, `10Mi`. Bodies and answers are held until complete: see `streams`. @default - no limit */
  readonly bodyLimit?: string;
  /** Prefixes below the routes that `bodyLimit` leaves alone: server-sent events, long polls, gRPC, large downloads. @default - none */
  readonly streams?: readonly string[];
  /** Browser pages of other origins that may call. @default - none */
  readonly cors?: Cors;
  /** Response headers besides the security headers, which they may replace. @default - none */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the answer may take to begin, `30s`; what has begun, a websocket for one, may go on. @default - any time */
  readonly timeout?: string;
}

/**
 * Public HTTPS address on Traefik: Ingress with a certificate by cert-manager, Middlewares for what is asked, the way
 * through the NetworkPolicies, for cert-manager's HTTP-01 solver too. Named after the construct's id. Limits count per real
 * client address. Refuses a host that is no DNS name, paths without /, workloads of another
 * namespace, wrong quantities and durations, origin * with credentials.
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/
 */
export class Ingress extends Construct {
  readonly host: string;

  constructor(scope: Construct, id: string, props: IngressProps) {
    super(scope, id);
    const { host, streams = [], bodyLimit } = props;
    const { ingress } = environmentOf(this);
    const namespace = namespaceOf(this);
    const labels = labelsOf(this, id);
    const routes = Object.entries(props.routes).map(([path, route]) => ({
      path,
      ...('to' in route ? route : { to: route }),
    }));
    const stripped = routes.filter(({ strip }) => strip).map(({ path }) => path);
    const secretName = `${id}-tls`;
    this.host = host;

    const middlewares = Object.entries(middlewaresOf(props, stripped)).map(([kind, spec]) => {
      const name = `${id}-${kind}`;
      new Middleware(this, kind, { metadata: { name, namespace, labels }, spec });
      return { kind, reference: `${namespace}-${name}@kubernetescrd` };
    });
    for (const [index, { without, paths }] of rulesByExemption(routes, bodyLimit ? streams : []).entries()) {
      const through = middlewares.filter(({ kind }) => !without.includes(kind));
      const name = [id, ...without].join('-no-');
      new KubeIngress(this, name, {
        metadata: {
          name,
          namespace,
          labels,
          annotations: {
            // One Ingress per Secret may ask for the certificate, cert-manager refuses a second owner.
            ...(index === 0 && issuedBy(this)),
            'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
            'traefik.ingress.kubernetes.io/router.tls': 'true',
            'traefik.ingress.kubernetes.io/router.middlewares': through.map(({ reference }) => reference).join(','),
          },
        },
        spec: {
          ingressClassName: ingress.class,
          tls: [{ hosts: [host], secretName }],
          rules: [{ host, http: { paths } }],
        },
      });
    }
    const answering = new Map(routes.map(({ to, sticky }) => [to, sticky]));
    for (const { to, sticky } of routes) if (sticky) answering.set(to, sticky);
    for (const [to, sticky] of answering) this.connect(id, to, props, sticky);
    new AcmeSolver(this, 'solver', { name: id, namespace });
    declare(this, {
      provides: { objects: [{ kind: 'Secret', namespace, name: secretName, keys: ['tls.crt', 'tls.key'] }] },
      uses: [...new Set(routes.map(({ to }) => to))],
    });
    refuse(this, [
      ...hostProblems(host),
      ...routeProblems(props, routes),
      ...middlewareProblems(props),
      ...routes
        .filter(({ to }) => to.namespace !== namespace)
        .map(
          ({ path, to }) =>
            `routes.${path}: ${to.name} is in ${to.namespace}, an Ingress reaches Services of its own namespace; move one`,
        ),
    ]);
  }

  /** Traefik reads how to talk to the pods from their Service. */
  private connect(id: string, { service, namespace, name }: Workload, { timeout }: IngressProps, sticky?: string) {
    const annotate = (option: string, value: string) =>
      service?.metadata.addAnnotation(`traefik.ingress.kubernetes.io/service.${option}`, value);
    if (timeout) {
      const transport = `${id}-${name}`;
      new ServersTransport(this, `transport-${name}`, {
        metadata: { name: transport, namespace, labels: labelsOf(this, id) },
        spec: { forwardingTimeouts: { responseHeaderTimeout: timeout } },
      });
      annotate('serverstransport', `${namespace}-${transport}@kubernetescrd`);
    }
    if (sticky) {
      annotate('sticky.cookie', 'true');
      annotate('sticky.cookie.name', sticky);
      annotate('sticky.cookie.secure', 'true');
      annotate('sticky.cookie.httponly', 'true');
      annotate('sticky.cookie.samesite', 'lax');
    }
  }
}

export const hostProblems = (host: string, field = 'host') =>
  /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/.test(host) && host.length <= 253
    ? []
    : [`${field}: "${host}" is not a DNS name; write it like api.example.com`];
