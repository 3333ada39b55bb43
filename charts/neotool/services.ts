import type { App, Chart } from 'cdk8s';
import type { ObjectStore } from '../../constructs/bucket.ts';
import { Canary } from '../../constructs/canary.ts';
import type { Callee, Dependency } from '../../constructs/dependency.ts';
import type { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { type Image, OwnImages } from '../../constructs/images.ts';
import type { Size } from '../../constructs/sizes.ts';
import type { KafkaClients } from '../../constructs/stores/kafka/clients.ts';
import type { PostgresClients } from '../../constructs/stores/postgres.ts';
import type { VaultJwtInit } from '../../constructs/vault-jwt-init.ts';
import { Workload } from '../../constructs/workload.ts';
import { POOL } from './data.ts';
import { type NeotoolFacts, type ServiceName, serviceNames } from './facts.ts';
import { area } from './namespaces.ts';

export interface Needs {
  readonly postgresql: HaStatefulStore<PostgresClients>;
  readonly kafka: HaStatefulStore<KafkaClients>;
  readonly objects: ObjectStore;
  readonly keys: VaultJwtInit;
}

/** A service, and where who calls it finds it: itself, or both of its tracks. */
export type Service = Callee & { readonly name: ServiceName; readonly url: string };

const size: Size = { cpu: '250m', memory: '512Mi', memoryLimit: '1Gi', cpuLimit: '1' };

const scaleOf = ({ scale = {} }: NeotoolFacts, name: ServiceName) => scale[name] ?? { min: 1, max: 1 };

/** Pods of the canary: its share of the service's. */
function canaryScale(facts: NeotoolFacts, name: ServiceName) {
  const { min, max } = scaleOf(facts, name);
  const share = (pods: number) => Math.max(1, Math.ceil((pods * (facts.canary?.[name]?.percent ?? 0)) / 100));
  return { min: share(min), max: share(max) };
}

/** Most pods of a service at one time, with the one more of a rollout. */
export function podsOf(facts: NeotoolFacts, name: ServiceName): number {
  const canary = facts.canary?.[name] ? canaryScale(facts, name).max + 1 : 0;
  return scaleOf(facts, name).max + 1 + canary;
}

/** The four services: Micronaut on the JVM, each with a database of its own. Security is called by the others. */
export function services(app: App, facts: NeotoolFacts, needs: Needs): Service[] {
  const chart = area(app, 'app');
  const images = new OwnImages(chart, 'images');

  const made = new Map<ServiceName, Service>();
  for (const name of ['security', 'app', 'assets', 'assistant'] as const) {
    const security = made.get('security');
    const track = { name, needs, calls: security ? [security] : [] };
    const stable = trackOf(chart, name, {
      ...track,
      image: images.own(`neotool-${name}`, 'v1.0.0'),
      scale: scaleOf(facts, name),
    });
    const wanted = facts.canary?.[name];
    if (!wanted) {
      made.set(name, { name, url: stable.url(), endpoints: stable.endpoints });
      continue;
    }
    const canary = trackOf(chart, `${name}-canary`, {
      ...track,
      image: images.pinned(`neotool-${name}`, wanted.version),
      scale: canaryScale(facts, name),
    });
    const { url, endpoints } = new Canary(chart, `${name}-tracks`, { stable, canary, percent: wanted.percent });
    made.set(name, { name, url, endpoints });
  }
  return serviceNames.map((name) => made.get(name)!);
}

interface Track {
  readonly name: ServiceName;
  readonly image: Image;
  readonly scale: { readonly min: number; readonly max: number };
  readonly needs: Needs;
  readonly calls: readonly Callee[];
}

function trackOf(chart: Chart, id: string, { name, image, scale, needs, calls }: Track): Workload {
  const key = needs.keys.client(`${chart.namespace}/${id}`);
  return new Workload(chart, id, {
    image,
    size,
    scale: { ...scale, ...(scale.max > scale.min && { cpu: 70 }) },
    env: {
      MICRONAUT_ENVIRONMENTS: 'kubernetes',
      VAULT_ENABLED: true,
      VAULT_ADDRESS: key.address,
      // The JVM takes a quarter of the limit for its heap unless told.
      JAVA_TOOL_OPTIONS: '-XX:MaxRAMPercentage=70',
      DATASOURCES_DEFAULT_MAXIMUM_POOL_SIZE: POOL,
    },
    uses: [...usesOf(name, needs), key],
    calls,
    listens: { http: 8080 },
    health: { live: '/health/liveness', ready: '/health/readiness', startSeconds: 180 },
    metrics: { port: 'http', path: '/prometheus' },
  });
}

/** Queries go through PgBouncer; Flyway needs a session, and goes straight to the server. */
function usesOf(name: ServiceName, { postgresql, kafka, objects }: Needs): Dependency[] {
  return [
    postgresql.pooled(name).as({
      host: 'POSTGRES_HOST',
      port: 'POSTGRES_PORT',
      database: 'POSTGRES_DB',
      user: 'POSTGRES_USER',
      password: 'POSTGRES_PASSWORD',
    }),
    postgresql.database(name).jdbc({
      url: 'FLYWAY_DATASOURCES_DEFAULT_URL',
      user: 'FLYWAY_DATASOURCES_DEFAULT_USER',
      password: 'FLYWAY_DATASOURCES_DEFAULT_PASSWORD',
    }),
    kafka,
    ...(name === 'assets' ? [objects.bucket('assets')] : []),
  ];
}
