import type { App } from 'cdk8s';
import { Chart } from 'cdk8s';
import { Dashboard } from '../../constructs/dashboard.ts';
import { declare } from '../../imports/relations.ts';
import { kafka } from './dashboards/kafka.ts';
import { logs } from './dashboards/loki.ts';
import { mongodb } from './dashboards/mongodb.ts';
import { nodes } from './dashboards/nodes.ts';
import { openTelemetryCollector } from './dashboards/opentelemetry-collector.ts';
import { overview } from './dashboards/overview.ts';
import { postgresql } from './dashboards/postgresql.ts';
import { rabbitmq } from './dashboards/rabbitmq.ts';
import { redis } from './dashboards/redis.ts';
import { services } from './dashboards/services.ts';

/** Of stores: each shows all of its engine in the cluster, one namespace or store at choice. */
const ofStores = { postgresql, redis, rabbitmq, kafka, mongodb } as const;

export const dashboards = {
  overview,
  services,
  nodes,
  logs,
  'opentelemetry-collector': openTelemetryCollector,
  ...ofStores,
} as const;

export type StoreDashboard = keyof typeof ofStores;

/** Dashboards by name, in the chart `dashboards`; Grafana's sidecar reads them there. */
export function dashboardsOf(app: App, names: readonly (keyof typeof dashboards)[]) {
  const chart = new Chart(app, 'dashboards', { namespace: 'monitoring', disableResourceNameHashes: true });
  declare(chart, { platform: true });
  for (const name of names) new Dashboard(chart, name, dashboards[name]);
}
