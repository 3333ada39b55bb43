import { Construct } from 'constructs';
import { IngressRoute, Middleware, TraefikService } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { declare, refuse } from '../imports/relations.ts';
import type { Callee } from './dependency.ts';
import { labelsOf } from './labels.ts';
import type { Workload } from './workload.ts';

export interface CanaryProps {
  readonly stable: Workload;
  /** The same with the version that is tried. */
  readonly canary: Workload;
  /** Share of requests that the canary gets: 10, 50, 100. Each step is a change of this number. */
  readonly percent: number;
}

/**
 * Two tracks of one service behind one address, weighted by the ingress controller: TraefikService, and an IngressRoute at the
 * entry point for pods that no address outside reaches. Who calls the service uses `url` in place of its own. Refuses a
 * share that is none, tracks of different namespaces, and an ingress controller that does not listen to pods.
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/traefikservice/
 */
export class Canary extends Construct implements Callee {
  /** `http://traefik-internal.traefik.svc/neotool-app/app` */
  readonly url: string;
  readonly endpoints: Callee['endpoints'];

  constructor(scope: Construct, id: string, { stable, canary, percent }: CanaryProps) {
    super(scope, id);
    const { ingress, network } = environmentOf(this);
    const { name, namespace } = stable;
    const metadata = { name: `${name}-tracks`, namespace, labels: labelsOf(this, name) };
    const prefix = `/${namespace}/${name}`;
    const service = ({ name: of }: Workload, weight: number) => ({
      kind: 'Service' as const,
      name: of,
      port: 80,
      weight,
    });
    this.url = `http://${network.ingress.namespace}-internal.${network.ingress.namespace}.svc${prefix}`;
    this.endpoints = ingress.internal ? [{ to: network.ingress, port: ingress.internal.port }] : [];

    for (const track of [stable, canary]) track.admitIngress();
    new TraefikService(this, 'tracks', {
      metadata,
      spec: { weighted: { services: [service(stable, 100 - percent), service(canary, percent)] } },
    });
    new Middleware(this, 'strip-prefix', { metadata, spec: { stripPrefix: { prefixes: [prefix] } } });
    new IngressRoute(this, 'route', {
      metadata,
      spec: {
        entryPoints: ['internal'],
        routes: [
          {
            kind: 'Rule',
            match: `PathPrefix(\`${prefix}\`)`,
            middlewares: [{ name: metadata.name }],
            services: [{ kind: 'TraefikService', name: metadata.name }],
          },
        ],
      },
    });
    declare(this, { uses: [stable, canary] });
    refuse(this, [
      ...(percent >= 1 && percent <= 100 && Number.isInteger(percent)
        ? []
        : [`percent: ${percent} is no share of the requests; use 1 to 100, or take the canary out`]),
      ...(canary.namespace === namespace
        ? []
        : [`canary: ${canary.name} is in ${canary.namespace}, the tracks are in ${namespace}; move it there`]),
      ...(ingress.internal
        ? []
        : ['canary: the ingress controller listens to nobody inside; give the environment ingress.internal']),
    ]);
  }
}
