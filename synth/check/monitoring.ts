import type { Manifest } from '../manifest.ts';
import { type Json, map, maps, strings, text } from '../resolve/json.ts';
import { selectorOf } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';
import { isClusterOwn, makersIn } from './elsewhere.ts';
import { didYouMean } from './nearest.ts';
import type { Rule } from './rule.ts';
import { monitoredNamespaces } from './selectors.ts';

const GROUP = 'monitoring.coreos.com';

/** Values of the label `job` that anything scraped carries; undefined where relabelling makes them unknowable. */
function jobsOf(index: Index): ReadonlySet<string> | undefined {
  const jobs = new Set<string>();
  for (const manifest of index.byKind('ServiceMonitor', GROUP)) {
    const spec = map(manifest.object.spec);
    const selector = selectorOf(spec.selector);
    for (const namespace of monitoredNamespaces(manifest)) {
      // The cluster's own Services (apiserver, kubelet, kube-dns) are called as they are selected.
      if (isClusterOwn(namespace)) for (const value of Object.values(selector.labels)) jobs.add(value);
      for (const { object } of index.selectServices(namespace, selector)) {
        jobs.add(strings(object.metadata.labels)[text(spec.jobLabel) ?? ''] ?? object.metadata.name);
      }
    }
    if (relabelled(maps(spec.endpoints), jobs)) return undefined;
  }
  for (const manifest of index.byKind('PodMonitor', GROUP)) {
    const { namespace, name } = manifest.object.metadata;
    const spec = map(manifest.object.spec);
    jobs.add(`${namespace}/${name}`);
    for (const of of monitoredNamespaces(manifest)) {
      for (const { labels } of index.select(of, selectorOf(spec.selector))) {
        const job = labels[text(spec.jobLabel) ?? ''];
        if (job) jobs.add(job);
      }
    }
    if (relabelled(maps(spec.podMetricsEndpoints), jobs)) return undefined;
  }
  for (const { object } of [...index.byKind('Probe', GROUP), ...index.byKind('ScrapeConfig', GROUP)]) {
    const { namespace, name } = object.metadata;
    const prefix = object.kind === 'Probe' ? 'probe' : 'scrapeConfig';
    jobs.add(text(map(object.spec).jobName) ?? `${prefix}/${namespace}/${name}`);
  }
  // What a chart brings is scraped by its own monitors, under the names of its Services.
  for (const { objects = [] } of [
    ...index.world.provides,
    ...index.declared.flatMap(({ provides }) => provides ?? []),
  ]) {
    for (const { kind, name } of objects) if (kind === 'Service') jobs.add(name);
  }
  return jobs;
}

/** Adds jobs that relabelling writes; true where it takes them from somewhere that is not known here. */
function relabelled(endpoints: readonly Json[], jobs: Set<string>): boolean {
  return endpoints
    .flatMap(({ relabelings, metricRelabelings }) => [...maps(relabelings), ...maps(metricRelabelings)])
    .filter(({ targetLabel }) => targetLabel === 'job')
    .some(({ replacement }) => {
      const job = text(replacement);
      if (job && !job.includes('$')) jobs.add(job);
      return !job || job.includes('$');
    });
}

/** `job="a"` and `job=~"a|b"` of a PromQL expression: the names written out, not the patterns. */
function jobsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\bjob\s*=(~?)\s*(?:"([^"]*)"|'([^']*)')/g)].flatMap(([, pattern, double, single]) => {
    const value = double ?? single ?? '';
    const names = pattern ? value.replace(/^\((.*)\)$/, '$1').split('|') : [value];
    return names.filter((name) => name !== '' && (pattern ? /^[\w/-]+$/.test(name) : !name.includes('$')));
  });
}

const alertJobUnknown: Rule = {
  name: 'alert-job-unknown',
  doc: 'A rule asks for a job that nothing scraped is called: an alert over it never fires, or with absent() always does.',
  severity: 'error',
  *check({ index, closed }) {
    const rules = index.byKind('PrometheusRule', GROUP);
    const jobs = rules.length ? jobsOf(index) : undefined;
    if (!jobs || (!closed && (!jobs.size || anyChart(index, rules)))) return;
    for (const manifest of rules) {
      for (const [i, group] of maps(map(manifest.object.spec).groups).entries()) {
        for (const [j, { expr, alert, record }] of maps(group.rules).entries()) {
          const unknown = new Set(jobsIn(`${expr}`).filter((job) => !jobs.has(job)));
          for (const job of unknown) {
            const field = `spec.groups[${i}].rules[${j}].expr`;
            yield {
              manifest,
              field,
              severity: closed ? 'error' : 'warning',
              message: `${field}: ${alert ?? record} asks for job="${job}"${didYouMean(job, jobs)}, and what is scraped is called ${[...jobs].sort().join(', ') || 'nothing'}`,
              fix: 'use the name of the Service (or the value of the monitor’s jobLabel), or add the monitor',
            };
          }
        }
      }
    }
  },
  breaks: alert('api-service'),
  passes: alert('api'),
};

/** The jobs of a chart's own monitors are not in a stranger's tree. */
const anyChart = (index: Index, rules: readonly Manifest[]) =>
  [...rules, ...index.byKind('ServiceMonitor', GROUP)].some(
    ({ object }) => makersIn(object.metadata.namespace ?? '', index.manifests).length > 0,
  );

function alert(job: string) {
  return `
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: api, namespace: notifi}
spec: {groups: [{name: api, rules: [{alert: ApiDown, expr: 'absent(up{job="${job}"} == 1)'}]}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: metrics, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}, endpoints: [{port: metrics}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: notifi, labels: {app: api}}
spec: {ports: [{name: metrics, port: 9090}]}
`;
}

export const monitoringRules: readonly Rule[] = [alertJobUnknown];
