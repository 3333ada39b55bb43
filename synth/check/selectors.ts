import type { Manifest } from '../manifest.ts';
import { at, map, maps, number as numberOf, strings, text, texts } from '../resolve/json.ts';
import { unknowable } from '../resolve/links.ts';
import { isEmpty, matches, type Selector, selectorOf } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';
import { isClusterOwn, isOperatorsPods, makersIn, withoutRunTime } from './elsewhere.ts';
import { didYouMean } from './nearest.ts';
import type { Context, Problem, Rule } from './rule.ts';

const SELECTING = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

const selectorMismatch: Rule = {
  name: 'selector-mismatch',
  doc: 'The selector of a workload does not match the labels of its own pods: the API server refuses it.',
  severity: 'error',
  *check({ index }) {
    for (const { manifest, labels, podPath } of index.workloads) {
      const { apiVersion, kind, spec } = manifest.object;
      if (!SELECTING.has(kind) || apiVersion !== 'apps/v1') continue;
      const selector = selectorOf(map(spec).selector);
      if (!isEmpty(selector) && matches(selector, labels)) continue;
      yield {
        manifest,
        field: 'spec.selector',
        message: `spec.selector: ${say(selector)} is not among the pod labels ${sayLabels(labels)}`,
        fix: `give ${podPath.replace(/\.spec$/, '')}.metadata.labels what the selector asks for; the selector itself can never be changed`,
      };
    }
  },
  breaks: deployment('web'),
  passes: deployment('api'),
};

function deployment(selector: string) {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec:
  selector: {matchLabels: {app: ${selector}}}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, ports: [{name: metrics, containerPort: 9090}]}]}}
`;
}

const sayLabels = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ') || '(none)';
const say = ({ labels, expressions }: Selector) =>
  [
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ...expressions.map(({ key, operator, values }) => `${key} ${operator} ${values.join('|')}`.trim()),
  ].join(', ') || '(empty)';

/** What an unmatched selector most likely meant: pods that carry some of its labels. */
function nearlyMatching(index: Index, namespace: string, { labels }: Selector): string {
  const near = index
    .select(namespace, { labels: {}, expressions: [] })
    .find((workload) => Object.entries(labels).some(([key, value]) => workload.labels[key] === value));
  return near
    ? `; nearest is ${near.manifest.object.kind} "${near.manifest.object.metadata.name}" with ${sayLabels(near.labels)}`
    : '';
}

/**
 * Pods and Services that the cluster, an operator or, in a stranger's tree, a chart makes are not among the manifests;
 * of a namespace without any workload nothing is known there.
 */
const isElsewhere = ({ index, closed }: Context, namespace: string, selector: Selector) =>
  isOperatorsPods(index, namespace, selector) ||
  (!closed && (makersIn(namespace, index.manifests).length > 0 || !index.select(namespace, EVERY).length));

const EVERY: Selector = { labels: {}, expressions: [] };

/** That no pod has these labels, where all pods are known. */
export function* podlessSelector(
  context: Context,
  manifest: Manifest,
  selector: Selector,
  fix: string,
  field = 'spec.selector',
): Iterable<Problem> {
  const { index, closed } = context;
  const namespace = manifest.object.metadata.namespace ?? '';
  if (
    index.select(namespace, withoutRunTime(selector)).length ||
    namespace === 'kube-system' ||
    isElsewhere(context, namespace, selector)
  )
    return;
  const where = namespace ? `namespace "${namespace}"` : 'its namespace';
  yield {
    manifest,
    field,
    severity: closed ? 'error' : 'warning',
    message: `${field}: no pod in ${where} has ${say(selector)}${nearlyMatching(index, namespace, selector)}`,
    fix,
  };
}

const serviceSelectsNothing: Rule = {
  name: 'service-selects-nothing',
  doc: 'No pod carries the labels that a Service selects: it has no endpoint and every connection fails.',
  severity: 'error',
  *check(context) {
    const fix =
      'select labels of the pod template; labels that a program sets at run time need an exception with that reason';
    for (const manifest of context.index.byKind('Service', '')) {
      const labels = strings(at(manifest.object, 'spec', 'selector'));
      if (Object.keys(labels).length) yield* podlessSelector(context, manifest, { labels, expressions: [] }, fix);
    }
  },
  breaks: `${deployment('api')}---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {selector: {app: api, role: master}}}
`,
  passes: `${deployment('api')}---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {selector: {app: api}}}
