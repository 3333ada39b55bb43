import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import type { OtlpReceiver } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { charts } from '../versions.ts';
import { collectorAlerts } from './alerts.ts';
import { LOKI } from './loki.ts';
import { PROMETHEUS } from './monitoring.ts';
import { part } from './part.ts';
import { pods } from './room.ts';
import { tempoOtlp } from './tempo.ts';

export interface CollectorFacts {
  /** Percent of traces that are sent on, whole traces each. @default 10 */
  readonly sampling?: number;
  /**
   * Where traces go: the platform's Tempo, or whoever takes OTLP over gRPC, such as Jaeger, by its address.
   * @default - nowhere; the pipeline is there, and counts them
   */
  readonly traces?: 'tempo' | { readonly endpoint: string };
  /** Whether logs go to the platform's Loki. @default true */
  readonly logs?: boolean;
}

const NAME = 'opentelemetry-collector';

const IMAGE = 'ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-k8s';

const resources = { requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '1', memory: '512Mi' } };

/** For `Environment.otlp`: the one switch by which services send to the collector. */
export const collectorOtlp: OtlpReceiver = {
  endpoint: `http://${NAME}.${NAME}.svc:4317`,
  to: { namespace: NAME, labels: { 'app.kubernetes.io/name': NAME } },
  port: 4317,
};

/**
 * OpenTelemetry Collector as the gateway of all services: logs to Loki and metrics to Prometheus, both by OTLP over HTTP,
 * and traces. Every signal is first checked against the memory limit, so that senders are told to wait before the kernel
 * kills it. What it cannot hand on it keeps for five minutes, in memory.
 * @see https://opentelemetry.io/docs/collector/deploy/gateway/
 */
export function collector(app: App, crds: ChartRelease, { sampling = 10, traces, logs = true }: CollectorFacts) {
  const chart = part(app, NAME);
  if (!(sampling > 0 && sampling <= 100)) {
    refuse(chart, [`collector.sampling: ${sampling} is no percentage of traces; use one above 0, up to 100`]);
  }
  const target = traces === 'tempo' ? tempoOtlp : traces;
  new AlertRules(chart, 'alerts', { rules: collectorAlerts });
  return new ChartRelease(chart, NAME, {
    ...charts[NAME],
    values: {
      mode: 'deployment',
      image: { repository: IMAGE },
      command: { name: 'otelcol-k8s' },
      // It asks whose pod sent something.
      clusterRole: {
        create: true,
        rules: [
          { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['get', 'list', 'watch'] },
          { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list', 'watch'] },
        ],
      },
      // GOMEMLIMIT is set to 80 % of the limit by the chart.
      resources,
      // Instead of the chart's own, which would be added to: it listens for more than OTLP.
      alternateConfig: configOf({ sampling, logs, target }),
      ports: {
        'jaeger-compact': { enabled: false },
        'jaeger-thrift': { enabled: false },
        'jaeger-grpc': { enabled: false },
        zipkin: { enabled: false },
        metrics: { enabled: true },
      },
      podSecurityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      },
      serviceMonitor: { enabled: true },
    },
    uses: [crds],
    runs: [pods(NAME, 1, resources, [IMAGE])],
    provides: { objects: [{ kind: 'Service', namespace: NAME, name: NAME, ports: [4317, 4318, 8888] }] },
  });
}

/** Addresses are the pod's: by default it would listen to itself alone. The Collector puts in `${env:...}`. */
function configOf({ sampling, logs, target }: { sampling: number; logs: boolean; target?: { endpoint: string } }) {
  const at = (port: number) => `\${env:MY_POD_IP}:${port}`;
  const pipeline = (exporter: string, ...processors: string[]) => ({
    receivers: ['otlp'],
    processors: ['memory_limiter', 'k8s_attributes', ...processors, 'batch'],
    exporters: [exporter],
  });
  // By names that end as Prometheus' do, in `_total`: its own choice differs from version to version.
  const served = { host: '${env:MY_POD_IP}', port: 8888, without_type_suffix: false, without_units: false };

  return {
    extensions: { health_check: { endpoint: at(13133) } },
    receivers: { otlp: { protocols: { grpc: { endpoint: at(4317) }, http: { endpoint: at(4318) } } } },
    processors: {
      memory_limiter: { check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 25 },
      k8s_attributes: {
        extract: {
          metadata: [
            'k8s.namespace.name',
            'k8s.pod.name',
            'k8s.node.name',
            'k8s.deployment.name',
            'k8s.statefulset.name',
            'k8s.daemonset.name',
            'k8s.cronjob.name',
          ],
        },
        pod_association: [{ sources: [{ from: 'connection' }] }],
      },
      probabilistic_sampler: { sampling_percentage: sampling },
      batch: {},
    },
    exporters: {
      ...(logs && { 'otlp_http/loki': { endpoint: `${LOKI}/otlp` } }),
      'otlp_http/prometheus': { endpoint: `${PROMETHEUS}/api/v1/otlp` },
      ...(target && { 'otlp_grpc/traces': { endpoint: target.endpoint, tls: { insecure: true } } }),
      debug: {},
    },
    service: {
      extensions: ['health_check'],
      telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: served } } }] } },
      pipelines: {
        logs: pipeline(logs ? 'otlp_http/loki' : 'debug'),
        metrics: pipeline('otlp_http/prometheus'),
        traces: pipeline(target ? 'otlp_grpc/traces' : 'debug', 'probabilistic_sampler'),
      },
    },
  };
}
