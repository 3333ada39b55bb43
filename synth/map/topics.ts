import { type Manifest, nameOf } from '../manifest.ts';
import { at, map, maps, strings, text, texts } from '../resolve/json.ts';
import { type Index, isManifest } from '../resolve.ts';
import type { Passage } from './edges.ts';
import { calledIn, type Vertices } from './vertices.ts';

/** Who writes to which topic, who reads it, and what hands messages on. */
export function* messages(index: Index, vertices: Vertices): Iterable<Passage> {
  yield* kafka(index, vertices);
  yield* rabbitmq(index, vertices);
  yield* triggers(index, vertices);
}

/** What a user may do is what its clients do: those that hold its password. */
function* kafka(index: Index, vertices: Vertices): Iterable<Passage> {
  const clusterOf = ({ object }: Manifest) => strings(object.metadata.labels)['strimzi.io/cluster'] ?? '';
  const topics = new Map<string, string>();
  for (const manifest of index.byKind('KafkaTopic', 'kafka.strimzi.io')) {
    const name = text(at(manifest.object, 'spec', 'topicName')) ?? manifest.object.metadata.name;
    const on = vertices.ofBroker(manifest.object.metadata.namespace ?? '', strings(manifest.object.metadata.labels));
    topics.set(`${clusterOf(manifest)}/${name}`, vertices.ofManifest(manifest, { on, name }));
  }
  const holders = holdersOf(index, vertices);
  for (const user of index.byKind('KafkaUser', 'kafka.strimzi.io')) {
    const { spec, metadata } = user.object;
    const password = text(at(spec, 'authentication', 'password', 'valueFrom', 'secretKeyRef', 'name'));
    const clients = holders.get(password ?? metadata.name) ?? [];
    for (const { resource, operations, operation } of maps(at(spec, 'authorization', 'acls'))) {
      const topic = topics.get(`${clusterOf(user)}/${at(resource, 'name')}`);
      if (!topic || at(resource, 'type') !== 'topic') continue;
      const may = [...texts(operations), ...(text(operation) ?? '').split(' ')];
      for (const client of clients) {
        if (may.includes('Write') || may.includes('All')) yield { from: client, to: topic, how: 'publishes' };
        if (may.includes('Read') || may.includes('All')) yield { from: topic, to: client, how: 'reads' };
      }
    }
  }
}

/** Workloads by the names of the Secrets that they read, in whichever namespace the password was put. */
function holdersOf(index: Index, vertices: Vertices): ReadonlyMap<string, ReadonlySet<string>> {
  const byName = new Map<string, Set<string>>();
  for (const { from, kind, name } of index.references) {
    if (kind !== 'Secret' || !index.workloadOf(from)) continue;
    byName.set(name, (byName.get(name) ?? new Set()).add(vertices.ofManifest(from)));
  }
  return byName;
}

function* rabbitmq(index: Index, vertices: Vertices): Iterable<Passage> {
  const place = (kind: string, { namespace }: Manifest['object']['metadata'], spec: unknown, name: unknown) =>
    [kind, namespace, at(spec, 'rabbitmqClusterReference', 'name'), text(at(spec, 'vhost')) ?? '/', name].join(' ');
  const known = new Map<string, string>();
  for (const kind of ['Queue', 'Exchange']) {
    for (const manifest of index.byKind(kind, 'rabbitmq.com')) {
      const { metadata, spec } = manifest.object;
      const cluster = text(at(spec, 'rabbitmqClusterReference', 'name')) ?? '';
      const on = vertices.ofBroker(metadata.namespace ?? '', { 'app.kubernetes.io/name': cluster });
      const id = vertices.ofManifest(manifest, { on, name: calledIn(manifest) });
      known.set(place(kind.toLowerCase(), metadata, spec, calledIn(manifest)), id);
    }
  }
  for (const { object } of index.byKind('Binding', 'rabbitmq.com')) {
    const { metadata, spec } = object;
    const { source, destination, destinationType, routingKey } = map(spec);
    const from = known.get(place('exchange', metadata, spec, source));
    const to = known.get(place(text(destinationType) ?? 'queue', metadata, spec, destination));
    if (from && to) yield { from, to, how: 'delivers', over: text(routingKey) };
  }
}

/** https://knative.dev/docs/eventing/triggers/ */
function* triggers(index: Index, vertices: Vertices): Iterable<Passage> {
  for (const { object } of index.byKind('Trigger', 'eventing.knative.dev')) {
    const { metadata, spec } = object;
    const broker = index.find('Broker', metadata.namespace, text(at(spec, 'broker')) ?? '', 'eventing.knative.dev');
    const { kind, name, namespace } = map(at(spec, 'subscriber', 'ref'));
    const group = text(at(spec, 'subscriber', 'ref', 'apiVersion'))?.split('/')[0] ?? '';
    const to = index.find(text(kind) ?? '', text(namespace) ?? metadata.namespace, text(name) ?? '', group);
    if (!broker || !isManifest(broker) || !to || !isManifest(to)) continue;
    const type = text(at(spec, 'filter', 'attributes', 'type'));
    if (vertices.get(nameOf(to.object)))
      yield { from: vertices.ofManifest(broker), to: nameOf(to.object), how: 'delivers', over: type };
  }
}
