import { readFileSync } from 'node:fs';
import { Yaml } from 'cdk8s';
import type { Service } from './services.ts';

/** What `rover supergraph compose` made of the services' schemas; composed again with every change of one. */
export const supergraph = readFileSync(new URL('./supergraph.graphql', import.meta.url), 'utf8');

/**
 * All three listeners are named: with a configuration of one's own the image's addresses are gone, and what is left listens
 * to localhost. Where a service is comes from here, not from the supergraph.
 * @see https://www.apollographql.com/docs/graphos/routing/configuration/yaml
 */
export const routerConfiguration = (services: readonly Service[]) =>
  Yaml.stringify({
    supergraph: { listen: '0.0.0.0:4000', path: '/graphql', introspection: false },
    health_check: { enabled: true, listen: '0.0.0.0:8088', path: '/health' },
    homepage: { enabled: false },
    sandbox: { enabled: false },
    override_subgraph_url: Object.fromEntries(services.map(({ name, url }) => [name, `${url}/graphql`])),
    headers: { all: { request: [{ propagate: { named: 'authorization' } }] } },
    telemetry: {
      exporters: { metrics: { prometheus: { enabled: true, listen: '0.0.0.0:9090', path: '/metrics' } } },
    },
  });
