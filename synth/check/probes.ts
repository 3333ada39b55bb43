import { map, maps, port as portOf } from '../resolve/json.ts';
import { unknowable } from '../resolve/links.ts';
import { didYouMean } from './nearest.ts';
import { namesOf, podsBehind, sayPorts } from './ports.ts';
import type { Rule } from './rule.ts';

const deployment = (container: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, ${container}}]
`;

const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'];

const probePort: Rule = {
  name: 'probe-port',
  doc: 'A probe asks a port that its container does not declare: the container is restarted, or never ready.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, containers } of index.workloads) {
      // Knative fills in the port of its probes.
      if (manifest.object.apiVersion.startsWith('serving.knative.dev/')) continue;
      for (const { path, spec, ports, name } of containers) {
        for (const probe of PROBES) {
          for (const by of ['httpGet', 'tcpSocket', 'grpc']) {
            const port = portOf(map(map(spec[probe])[by]).port);
            if (port === undefined || unknowable(`${port}`)) continue;
            if (ports.some((each) => each.name === port || each.containerPort === port)) continue;
            // A port of the container need not be declared to be open.
            if (typeof port === 'number' && !closed) continue;
            const hint = typeof port === 'string' ? didYouMean(port, namesOf(ports)) : '';
            yield {
              manifest,
              field: `${path}.${probe}.${by}.port`,
              message: `${path}.${probe}: container "${name}" declares no port "${port}"${hint}; it has ${sayPorts(ports, 'containerPort')}`,
              fix: 'probe a declared port, or declare this one',
            };
          }
        }
      }
    }
  },
  breaks: probed('health'),
  passes: probed('http'),
};

function probed(port: string) {
  return `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, ports: [{name: http, containerPort: 80}], readinessProbe: {httpGet: {path: /, port: ${port}}}}]}
`;
}

const sameProbes: Rule = {
  name: 'same-probes',
  doc: 'Liveness asks the same as readiness: when a dependency is away, all pods restart instead of waiting.',
  severity: 'warning',
  *check({ index }) {
    for (const { manifest, containers } of index.workloads) {
      if (manifest.object.kind !== 'Deployment') continue;
      for (const { path, spec, name } of containers) {
        const { httpGet, tcpSocket, grpc, exec } = map(spec.livenessProbe);
        const ready = map(spec.readinessProbe);
        // An open port says nothing about dependencies.
        if (tcpSocket || !(httpGet || grpc || exec)) continue;
        const asks = (probe: unknown[]) => JSON.stringify(probe);
        if (asks([httpGet, grpc, exec]) !== asks([ready.httpGet, ready.grpc, ready.exec])) continue;
        yield {
          manifest,
          field: `${path}.livenessProbe`,
          message: `${path}.livenessProbe: container "${name}" is killed for the same answer that takes it out of service`,
          fix: 'let liveness ask only whether the process itself still works (/livez), readiness whether it can serve (/readyz)',
        };
      }
    }
  },
  breaks: deployment(
    'livenessProbe: {httpGet: {path: /health, port: 80}}, readinessProbe: {httpGet: {path: /health, port: 80}}',
  ),
  passes: deployment(
    'livenessProbe: {httpGet: {path: /livez, port: 80}}, readinessProbe: {httpGet: {path: /readyz, port: 80}}',
  ),
};

const missingReadiness: Rule = {
  name: 'missing-readiness-probe',
  doc: 'Pods behind a Service without a readiness probe get requests before they can answer, and through every rollout.',
  severity: 'warning',
  *check({ index, closed }) {
    const said = new Set<unknown>();
    for (const service of index.byKind('Service', '')) {
      for (const workload of podsBehind(index, service) ?? []) {
        const { manifest, containers, podPath, pod } = workload;
        if (said.has(workload) || manifest.object.kind === 'Job' || manifest.object.kind === 'CronJob') continue;
        said.add(workload);
        if (containers.some(({ spec }) => spec.readinessProbe) || maps(pod.readinessGates).length) continue;
        const field = `${podPath}.containers[0].readinessProbe`;
        const message = `${field}: missing, and Service "${service.object.metadata.name}" sends requests to these pods`;
        yield {
          manifest,
          field,
          severity: closed ? 'warning' : 'info',
          message,
          fix: 'add a readinessProbe on a declared port',
        };
      }
    }
  },
  breaks: `${deployment('image: "api:1"')}---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {selector: {app: api}, ports: [{port: 80}]}}
`,
  passes: `${deployment('readinessProbe: {httpGet: {path: /readyz, port: 80}}')}---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {selector: {app: api}, ports: [{port: 80}]}}
`,
};

export const probeRules: readonly Rule[] = [probePort, sameProbes, missingReadiness];
