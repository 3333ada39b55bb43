import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import lab from '../../charts/environments/lab.ts';
import studio from '../../charts/environments/studio.ts';
import { collectorAlerts } from '../../charts/platform/alerts.ts';
import { platform } from '../../charts/platform/platform.ts';
import { type Bed, startBed } from '../cluster/bed.ts';
import { waitFor } from '../cluster/client.ts';
import { Processes } from '../cluster/processes.ts';
import { everyEnvironment, type Plain, rendered } from '../systems/environment.ts';
import { facts } from '../systems/meshed.ts';
import {
  type CollectorValues,
  configFile,
  Receiver,
  send,
  startCollector,
  startTranslator,
  validate,
} from './collector.ts';

const NAME = 'opentelemetry-collector';

/** What an environment gives to the chart; undefined where it has no Collector. */
function valuesOf(environment: Plain): CollectorValues | undefined {
  const { objects } = rendered(environment);
  return objects.find(({ kind, metadata }) => kind === 'HelmRelease' && metadata.name === NAME)?.spec.values;
}

const folder = mkdtempSync(join(tmpdir(), 'collector-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('its own program takes the configuration of', () => {
  function accept(name: string, values: CollectorValues) {
    const [program, ...args] = validate(configFile(folder, name, values.alternateConfig));
    // Prints what is wrong, and ends with 1.
    execFileSync(program!, args, { env: { MY_POD_IP: '127.0.0.1' }, encoding: 'utf8' });
  }

  test('every environment that has one', async () => {
    const all = (await everyEnvironment()).map((each) => [each.name, valuesOf(each)] as const);
    const having = all.filter(([, values]) => values);
    expect(having.map(([name]) => name)).toEqual(expect.arrayContaining(['homelab', 'studio']));
    for (const [name, values] of having) accept(name, values!);
  });

  test('one with Jaeger and without logs', () => {
    const collector = { traces: { endpoint: 'http://jaeger.jaeger.svc:4317' }, logs: false, sampling: 100 };
    accept('jaeger', valuesOf({ ...lab, otlp: undefined, systems: [platform({ ...facts, collector })] })!);
  });

  test('none with a processor that there is not', () => {
    const values = structuredClone(valuesOf(studio)!) as Plain;
    values.alternateConfig.service.pipelines.logs.processors.push('nobody');
    expect(() => accept('wrong', values)).toThrow('references processor "nobody" which is not configured');
  });
});

