import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { lokiAlerts } from './alerts.ts';
import { DAYS, refuseKept } from './kept.ts';
import { bucketOf, type ObjectsFacts } from './objects.ts';
import { part } from './part.ts';
import { onDisk, pods, room } from './room.ts';

export interface LokiFacts {
  /** How long logs are kept, whole days: `7d`. */
  readonly retention: string;
  /** Its volume: everything that is kept, or with `objects` what is not yet uploaded. */
  readonly storage: string;
  /** Where logs are kept. @default - on the volume */
  readonly objects?: ObjectsFacts;
}

/** Where logs go: pushed below /loki/api/v1/push, by OTLP over HTTP below /otlp; Grafana asks here too. */
export const LOKI = 'http://loki.loki.svc:3100';

/** What becomes a label of OTLP's resource attributes: what a query starts from, and nothing that every pod has another of. */
const indexed = [
  'service.name',
  'service.namespace',
  'deployment.environment.name',
  'k8s.namespace.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.cronjob.name',
  'k8s.container.name',
];

/**
 * Logs, in one program and one pod: while it restarts, shippers keep what they have and try again.
 * @see https://grafana.com/docs/loki/latest/get-started/deployment-modes/
 */
export function loki(app: App, crds: ChartRelease, { retention, storage, objects }: LokiFacts): ChartRelease {
  const chart = part(app, 'loki');
  const own = { namespace: 'loki', labels: { 'app.kubernetes.io/name': 'loki' } };
  const bucket = objects && bucketOf(chart, objects, own);
  const resources = room('100m', '256Mi', '1Gi');
  const kind = bucket ? 's3' : 'filesystem';
  refuseKept(chart, 'loki', { retention, storage }, DAYS);

  new AlertRules(chart, 'alerts', { rules: lokiAlerts });
  return new ChartRelease(chart, 'loki', {
    ...charts.loki,
    values: {
      deploymentMode: 'Monolithic',
      loki: {
        // One tenant; who may reach it may read it.
        auth_enabled: false,
        analytics: { reporting_enabled: false },
        // One member finds no others; asking for them would hold back its start.
        commonConfig: { replication_factor: 1, ring: { kvstore: { store: 'inmemory' } } },
        schemaConfig: {
          configs: [
            {
              from: '2024-04-01',
              store: 'tsdb',
              object_store: kind,
              // The first one with structured metadata, which OTLP needs.
              schema: 'v13',
              index: { prefix: 'loki_index_', period: '24h' },
            },
          ],
        },
        storage: bucket
          ? {
              type: kind,
              bucketNames: { chunks: bucket.name, ruler: bucket.name },
              // Keys come as variables.
              s3: {
                endpoint: bucket.host,
                region: bucket.region,
                insecure: bucket.insecure,
                s3ForcePathStyle: bucket.pathStyle,
              },
            }
          : { type: kind },
        limits_config: {
          retention_period: retention,
          // Older lines would be deleted at once.
          reject_old_samples_max_age: retention,
          allow_structured_metadata: true,
          otlp_config: {
            resource_attributes: {
              ignore_defaults: true,
              attributes_config: [{ action: 'index_label', attributes: indexed }],
            },
          },
        },
        // Nothing else deletes: neither the volume nor the bucket does.
        compactor: {
          working_directory: '/var/loki/compactor',
          retention_enabled: true,
          delete_request_store: kind,
        },
      },
      singleBinary: {
        replicas: 1,
        persistence: { size: storage },
        extraEnvFrom: bucket ? [{ secretRef: { name: bucket.credential.name } }] : [],
        resources,
        // With one pod a budget would block every drain.
        podDisruptionBudget: { enabled: false },
      },
      // The chart's defaults are for its other modes as well.
      write: { replicas: 0 },
      read: { replicas: 0 },
      backend: { replicas: 0 },
      // Its caches and proxy are for many pods, and the smallest cache takes gigabytes.
      chunksCache: { enabled: false },
      resultsCache: { enabled: false },
      gateway: { enabled: false },
      // Rules are Prometheus' here.
      ruler: { enabled: false },
      sidecar: { rules: { enabled: false } },
      lokiCanary: { enabled: false },
      test: { enabled: false },
      monitoring: { serviceMonitor: { enabled: true } },
    },
    uses: bucket ? [crds, bucket.construct] : [crds],
    runs: [pods('loki', 1, resources, ['docker.io/grafana/loki'], onDisk(chart, storage))],
    provides: { objects: [{ kind: 'Service', namespace: 'loki', name: 'loki', ports: [3100, 'http-metrics'] }] },
  });
}
