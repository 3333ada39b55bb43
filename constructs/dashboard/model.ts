import type { DashboardProps, DataSource, Panel } from '../dashboard.ts';

// Grafana's JSON, of the fields that are not its defaults.

/** What Grafana 13 reads without migrating. */
const SCHEMA = 41;

/** Columns of a row, and the height of a line of panels. */
const COLUMNS = 24;
const HEIGHT = { stat: 4, graph: 8, table: 8, logs: 12 } as const;
const WIDTH = { stat: 4, graph: 8, table: 8, logs: 24 } as const;

const TYPES = { graph: 'timeseries', stat: 'stat', table: 'table', logs: 'logs' } as const;

type Json = Readonly<Record<string, unknown>>;

export interface DashboardModel {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Json[];
  readonly templating: { readonly list: readonly Json[] };
}

export function modelOf(uid: string, { title, variables = {}, rows }: DashboardProps): DashboardModel & Json {
  return {
    uid,
    title,
    schemaVersion: SCHEMA,
    // Provisioned ones cannot be saved; the way to change one is here.
    editable: false,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: Object.entries(variables).map(variable) },
    panels: laidOut(rows),
  };
}

const source = (uid: DataSource) => ({ type: uid, uid });

const variable = ([name, query]: [string, string]) => ({
  name,
  type: 'query',
  datasource: source('prometheus'),
  query: { query, refId: name },
  // When time moves on, what there is to choose does too.
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
  sort: 1,
});

/** Rows one below the other, panels from left to right until one does not fit. */
function laidOut(rows: DashboardProps['rows']): Json[] {
  const panels: Json[] = [];
  let y = 0;
  for (const [title, members] of Object.entries(rows)) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    let [x, tallest] = [0, 0];
    for (const panel of members) {
      const { as = 'graph', width: w = WIDTH[as] } = panel;
      if (x + w > COLUMNS) {
        y += tallest;
        [x, tallest] = [0, 0];
      }
      const h = HEIGHT[as];
      panels.push({ id: panels.length + 1, ...panelOf(panel), gridPos: { x, y, w, h } });
      x += w;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return panels;
}

function panelOf({ title, queries, from = 'prometheus', as = 'graph', unit = 'short' }: Panel): Json {
  const last = as === 'stat' || as === 'table';
  return {
    type: TYPES[as],
    title,
    datasource: source(from),
    targets: Object.entries(queries).map(([legend, expr], index) => ({
      refId: String.fromCharCode(65 + index),
      expr,
      ...(as === 'logs' ? {} : { legendFormat: legend }),
      ...(last ? { instant: true, ...(as === 'table' && { format: 'table' }) } : {}),
    })),
    ...(as !== 'logs' && {
      fieldConfig: {
        defaults: { unit, ...(as === 'graph' && { min: 0, custom: { fillOpacity: 10 } }) },
        overrides: [],
      },
    }),
    ...(as === 'stat' && { options: { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'none' } }),
  };
}
