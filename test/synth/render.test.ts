import { describe, expect, test } from '@jest/globals';
import { ApiObject, type App, Chart } from 'cdk8s';
import { KubeConfigMap } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { Construct } from 'constructs';
import { declare, refuse, warn } from '../../imports/relations.ts';
import { render } from '../../synth/render.ts';

const system = (build: (chart: Chart) => void, i: number) => (app: App) =>
  build(new Chart(app, i ? `notifi-${i}` : 'notifi', { namespace: 'notifi', disableResourceNameHashes: true }));
const rendered = (...builds: ((chart: Chart) => void)[]) =>
  render({ name: 'studio', systems: builds.map(system) }, { greeting: 'hello' });
const configMap = (scope: Construct, id: string) =>
  new ApiObject(scope, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id } });

/** The line of the caller. */
const here = () => Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split('\n')[2]!)![1]);

describe('render', () => {
  test('names chart, unit, path and the line that made the unit, for nested objects too', () => {
    let line = 0;
    const { manifests } = rendered((chart) => {
      line = here() + 1;
      const unit = new Construct(chart, 'event-processor');
      configMap(unit, 'config');
    });
    expect(manifests).toEqual([
      {
        chart: 'notifi',
        unit: 'event-processor',
        path: 'notifi/event-processor/config',
        source: { file: 'test/synth/render.test.ts', line },
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config', namespace: 'notifi' } },
      },
    ]);
  });

  test('takes the objects of stock constructs as well, with the line that made them', () => {
    let line = 0;
    const { manifests } = rendered((chart) => {
      line = here() + 1;
      new KubeConfigMap(chart, 'stock', { metadata: { name: 'stock' }, data: { a: 'b' } });
    });
    expect(manifests).toMatchObject([
      { unit: 'stock', source: { line }, object: { kind: 'ConfigMap', data: { a: 'b' } } },
    ]);
  });

  test('hands over declared relations, with what is used as a path', () => {
    const { declared } = rendered((chart) => {
      const store = new Construct(chart, 'store');
      const service = new Construct(chart, 'service');
      declare(service, { uses: [store], layer: 'apps' });
    });
    expect(declared).toMatchObject([
      { path: 'notifi/service', unit: 'service', uses: ['notifi/store'], layer: 'apps' },
    ]);
  });

  test('reports what is refused of the app as a whole, by the name of its environment', () => {
    const { findings } = rendered((chart) => refuse(chart.node.root, ['domain: none; give one']));
    expect(findings).toMatchObject([{ rule: 'refused', object: 'studio', message: 'domain: none', fix: 'give one' }]);
  });

  test('reports every refusal and every chart that throws, at its line, and goes on with the rest', () => {
    let line = 0;
    const { findings, manifests } = rendered(
      (chart) =>
        refuse(configMap(chart, 'a'), [
          'replicas: 0 runs nothing, at least 1; remove the service instead',
          'size: unknown',
        ]),
      () => {
        line = here() + 1;
        throw new Error('the chart is broken');
      },
      (chart) => configMap(chart, 'b'),
    );
    expect(findings.map(({ source, message, fix }) => [message, fix, source?.line])).toEqual([
      ['the chart is broken', '', line],
      ['replicas: 0 runs nothing, at least 1', 'remove the service instead', expect.any(Number)],
      ['size: unknown', '', expect.any(Number)],
    ]);
    expect(manifests.map(({ path }) => path)).toEqual(['notifi/a', 'notifi-2/b']);
  });

  test('a chart that is there twice is told like any other construct', () => {
    const { findings } = rendered((chart) => new Chart(chart.node.root, chart.node.id));
    expect(findings).toMatchObject([
      { message: 'notifi: is there twice in studio', fix: 'give one of them another id' },
    ]);
  });

  test('a warning is a finding, and the thing is rendered', () => {
    const { findings, manifests } = rendered((chart) =>
      warn(configMap(chart, 'a'), ['targets: all in this cluster; add one outside']),
    );
    expect(findings).toMatchObject([
      { severity: 'warning', message: 'targets: all in this cluster', fix: 'add one outside' },
    ]);
    expect(manifests).toHaveLength(1);
  });

  test('puts the context where constructs read it', () => {
    let greeting = '';
    rendered((chart) => {
      greeting = chart.node.getContext('greeting');
    });
    expect(greeting).toBe('hello');
  });
});
