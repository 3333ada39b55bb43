import type { App } from 'cdk8s';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Workload } from '../../constructs/workload.ts';
import { images } from '../versions.ts';
import type { NeotoolFacts } from './facts.ts';
import { area } from './namespaces.ts';
import { routerConfiguration, supergraph } from './router.ts';
import type { Service } from './services.ts';

/** Pages by Next.js, and one GraphQL endpoint over the services by Apollo Router, behind Traefik at the environment's host. */
export function web(app: App, { host }: NeotoolFacts, services: readonly Service[]) {
  const chart = area(app, 'web');

  const router = new Workload(chart, 'router', {
    image: images.apolloRouter,
    size: 'medium',
    scale: { min: 2 },
    run: { args: ['--config', '/config/router.yaml', '--supergraph', '/config/supergraph.graphql'] },
    files: {
      '/config/router.yaml': routerConfiguration(services),
      '/config/supergraph.graphql': supergraph,
    },
    env: { APOLLO_TELEMETRY_DISABLED: true },
    calls: services,
    listens: { http: 4000, health: 8088, metrics: 9090 },
    health: { port: 'health', live: '/health?live', ready: '/health?ready' },
  });
  const pages = new Workload(chart, 'web', {
    image: new OwnImages(chart, 'images').own('neotool-web', 'v1.0.0'),
    size: 'medium',
    scale: { min: 2 },
    // Next.js binds to localhost unless told, and keeps what it renders.
    run: { writable: ['/app/.next/cache'] },
    env: {
      HOSTNAME: '0.0.0.0',
      PORT: 3000,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: 1,
      NEXT_PUBLIC_GRAPHQL_ENDPOINT: `https://${host}/graphql`,
      GRAPHQL_ENDPOINT: `${router.url()}/graphql`,
    },
    calls: [router.on('http')],
    listens: { http: 3000 },
    health: { live: 'tcp', ready: '/' },
  });
  new Ingress(chart, 'ingress', {
    host,
    routes: { '/': pages, '/graphql': router },
    bodyLimit: '10Mi',
    timeout: '60s',
    rateLimit: { average: 100, burst: 200 },
  });
  return { router, pages };
}
