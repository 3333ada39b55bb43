import type { Chart } from 'cdk8s';
import { Credential } from '../../constructs/credential.ts';
import type { Callee, Dependency } from '../../constructs/dependency.ts';
import { External } from '../../constructs/external.ts';
import type { OwnImages } from '../../constructs/images.ts';
import { NotifiService } from '../../constructs/notifi-service.ts';
import type { Data } from './data.ts';
import type { Messaging } from './messaging.ts';
import type { Priorities } from './priorities.ts';
import { type ServiceName, services } from './services.ts';
import { storesOf } from './stores.ts';
import type { Entry } from './table.ts';

export interface FleetProps {
  readonly data: Data;
  readonly messaging: Messaging;
  readonly priorities: Priorities;
  readonly images: OwnImages;
}

/** Every service of the table, each after those that it calls. */
export function fleet(chart: Chart, props: FleetProps): Readonly<Record<ServiceName, NotifiService>> {
  const made = new Map<ServiceName, NotifiService>();
  const make = (name: ServiceName, callers: readonly ServiceName[]): NotifiService => {
    const known = made.get(name);
    if (known) return known;
    const entry: Entry<ServiceName> = services[name];
    const circle = callers.indexOf(name);
    if (circle >= 0) {
      throw new Error(`${[...callers.slice(circle), name].join(' calls ')}: nobody could start; take one call out`);
    }
    const calls = (entry.calls ?? []).map((callee) => make(callee, [...callers, name]));
    const service = serviceOf(chart, name, entry, calls, props);
    made.set(name, service);
    return service;
  };
  const names = Object.keys(services) as ServiceName[];
  return Object.fromEntries(names.map((name) => [name, make(name, [])])) as Record<ServiceName, NotifiService>;
}

function serviceOf(chart: Chart, name: ServiceName, entry: Entry, calls: readonly Callee[], props: FleetProps) {
  const { priorities, images } = props;
  const { category, size, grpc, worker, env } = entry;
  const { scale = worker ? { min: Math.max(1, worker.min), max: worker.max, cpu: 70 } : undefined } = entry;
  const vital = category === 'gateway' || category === 'engine';
  return new NotifiService(chart, name, {
    image: images.own(name, '1.0.0'),
    size,
    scale,
    telemetry: true,
    listens: { http: worker ? 8080 : 5000, ...(grpc && { grpc: 5001 }), metrics: 9090 },
    // As the plan probes the management gateway; the second also looks at what it needs.
    health: { live: '/health', ready: '/health/ready' },
    env,
    uses: [...storesOf(name, entry, props), ...credentialsOf(chart, name, entry)],
    calls: [...calls, ...outsideOf(chart, name, entry)],
    placement: { priority: vital ? priorities.core : priorities.usual },
  });
}

/** What providers gave, one Secret per service: nobody reads another's, and a rotation restarts one. */
function credentialsOf(chart: Chart, name: string, { secrets = [], secretFiles = {} }: Entry): Dependency[] {
  const keys = [...secrets, ...Object.values(secretFiles)];
  if (!keys.length) return [];
  const credential = new Credential(chart, `${name}-credentials`, {
    keys: Object.fromEntries(keys.map((key) => [key, 'given' as const])),
  });
  return [credential.only(...secrets), ...Object.entries(secretFiles).map(([path, key]) => credential.file(path, key))];
}

function outsideOf(chart: Chart, name: string, { reaches = [] }: Entry): Callee[] {
  return reaches.map((host) =>
    host === '*'
      ? new External(chart, `${name}-anywhere`, { host, ports: [80, 443] })
      : new External(chart, `${name}-${host}`, { host }),
  );
}
