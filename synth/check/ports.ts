import type { Manifest } from '../manifest.ts';
import { type Json, map, maps, number, port as portOf, strings, text } from '../resolve/json.ts';
import { unknowable } from '../resolve/links.ts';
import type { Container, Workload } from '../resolve/workloads.ts';
import { type Index, isManifest } from '../resolve.ts';
import { didYouMean } from './nearest.ts';
import type { Problem, Rule } from './rule.ts';

/** The pods behind a Service, by its selector; undefined where it has none. */
export function podsBehind(index: Index, { object }: Manifest): readonly Workload[] | undefined {
  const labels = strings(map(object.spec).selector);
  if (!Object.keys(labels).length) return undefined;
  return index.select(object.metadata.namespace ?? '', { labels, expressions: [] });
}

export const sayPorts = (ports: readonly Json[], field: string) =>
  ports.map((port) => (port.name ? `${port.name} (${port[field]})` : `${port[field]}`)).join(', ') || 'none';
export const namesOf = (ports: readonly Json[]) => ports.flatMap(({ name }) => text(name) ?? []);

const missingServicePort: Rule = {
  name: 'missing-service-port',
  doc: 'A route, ingress or webhook names a port that its Service does not have: requests are refused.',
  severity: 'error',
  *check({ index }) {
    for (const { from, field, kind, group, name, port, target } of index.references) {
      if (port === undefined || !target || kind !== 'Service' || group !== '') continue;
      const problem = { manifest: from, field, fix: 'name a port of the Service, or add it there' };
      if (!isManifest(target)) {
        if (!target.ports || target.ports.includes(port)) continue;
        yield {
          ...problem,
          message: `${field}: Service "${name}" has no port "${port}"; it has ${target.ports.join(', ')}`,
        };
        continue;
      }
      const spec = map(target.object.spec);
      const ports = maps(spec.ports);
      // What an operator makes has ports that only it knows.
      if (target.object.kind !== 'Service' || target.object.apiVersion !== 'v1' || spec.type === 'ExternalName')
        continue;
      if (unknowable(`${port}`) || ports.some((each) => each.port === port || each.name === port)) continue;
      const hint = typeof port === 'string' ? didYouMean(port, namesOf(ports)) : '';
      yield {
        ...problem,
        message: `${field}: Service "${name}" has no port "${port}"${hint}; it has ${sayPorts(ports, 'port')}`,
      };
    }
  },
  breaks: ingressTo('htpp'),
  passes: ingressTo('http'),
};

function ingressTo(port: string) {
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api, namespace: notifi}
spec: {defaultBackend: {service: {name: api, port: {name: ${port}}}}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: notifi}
spec: {ports: [{name: http, port: 80}]}
`;
}

const missingTargetPort: Rule = {
  name: 'missing-target-port',
  doc: 'A Service sends to a port that no container of its pods has: it has no endpoint, or connections are refused.',
  severity: 'error',
  *check({ index, closed }) {
    for (const manifest of index.byKind('Service', '')) {
      const spec = map(manifest.object.spec);
      const pods = podsBehind(index, manifest) ?? [];
      const declared = pods.flatMap(({ containers }) => containers.flatMap(({ ports }) => ports));
      if (!pods.length) continue;
      for (const [i, service] of maps(spec.ports).entries()) {
        const target = portOf(service.targetPort) ?? number(service.port);
        if (target === undefined || unknowable(`${target}`)) continue;
        if (declared.some(({ name, containerPort }) => target === name || target === containerPort)) continue;
        // The number of a headless Service is used by nobody, and a stranger's container may listen without saying so.
        if (typeof target === 'number' && (spec.clusterIP === 'None' || (!closed && !declared.length))) continue;
        const hint = typeof target === 'string' ? didYouMean(target, namesOf(declared)) : '';
        yield {
          manifest,
          field: `spec.ports[${i}].${service.targetPort === undefined ? 'port' : 'targetPort'}`,
          severity: typeof target === 'string' || closed ? 'error' : 'info',
          message: `spec.ports[${i}]: no container of ${sayPods(pods)} has port "${target}"${hint}; they have ${sayPorts(declared, 'containerPort')}`,
          fix: 'set targetPort to the name of a containerPort, or declare the port on the container',
        };
      }
    }
  },
  breaks: serviceOf('grpc'),
  passes: serviceOf('http'),
};

const sayPods = (pods: readonly Workload[]) =>
  pods.map(({ manifest: { object } }) => `${object.kind} "${object.metadata.name}"`).join(', ');

function serviceOf(targetPort: string) {
  return `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi, labels: {app: api}}