describe('as studio has it', () => {
  const values = valuesOf(studio)!;
  // Addresses of loopback that no other run has.
  const at = (last: number) => `127.90.${process.pid % 250}.${last}`;
  const [collector, loki, prometheus, tempo, pod] = [at(1), at(2), at(3), at(4), at(5)];
  const post = (signal: string, body: object) => send(pod!, `http://${collector}:4318/v1/${signal}`, body);
  const [logs, metrics, traces] = [new Receiver(), new Receiver(), new Receiver()];
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  const scope = { name: 'test' };
  const log = (text: string) =>
    post('logs', {
      resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [{ body: { stringValue: text } }] }] }],
    });

  let bed: Bed;
  let processes: Processes;
  let name: string;
  beforeAll(async () => {
    bed = await startBed({ nodes: [{ name: 'node', cpu: '4', memory: '8Gi' }], crds: [] });
    processes = new Processes(bed.dir);
    await bed.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'shop', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { app: 'shop' } },
          template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'shop', image: 'shop' }] } },
        },
      },
    ]);
    const running = await waitFor('a pod that sends', async () =>
      (await bed.list('pods')).find(({ status }) => status.phase === 'Running'),
    );
    name = running.metadata.name;
    const patch = JSON.stringify({ status: { podIP: pod, podIPs: [{ ip: pod }] } });
    const which = ['pod', name, '--namespace=shop'];
    await bed.kubectl(['patch', ...which, '--subresource=status', '--type=merge', `--patch=${patch}`]);

    await logs.listen(loki!, 3100);
    await metrics.listen(prometheus!, 9090);
    await traces.listen(tempo!, 4318);
    await startTranslator(folder, processes, { address: tempo!, to: `http://${tempo}:4318` });
    const names = {
      'loki.loki.svc': loki!,
      'kube-prometheus-stack-prometheus.monitoring.svc': prometheus!,
      'tempo.tempo.svc': tempo!,
    };
    await startCollector(bed, processes, values, { address: collector!, names });
  });
  afterAll(async () => {
    for (const receiver of [logs, metrics, traces]) receiver.close();
    await processes?.stop();
    await bed?.stop();
  });

  test('says of each line whose it is: it reads pods and their owners with the rights that it is given', async () => {
    await waitFor('a line with its pod', async () => {
      expect(await log('hello')).toBe(200);
      return logs.has('/otlp/v1/logs', 'hello', 'k8s.pod.name', name);
    });
    for (const [key, value] of Object.entries({ namespace: 'shop', deployment: 'shop', node: 'node' })) {
      expect([key, logs.has('/otlp/v1/logs', 'hello', `k8s.${key}.name`, value)]).toEqual([key, true]);
    }
  });

  test('sends metrics to Prometheus as it takes OTLP', async () => {
    const dataPoints = [{ asInt: '1', timeUnixNano: `${Date.now()}000000` }];
    const metric = { name: 'orders', gauge: { dataPoints } };
    expect(
      await post('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: [metric] }] }] }),
    ).toBe(200);
    await waitFor('the metric', async () => metrics.has('/api/v1/otlp/v1/metrics', 'orders', 'shop'));
  });

  test('sends a tenth of the traces to Tempo, and those whole', async () => {
    const ids = Array.from({ length: 2000 }, (_, index) => createId(index));
    for (const part of ['front', 'back']) {
      const spans = ids.map((traceId) => ({
        traceId,
        spanId: createId(ids.length).slice(16),
        name: part,
        startTimeUnixNano: '1',
        endTimeUnixNano: '2',
      }));
      expect(await post('traces', { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] })).toBe(200);
    }
    const namesById = () => {
      const seen = new Map<string, string[]>();
      for (const { body } of traces.received) {
        for (const { scopeSpans } of JSON.parse(body.toString()).resourceSpans) {
          for (const { traceId, name: of } of scopeSpans.flatMap(({ spans }: Plain) => spans)) {
            seen.set(traceId, [...(seen.get(traceId) ?? []), of]);
          }
        }
      }
      return seen;
    };
    await waitFor('both halves of the traces', async () => {
      const seen = [...namesById().values()];
      return seen.length > 0 && seen.every((parts) => parts.sort().join() === 'back,front');
    });
    expect(namesById().size / ids.length).toBeGreaterThan(0.07);
    expect(namesById().size / ids.length).toBeLessThan(0.13);
  });

  const metricsOf = async () => (await fetch(`http://${collector}:8888/metrics`)).text();

  test('keeps lines while Loki is away', async () => {
    logs.status = 503;
    expect(await log('kept')).toBe(200);
    await waitFor('it is tried in vain', async () => logs.refused > 0);
    expect(logs.has('/otlp/v1/logs', 'kept')).toBe(false);
    logs.status = 200;
    await waitFor('the line', async () => logs.has('/otlp/v1/logs', 'kept'));
  });

  test('counts what it loses by the names that the alerts ask for', async () => {
    logs.status = 400;
    expect(await log('refused')).toBe(200);
    const lost = 'otelcol_exporter_send_failed_log_records_total{';
    await waitFor('a line that is lost', async () =>
      (await metricsOf()).split('\n').some((line) => line.startsWith(lost) && line.includes('"otlp_http/loki"')),
    );
    // What has not happened has no series yet; what has, of the same family, is named alike.
    const asked = collectorAlerts.flatMap(({ expr }) => expr.match(/otelcol_\w+/g) ?? []);
    const happened = asked.map((metric) =>
      metric.replace(/send_failed|enqueue_failed/, 'sent').replace('refused', 'accepted'),
    );
    expect(asked).toContain(lost.slice(0, -1));
    expect((await metricsOf()).match(/^otelcol_\w+/gm)).toEqual(expect.arrayContaining(happened));
  });
});

/** 32 hexadecimal digits, well mixed, the same in every run. */
function createId(index: number): string {
  let state = (index + 1) >>> 0;
  return Array.from({ length: 4 }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state.toString(16).padStart(8, '0');
  }).join('');
}
