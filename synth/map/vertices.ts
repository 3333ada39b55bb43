import { isPods, type Party } from '../check/policies.ts';
import { compare } from '../layout.ts';
import { groupOf, type Manifest, nameOf } from '../manifest.ts';
import { at, strings, text } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Role, Vertex } from './model.ts';

type Drawn = Pick<Vertex, 'id' | 'name' | 'kind' | 'role' | 'namespace' | 'on'> & { readonly manifest?: Manifest };

/** Custom resources whose operator makes the pods, by the label that tells whose a pod is. */
const OPERATED: Readonly<Record<string, string>> = {
  'kafka.strimzi.io/Kafka': 'strimzi.io/cluster',
  'rabbitmq.com/RabbitmqCluster': 'app.kubernetes.io/name',
  'eventing.knative.dev/Broker': 'eventing.knative.dev/broker',
};

const ROLES: Readonly<Record<string, Role>> = {
  StatefulSet: 'store',
  Kafka: 'store',
  RabbitmqCluster: 'store',
  Job: 'job',
  CronJob: 'job',
  ScaledJob: 'job',
  PodTemplate: 'job',
  KafkaTopic: 'topic',
  Queue: 'topic',
  Exchange: 'topic',
  Broker: 'topic',
};

/** Labels that say in one word what pods are, the best first. */
const TELLING = [
  'linkerd.io/control-plane-component',
  'app.kubernetes.io/name',
  'k8s-app',
  'app',
  'app.kubernetes.io/component',
  'component',
];

/** The ends of all connections, each known by one id whatever it is called by. */
export class Vertices {
  readonly #index: Index;
  readonly #all = new Map<string, Drawn>();
  readonly #operated = new Map<string, Manifest>();
  readonly #platforms: ReadonlySet<string>;

  constructor(index: Index) {
    this.#index = index;
    this.#platforms = new Set(index.declared.flatMap(({ chart, platform }) => (platform ? [chart] : [])));
    for (const [type, label] of Object.entries(OPERATED)) {
      const [group, kind] = type.split('/') as [string, string];
      for (const manifest of index.byKind(kind, group)) {
        const { namespace = '', name } = manifest.object.metadata;
        this.#operated.set(`${namespace} ${label}=${name}`, manifest);
      }
    }
    for (const { manifest } of index.workloads) this.ofManifest(manifest);
    for (const manifest of this.#operated.values()) this.ofManifest(manifest);
  }

  all(): Drawn[] {
    return [...this.#all.values()].sort((a, b) => compare(a.namespace ?? '', b.namespace ?? '') || compare(a.id, b.id));
  }

  get(id: string): Drawn | undefined {
    return this.#all.get(id);
  }

  /** Whether a chart of the platform renders it. */
  isPlatform({ chart }: Manifest): boolean {
    return this.#platforms.has(chart);
  }

  ofManifest(manifest: Manifest, more: { readonly on?: string; readonly name?: string } = {}): string {
    const { object } = manifest;
    const { namespace, name } = object.metadata;
    const role = this.isPlatform(manifest) ? 'platform' : (ROLES[object.kind] ?? 'service');
    const kind = groupOf(object.apiVersion) === 'serving.knative.dev' ? 'Knative Service' : object.kind;
    return this.#add({ id: nameOf(object), name, kind, role, namespace, manifest, ...more });
  }

  /** Pods of a template are those of its object; of a node pool, those of the cluster that it is a part of; of a trigger, its broker's. */
  ofResident(name: string, manifest: Manifest): string {
    const { object } = manifest;
    if (name.startsWith('pods ')) return this.#ofName(...(name.slice(5).split('/') as [string, string]));
    const { namespace = '', labels } = object.metadata;
    const whose =
      object.kind === 'Trigger'
        ? { 'eventing.knative.dev/broker': text(at(object, 'spec', 'broker')) ?? '' }
        : object.kind === 'KafkaNodePool'
          ? strings(labels)
          : {};
    return this.ofBroker(namespace, whose) ?? this.ofManifest(manifest);
  }

  ofParty(party: Party): string {
    if (party === 'unknown') return this.#add({ id: 'anyone', name: 'anyone', kind: 'anyone', role: 'outside' });
    if (!isPods(party)) return this.#ofAddress(party.cidr);
    if (party.workload) return this.ofManifest(party.workload.manifest);
    const { namespace, labels } = party;
    const broker = this.ofBroker(namespace, labels);
    if (broker) return broker;
    const telling = TELLING.find((label) => labels[label]);
    return this.#ofName(
      namespace,
      telling ? labels[telling]! : Object.entries(labels).map(wordOf).join(' ') || 'every pod',
    );
  }

  /** The brokers whose pods carry these labels, where they are rendered. */
  ofBroker(namespace: string, labels: Readonly<Record<string, string>>): string | undefined {
    const operated = Object.values(OPERATED).flatMap(
      (label) => this.#operated.get(`${namespace} ${label}=${labels[label]}`) ?? [],
    );
    return operated[0] && this.ofManifest(operated[0]);
  }

  /** What answers behind a Service that nothing here renders. */
  ofService(namespace: string, name: string): string {
    const labels = Object.fromEntries(Object.values(OPERATED).map((label) => [label, name]));
    return this.ofBroker(namespace, labels) ?? this.#ofName(namespace, name);
  }

  ofHost(host: string): string {
    return this.#add({ id: `host ${host}`, name: host, kind: 'host', role: 'entry' });
  }

  /** Pods that a chart or the cluster runs. */
  #ofName(namespace: string, name: string): string {
    const own = this.#index.byId(`/Namespace//${namespace}`);
    const role = own && !this.isPlatform(own) ? 'service' : 'platform';
    return this.#add({ id: `pods ${namespace}/${name}`, name, kind: 'pods', role, namespace });
  }

  #ofAddress(cidr: string): string {
    const { apiServer, nodes = [] } = this.#index.world.cluster?.network ?? {};
    if (cidr === apiServer?.cidr) return this.#add({ id: cidr, name: 'API server', kind: cidr, role: 'platform' });
    if (nodes.includes(cidr)) return this.#add({ id: cidr, name: 'nodes', kind: cidr, role: 'platform' });
    const everywhere = /^(?:0\.0\.0\.0|::)\/0$/.test(cidr);
    const name = everywhere ? 'the internet' : cidr.replace(/\/(?:32|128)$/, '');
    return this.#add({ id: cidr, name, kind: everywhere ? cidr : 'address', role: 'outside' });
  }

  #add(drawn: Drawn): string {
    if (!this.#all.has(drawn.id)) this.#all.set(drawn.id, drawn);
    return drawn.id;
  }
}

/** A label that is only a flag says what it means by its key. */
const wordOf = ([key, value]: readonly [string, string]) => (value === 'true' ? key.split('/').at(-1)! : value);

/** What a queue or an exchange is called in its broker. */
export const calledIn = ({ object }: Manifest) => text(at(object, 'spec', 'name')) ?? object.metadata.name;