spec: {containers: [{name: api, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: notifi}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: ${targetPort}}]}
`;
}

const serviceWithoutPort: Rule = {
  name: 'service-without-port',
  doc: 'A Service without ports is refused by the API server, unless it is headless or an ExternalName.',
  severity: 'error',
  *check({ index }) {
    for (const manifest of index.byKind('Service', '')) {
      const { type, clusterIP, ports } = map(manifest.object.spec);
      if (type === 'ExternalName' || clusterIP === 'None' || maps(ports).length) continue;
      yield {
        manifest,
        field: 'spec.ports',
        message: 'spec.ports: a Service needs at least one port',
        fix: 'add the port, or set clusterIP: None',
      };
    }
  },
  breaks: '{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {selector: {app: api}}}',
  passes: '{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {clusterIP: None}}',
};

const duplicatePortName: Rule = {
  name: 'duplicate-port-name',
  doc: 'Two ports of one Service or pod have the same name: the API server refuses them, or only the first is ever reached.',
  severity: 'error',
  *check({ index }) {
    for (const manifest of index.byKind('Service', '')) {
      yield* repeated(manifest, 'spec', maps(map(manifest.object.spec).ports));
    }
    for (const { manifest, containers } of index.workloads) {
      for (const { path, ports } of containers) yield* repeated(manifest, path, ports);
      yield* sharedNames(manifest, containers);
    }
  },
  breaks: ports('{name: http, port: 80}, {name: http, port: 81}'),
  passes: ports('{name: http, port: 80}, {name: dns, port: 53}, {name: dns-udp, port: 53, protocol: UDP}'),
};

function ports(list: string) {
  return `{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {ports: [${list}]}}`;
}

function* repeated(manifest: Manifest, path: string, list: readonly Json[]): Iterable<Problem> {
  const seen = new Set<unknown>();
  for (const [i, { name }] of list.entries()) {
    const field = `${path}.ports[${i}].name`;
    if (name && seen.has(name)) {
      yield {
        manifest,
        field,
        message: `${field}: another port is named "${name}" already`,
        fix: 'give every port its own name',
      };
    }
    seen.add(name);
  }
}

/** A Service that asks for a name gets the first container that has it. */
function* sharedNames(manifest: Manifest, containers: readonly Container[]): Iterable<Problem> {
  const first = new Map<string, Container>();
  for (const container of containers) {
    for (const [i, { name }] of container.ports.entries()) {
      const known = text(name);
      const other = known === undefined ? undefined : first.get(known);
      if (other && other !== container) {
        const field = `${container.path}.ports[${i}].name`;
        const message = `${field}: container "${other.name}" has a port "${known}" too, and a Service finds only that one`;
        yield { manifest, field, severity: 'warning', message, fix: 'name ports apart within a pod' };
      } else if (known !== undefined) first.set(known, container);
    }
  }
}

const unnamedPort: Rule = {
  name: 'unnamed-port',
  doc: 'Of several ports one has no name: the API server refuses such a Service, and nothing can refer to such a container port.',
  severity: 'error',
  *check({ index, closed }) {
    const fix = 'name the port';
    for (const manifest of index.byKind('Service', '')) {
      const ports = maps(map(manifest.object.spec).ports);
      const unnamed = ports.findIndex(({ name }) => !name);
      if (ports.length < 2 || unnamed < 0) continue;
      const field = `spec.ports[${unnamed}].name`;
      yield { manifest, field, message: `${field}: missing, and a Service with ${ports.length} ports names each`, fix };
    }
    if (!closed) return;
    for (const { manifest, containers } of index.workloads) {
      for (const { path, ports } of containers) {
        const unnamed = ports.findIndex(({ name }) => !name);
        if (ports.length < 2 || unnamed < 0) continue;
        const field = `${path}.ports[${unnamed}].name`;
        yield {
          manifest,
          field,
          severity: 'warning',
          message: `${field}: missing, and the container has ${ports.length} ports`,
          fix,
        };
      }
    }
  },
  breaks: ports('{name: http, port: 80}, {port: 81}'),
  passes: ports('{port: 80}'),
};

export const portRules: readonly Rule[] = [
  missingServicePort,
  missingTargetPort,
  serviceWithoutPort,
  duplicatePortName,
  unnamedPort,
];