`,
};

const serviceWithoutSelector: Rule = {
  name: 'service-without-selector',
  doc: 'A Service without a selector has the endpoints that someone else writes, and nobody does.',
  severity: 'warning',
  *check({ index }) {
    const written = new Set(
      [...index.byKind('Endpoints', ''), ...index.byKind('EndpointSlice', 'discovery.k8s.io')].map(
        ({ object: { metadata } }) =>
          [metadata.namespace, strings(metadata.labels)['kubernetes.io/service-name'] ?? metadata.name].join('/'),
      ),
    );
    for (const manifest of index.byKind('Service', '')) {
      const { name, namespace } = manifest.object.metadata;
      const { selector, type } = map(manifest.object.spec);
      if (Object.keys(map(selector)).length || type === 'ExternalName' || written.has(`${namespace}/${name}`)) continue;
      const message = `spec.selector: missing, and no EndpointSlice is labelled kubernetes.io/service-name: ${name}`;
      yield {
        manifest,
        field: 'spec.selector',
        message,
        fix: 'select the pods, or allow it with who writes the endpoints',
      };
    }
  },
  breaks: '{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {ports: [{port: 80}]}}',
  passes: `
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {ports: [{port: 80}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: api-1, namespace: notifi, labels: {kubernetes.io/service-name: api}}}
`,
};

const budgetSelectsNothing: Rule = {
  name: 'budget-selects-nothing',
  doc: 'No pod carries the labels that a PodDisruptionBudget selects: a drain may take all of them at once.',
  severity: 'error',
  *check(context) {
    for (const manifest of context.index.byKind('PodDisruptionBudget', 'policy')) {
      const { selector } = map(manifest.object.spec);
      const fix = 'select the labels of the pod template it is to protect';
      if (selector) yield* podlessSelector(context, manifest, selectorOf(selector), fix);
      else yield { manifest, field: 'spec.selector', message: 'spec.selector: missing, which selects no pod', fix };
    }
  },
  breaks: `${deployment('api')}---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: api, namespace: notifi}, spec: {selector: {matchLabels: {app: web}}}}
`,
  passes: `${deployment('api')}---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: api, namespace: notifi}, spec: {selector: {matchLabels: {app: api}}}}
`,
};

/** Namespaces that a monitor looks into; undefined stands for all of them. */
export function monitoredNamespaces({ object }: Manifest): readonly (string | undefined)[] {
  const { any, matchNames } = map(at(object, 'spec', 'namespaceSelector'));
  if (any === true) return [undefined];
  const names = texts(matchNames);
  return names.length ? names : [object.metadata.namespace ?? ''];
}

const monitorSelectsNothing: Rule = {
  name: 'monitor-selects-nothing',
  doc: 'A ServiceMonitor or PodMonitor selects nothing, or a port that is not there: nothing is scraped, and its alerts never fire.',
  severity: 'error',
  *check(context) {
    yield* monitors(context, 'ServiceMonitor', 'endpoints', (namespace, selector) =>
      context.index.selectServices(namespace, selector).map(({ object }) => maps(map(object.spec).ports)),
    );
    yield* monitors(context, 'PodMonitor', 'podMetricsEndpoints', (namespace, selector) =>
      context.index.select(namespace, selector).map(({ containers }) => containers.flatMap(({ ports }) => ports)),
    );
  },
  breaks: monitor('http'),
  passes: monitor('metrics'),
};

type Ports = ReturnType<typeof maps>;

function* monitors(
  context: Context,
  kind: string,
  list: string,
  find: (namespace: string | undefined, selector: Selector) => readonly Ports[],
): Iterable<Problem> {
  for (const manifest of context.index.byKind(kind, 'monitoring.coreos.com')) {
    const selector = selectorOf(at(manifest.object, 'spec', 'selector'));
    const namespaces = monitoredNamespaces(manifest);
    const found = namespaces.flatMap((namespace) => find(namespace, selector));
    const severity = context.closed ? 'error' : 'warning';
    if (!found.length) {
      // The cluster's own Services come with it, and "any" namespace of a stranger is not all here.
      const elsewhere = namespaces.some((namespace) =>
        namespace === undefined
          ? !context.closed
          : isClusterOwn(namespace) || isElsewhere(context, namespace, selector),
      );
      if (elsewhere) continue;
      const what = kind === 'ServiceMonitor' ? 'Service' : 'pod';
      const where = namespaces
        .map((namespace) => (namespace === undefined ? 'any namespace' : `namespace "${namespace}"`))
        .join(', ');
      const message = `spec.selector: no ${what} in ${where} has the labels ${say(selector)}`;
      yield {
        manifest,
        field: 'spec.selector',
        severity,
        message,
        fix: `select labels that the ${what} carries itself`,
      };
      continue;
    }
    for (const [i, endpoint] of maps(map(manifest.object.spec)[list]).entries()) {
      const number = numberOf(endpoint.portNumber);
      if (number !== undefined && !found.some((ports) => ports.some(({ containerPort }) => containerPort === number))) {
        const field = `spec.${list}[${i}].portNumber`;
        const message = `${field}: no container it selects declares port ${number}, and only such ports are scraped`;
        yield { manifest, field, severity, message, fix: 'declare the port in the container' };
      }
      const port = text(endpoint.port);
      if (port === undefined || unknowable(port) || found.some((ports) => ports.some(({ name }) => name === port)))
        continue;
      const names = found.flat().flatMap(({ name }) => text(name) ?? []);
      const field = `spec.${list}[${i}].port`;
      const message = `${field}: nothing it selects has a port named "${port}"${didYouMean(port, names)}; there is ${names.join(', ') || 'no named port'}`;
      yield { manifest, field, severity, message, fix: 'name a port that the selected objects have' };
    }
  }
}

function monitor(port: string) {
  return `
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi, labels: {app: api}}, spec: {ports: [{name: metrics, port: 9090}]}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}, endpoints: [{port: ${port}}]}
`;
}

export const selectorRules: readonly Rule[] = [
  selectorMismatch,
  serviceSelectsNothing,
  serviceWithoutSelector,
  budgetSelectsNothing,
  monitorSelectsNothing,
];
