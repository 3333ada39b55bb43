import type { Chart } from 'cdk8s';
import { Credential } from '../../constructs/credential.ts';
import type { Callee, Dependency } from '../../constructs/dependency.ts';
import { EventBroker } from '../../constructs/event-broker.ts';
import { External } from '../../constructs/external.ts';
import type { OwnImages } from '../../constructs/images.ts';
import { NotifiService } from '../../constructs/notifi-service.ts';
import { NotifiWorker } from '../../constructs/notifi-worker.ts';
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

type Service = NotifiService | NotifiWorker;

/** Every service of the table, each after those that it calls, and the broker that gives the workers their events. */
export class Fleet {
  readonly #chart: Chart;
  readonly #props: FleetProps;
  readonly #made = new Map<ServiceName, Service>();
  #events: EventBroker | undefined;

  constructor(chart: Chart, props: FleetProps) {
    this.#chart = chart;
    this.#props = props;
    for (const name of Object.keys(services) as ServiceName[]) this.#make(name, []);
  }

  /** One that runs always. */
  service(name: ServiceName): NotifiService {
    const made = this.#made.get(name);
    if (made instanceof NotifiService) return made;
    throw new Error(`${name}: is a worker, and may have no pods; take its worker out of the table`);
  }

  #make(name: ServiceName, callers: readonly ServiceName[]): Service {
    const known = this.#made.get(name);
    if (known) return known;
    const circle = callers.indexOf(name);
    if (circle >= 0) {
      throw new Error(`${[...callers.slice(circle), name].join(' calls ')}: nobody could start; take one call out`);
    }
    const entry: Entry<ServiceName> = services[name];
    const calls = (entry.calls ?? []).map((callee) => this.#make(callee, [...callers, name]));
    const service = entry.worker ? this.#worker(name, entry, calls) : this.#service(name, entry, calls);
    this.#made.set(name, service);
    return service;
  }

  #service(name: ServiceName, entry: Entry, calls: readonly Callee[]): NotifiService {
    const { scale, grpc, publishes } = entry;
    const { uses, ...common } = this.#common(name, entry, calls);
    return new NotifiService(this.#chart, name, {
      ...common,
      scale,
      listens: { http: 5000, ...(grpc && { grpc: 5001 }), metrics: 9090 },
      uses: publishes ? [...uses, this.#broker()] : uses,
    });
  }

  #worker(name: ServiceName, entry: Entry, calls: readonly Callee[]): NotifiWorker {
    const { min, max, concurrency = 10, on } = entry.worker!;
    return new NotifiWorker(this.#chart, name, {
      ...this.#common(name, entry, calls),
      scale: { min, max, concurrency },
      on: on && [this.#broker().event(on)],
      // The usual 9090 is queue-proxy's, in the same pod.
      metrics: 9464,
    });
  }

  #common(name: ServiceName, entry: Entry, calls: readonly Callee[]) {
    const { data, messaging, priorities, images } = this.#props;
    const vital = entry.category === 'gateway' || entry.category === 'engine';
    return {
      image: images.own(name, '1.0.0'),
      size: entry.size,
      telemetry: true,
      // As the plan probes the management gateway; the second also looks at what it needs.
      health: { live: '/health', ready: '/health/ready' },
      env: entry.env,
      uses: [...storesOf(name, entry, { data, messaging }), ...credentialsOf(this.#chart, name, entry)],
      calls: [...calls, ...outsideOf(this.#chart, name, entry)],
      placement: { priority: vital ? priorities.core : priorities.usual },
    } as const;
  }

  /** What could not be delivered in six tries is the dead letter processor's. */
  #broker(): EventBroker {
    const deadLetters = this.#make('dead-letter-processor', []);
    this.#events ??= new EventBroker(this.#chart, 'notifi-broker', {
      cluster: this.#props.messaging.rabbitmq,
      deadLetters,
    });
    return this.#events;
  }
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
