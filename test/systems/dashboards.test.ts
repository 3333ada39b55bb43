import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { dump } from 'js-yaml';
import * as rules from '../../charts/platform/alerts.ts';
import { dashboards } from '../../charts/platform/dashboards.ts';
import type { AlertRule } from '../../constructs/alert-rules.ts';
import type { Panel } from '../../constructs/dashboard.ts';
import { metrics, metricsIn } from './metrics.ts';
import { withPromtool } from './promtool.ts';

/** What Grafana puts in before it asks. */
const asked = (query: string) =>
  query.replaceAll(/\$__rate_interval|\$__auto/g, '5m').replaceAll(/\$\{?\w+\}?/g, 'any');

const panels = Object.entries(dashboards).flatMap(([name, { rows }]) =>
  Object.values(rows)
    .flat()
    .map((panel: Panel) => ({ name, ...panel })),
);
const queries = panels
  .filter(({ from = 'prometheus' }) => from === 'prometheus')
  .flatMap(({ name, title, queries }) => Object.values(queries).map((query) => ({ at: `${name}: ${title}`, query })));

/** promtool's verdict on expressions, as rules that would record them. */
function check(expressions: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'dashboards-'));
  try {
    const rules = expressions.map((expr, index) => ({ record: `of:query_${index}`, expr }));
    writeFileSync(join(folder, 'rules.yaml'), dump({ groups: [{ name: 'queries', rules }] }));
    return execFileSync('promtool', ['check', 'rules', 'rules.yaml'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stderr: string }).stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

withPromtool('PromQL', () => {
  test('every query of every dashboard is understood', () => {
    expect(check(queries.map(({ query }) => asked(query)))).toContain(`SUCCESS: ${queries.length} rules found`);
  });

  test('a wrong one would not be', () => {
    expect(check(['sum by (pod (up)'])).toContain('could not parse expression');
  });
});

test('no query and no alert asks for a metric that nobody exposes', () => {
  const alerts = Object.values(rules).flatMap((each) => (Array.isArray(each) ? (each as AlertRule[]) : []));
  const asked = [...queries.map(({ query }) => query), ...alerts.map(({ expr }) => expr)].flatMap(metricsIn);
  expect([...new Set(asked)].filter((name) => !metrics.has(name))).toEqual([]);
  expect(metricsIn('sum by (le) (rate(a_total{b="c_d{"}[5m])) / on (e) f > bool 1 or vector(0)')).toEqual([
    'a_total',
    'f',
  ]);
});

test('a certificate of two days is not due for renewal all its life', () => {
  const [certificates] = queries.filter(({ query }) => query.includes('certmanager_'));
  // How long that is differs from one certificate to the next: the time of renewal is what they have in common.
  expect(metricsIn(certificates!.query)).toEqual(['certmanager_certificate_renewal_timestamp_seconds']);
});

test('counters are asked for their rate, over the interval that fits the zoom', () => {
  const counters = queries.filter(({ query }) => /_total\b/.test(query));
  expect(counters.length).toBeGreaterThan(30);
  const wrong = counters.filter(
    ({ query }) => !/(rate|increase)\(|^.* count by /.test(query) || /\[\d+[sm]\]/.test(query),
  );
  expect(wrong).toEqual([]);
});

test('a dashboard shows between four and thirty panels', () => {
  for (const name of Object.keys(dashboards)) {
    const own = panels.filter((panel) => panel.name === name);
    expect([name, own.length >= 4 && own.length <= 30]).toEqual([name, true]);
    expect(new Set(own.map(({ title }) => title)).size).toBe(own.length);
  }
});
