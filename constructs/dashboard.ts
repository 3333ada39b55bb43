import { Construct, type IConstruct } from 'constructs';
import { KubeConfigMap } from '../imports/k8s.ts';
import { RELATION, type Relation, refuse } from '../imports/relations.ts';
import { type DashboardModel, modelOf } from './dashboard/model.ts';
import { labelsOf, namespaceOf } from './labels.ts';

/** Where a panel's numbers or lines are asked for: the uid of a data source of Grafana. */
export type DataSource = 'prometheus' | 'loki' | 'tempo';

export interface Panel {
  readonly title: string;
  /** Queries by the name that their series have in the legend: `{ '{{pod}}': 'rate(...)' }`. */
  readonly queries: Readonly<Record<string, string>>;
  /** @default prometheus */
  readonly from?: DataSource;
  /** `logs` shows lines, `stat` the last number of each series, `table` all of them. @default graph */
  readonly as?: 'graph' | 'stat' | 'table' | 'logs';
  /** As Grafana calls units: `bytes`, `percentunit`, `reqps`, `s`. @default short */
  readonly unit?: string;
  /** Of 24 columns. @default - 4 for a stat, 24 for logs, 8 for the rest */
  readonly width?: number;
}

export interface DashboardProps {
  readonly title: string;
  /** Name in Grafana's addresses: links and bookmarks to it stay right. @default - the construct's id */
  readonly uid?: string;
  /** What may be chosen above it, as `$name` in queries: label values, `{ namespace: 'label_values(up, namespace)' }`. @default - nothing */
  readonly variables?: Readonly<Record<string, string>>;
  /** By the title of their row, top down. */
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

/** Of the platform's Grafana, whose data sources are declared as provided by this kind. */
export const DATA_SOURCE = 'GrafanaDataSource';

/**
 * A dashboard of Grafana: ConfigMap with the label by which Grafana's sidecar finds it in every namespace. Refuses a uid
 * that is another dashboard's, no rows, a panel without a query, a variable that is not there or not used, and a data
 * source that the cluster's Grafana does not have.
 * @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
export class Dashboard extends Construct {
  readonly uid: string;

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { uid = id } = props;
    this.uid = uid;
    const model: DashboardModel = modelOf(uid, props);

    new KubeConfigMap(this, 'config-map', {
      metadata: {
        name: id,
        namespace: namespaceOf(this),
        labels: { ...labelsOf(this, id), grafana_dashboard: '1' },
      },
      data: { [`${uid}.json`]: `${JSON.stringify(model, null, 2)}\n` },
    });
    refuse(this, problems(uid, props));
    // Others may be constructed later.
    this.node.addValidation({ validate: () => [...this.alike(), ...this.strangers(props)] });
  }

  private alike(): string[] {
    const others = surveyOf(this.node.root)
      .dashboards.get(this.uid)!
      .filter((other) => other !== this);
    return others.map(
      ({ node }) => `uid: ${this.uid} is also that of ${node.path}, Grafana shows one of them; rename one`,
    );
  }

  private strangers({ rows }: DashboardProps): string[] {
    const { sources } = surveyOf(this.node.root);
    if (!sources.size) return [];
    return Object.values(rows)
      .flat()
      .filter(({ from = 'prometheus' }) => !sources.has(from))
      .map(
        ({ title, from }) =>
          `${title}: Grafana has no data source ${from}, only ${[...sources].join(', ')}; add that part of the platform, or ask another`,
      );
  }
}

interface Survey {
  readonly dashboards: ReadonlyMap<string, readonly Dashboard[]>;
  readonly sources: ReadonlySet<string>;
}

const surveys = new WeakMap<IConstruct, Survey>();

/** What the whole app has, read once: validation begins when all is constructed. */
function surveyOf(root: IConstruct): Survey {
  const known = surveys.get(root);
  if (known) return known;
  const dashboards = new Map<string, Dashboard[]>();
  const sources = new Set<string>();
  for (const construct of root.node.findAll()) {
    if (construct instanceof Dashboard) {
      dashboards.set(construct.uid, [...(dashboards.get(construct.uid) ?? []), construct]);
    }
    for (const { type, data } of construct.node.metadata) {
      if (type !== RELATION) continue;
      for (const { kind, name } of (data as Relation).provides?.objects ?? []) {
        if (kind === DATA_SOURCE) sources.add(name);
      }
    }
  }
  const survey = { dashboards, sources };
  surveys.set(root, survey);
  return survey;
}

function problems(uid: string, { rows, variables = {} }: DashboardProps): string[] {
  const panels = Object.values(rows).flat();
  const queries = panels.flatMap((panel) => Object.values(panel.queries));
  // Those of Grafana's own begin with two underscores.
  const used = new Set(queries.flatMap((query) => [...query.matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name!)));
  return [
    ...(/^[a-z0-9-]{1,40}$/.test(uid)
      ? []
      : [`uid: "${uid}" is no name in an address; use at most 40 of a-z, 0-9 and -`]),
    ...(panels.length ? [] : ['rows: no panel, nothing would be seen; add one']),
    ...panels
      .filter((panel) => !Object.values(panel.queries).some((query) => query.trim()))
      .map(({ title }) => `${title}: asks nothing; give it a query`),
    ...[...used]
      .filter((name) => !(name in variables))
      .map((name) => `variables: $${name} is asked for, but cannot be chosen; add it`),
    ...Object.keys(variables)
      .filter((name) => !used.has(name) && !Object.values(variables).some((query) => query.includes(`$${name}`)))
      .map((name) => `variables: no query asks for $${name}; use or remove it`),
  ];
}
