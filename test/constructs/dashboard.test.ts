import { describe, expect, test } from '@jest/globals';
import { DATA_SOURCE, Dashboard, type DashboardProps, type Panel } from '../../constructs/dashboard.ts';
import { declare } from '../../imports/relations.ts';
import { render } from './render.ts';

const panel: Panel = { title: 'Up', queries: { '{{pod}}': 'up' } };
const minimal: DashboardProps = { title: 'Shop', rows: { Now: [panel] } };

const dashboard = (props: DashboardProps, sources: readonly string[] = []) => {
  const rendered = render((chart) => {
    if (sources.length) {
      declare(chart, { provides: { objects: sources.map((name) => ({ kind: DATA_SOURCE, name })) } });
    }
    new Dashboard(chart, 'shop', props);
  });
  const { data } = rendered.find('ConfigMap', 'shop');
  const [[file, text]] = Object.entries(data) as [[string, string]];
  return { ...rendered, file, model: JSON.parse(text) };
};

describe('Dashboard', () => {
  test("is a ConfigMap that Grafana's sidecar finds, with the bare model", () => {
    const { find, file, model, problems } = dashboard(minimal);
    expect(problems).toEqual([]);
    expect(find('ConfigMap', 'shop').metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(file).toBe('shop.json');
    expect(model).toMatchObject({ uid: 'shop', title: 'Shop' });
    expect(model.panels).toEqual([
      { id: 1, type: 'row', title: 'Now', collapsed: false, gridPos: { x: 0, y: 0, w: 24, h: 1 } },
      expect.objectContaining({
        id: 2,
        type: 'timeseries',
        title: 'Up',
        datasource: { type: 'prometheus', uid: 'prometheus' },
        targets: [{ refId: 'A', expr: 'up', legendFormat: '{{pod}}' }],
        gridPos: { x: 0, y: 1, w: 8, h: 8 },
      }),
    ]);
  });

  test('takes everything it may be given', () => {
    const whole: Required<Panel> = {
      title: 'Memory',
      queries: { used: 'sum(a{namespace=~"$namespace"})', limit: 'sum(b)' },
      from: 'prometheus',
      as: 'stat',
      unit: 'bytes',
      width: 6,
    };
    const props: Required<DashboardProps> = {
      title: 'Shop',
      uid: 'shop-now',
      variables: { namespace: 'label_values(up, namespace)' },
      rows: { Now: [whole], Logs: [{ title: 'Lines', from: 'loki', as: 'logs', queries: { lines: '{app="shop"}' } }] },
    };
    const { file, model, problems } = dashboard(props, ['prometheus', 'loki']);
    expect(problems).toEqual([]);
    expect(file).toBe('shop-now.json');
    expect(model.templating.list).toEqual([
      expect.objectContaining({
        name: 'namespace',
        query: { query: 'label_values(up, namespace)', refId: 'namespace' },
      }),
    ]);
    const [, memory, , lines] = model.panels;
    expect(memory).toMatchObject({
      type: 'stat',
      targets: [
        { refId: 'A', legendFormat: 'used', instant: true },
        { refId: 'B', legendFormat: 'limit', instant: true },
      ],
      fieldConfig: { defaults: { unit: 'bytes' } },
      gridPos: { x: 0, y: 1, w: 6, h: 4 },
    });
    expect(lines).toMatchObject({ type: 'logs', datasource: { uid: 'loki' }, gridPos: { x: 0, y: 6, w: 24 } });
  });

  test('lays panels out from left to right, and none over another', () => {
    const many = Array.from({ length: 7 }, (_, n) => ({ ...panel, title: `${n}`, width: n % 2 ? 10 : 6 }));
    const { model } = dashboard({ ...minimal, rows: { First: many, Second: many } });
    const places = model.panels.map(({ gridPos }: { gridPos: Record<'x' | 'y' | 'w' | 'h', number> }) => gridPos);
    for (const [index, { x, y, w, h }] of places.entries()) {
      expect(x + w).toBeLessThanOrEqual(24);
      for (const other of places.slice(index + 1)) {
        expect(x + w <= other.x || other.x + other.w <= x || y + h <= other.y || other.y + other.h <= y).toBe(true);
      }
    }
  });

  test.each<[string, DashboardProps, string]>([
    ['no panel', { ...minimal, rows: { Now: [] } }, 'rows: no panel, nothing would be seen; add one'],
    [
      'a panel that asks nothing',
      { ...minimal, rows: { Now: [{ title: 'Up', queries: { up: ' ' } }] } },
      'Up: asks nothing; give it a query',
    ],
    [
      'a uid that is no name in an address',
      { ...minimal, uid: 'Shop now' },
      'uid: "Shop now" is no name in an address; use at most 40 of a-z, 0-9 and -',
    ],
    [
      'a variable that cannot be chosen',
      { ...minimal, rows: { Now: [{ title: 'Up', queries: { up: 'rate(up{pod=~"$pod"}[$__rate_interval])' } }] } },
      'variables: $pod is asked for, but cannot be chosen; add it',
    ],
    [
      'a variable that nothing asks for',
      { ...minimal, variables: { pod: 'label_values(up, pod)' } },
      'variables: no query asks for $pod; use or remove it',
    ],
  ])('refuses %s', (_, props, problem) => {
    expect(dashboard(props).problems).toEqual([problem]);
  });

  test('refuses a data source that Grafana does not have', () => {
    const rows = { Now: [{ ...panel, from: 'loki' as const }] };
    expect(dashboard({ ...minimal, rows }, ['prometheus']).problems).toEqual([
      'Up: Grafana has no data source loki, only prometheus; add that part of the platform, or ask another',
    ]);
    expect(dashboard({ ...minimal, rows }, ['prometheus', 'loki']).problems).toEqual([]);
  });

  test('refuses the uid of another one, at both', () => {
    const { problems } = render((chart) => {
      new Dashboard(chart, 'shop', minimal);
      new Dashboard(chart, 'till', { ...minimal, uid: 'shop' });
    });
    expect(problems).toEqual([
      'uid: shop is also that of shop/till, Grafana shows one of them; rename one',
      'uid: shop is also that of shop/shop, Grafana shows one of them; rename one',
    ]);
  });
});
