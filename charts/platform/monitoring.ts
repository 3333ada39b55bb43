import type { App } from 'cdk8s';
import type { Construct } from 'constructs';
import { AlertReceivers, type AlertReceiversProps } from '../../constructs/alertmanager.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { Credential } from '../../constructs/credential.ts';
import { DATA_SOURCE } from '../../constructs/dashboard.ts';
import { hostProblems } from '../../constructs/ingress.ts';
import { issuedBy } from '../../constructs/issued-by.ts';
import { amountOf } from '../../constructs/sizes.ts';
import { environmentOf } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { charts } from '../versions.ts';
import { PROMETHEUS_TIME, refuseKept } from './kept.ts';
import { LOKI } from './loki.ts';
import { part } from './part.ts';
import { onDisk, pods, room } from './room.ts';
import { TEMPO } from './tempo.ts';

export interface MonitoringFacts {
  readonly alerts: AlertReceiversProps;
  readonly monitoring: {
    /** How long Prometheus keeps samples: `15d`. */
    readonly retention: string;
    /** Its volume, of the default storage class: `50Gi`. Prometheus deletes the oldest before it is full. */
    readonly storage: string;
    /** Its memory, `{ request: '400Mi', limit: '1Gi' }`. @default - 1Gi to 3Gi */
    readonly memory?: { readonly request: string; readonly limit: string };
    /** Grafana's host name, reached through the environment's ingress. @default - none, `kubectl port-forward` */
    readonly grafana?: string;
    /** Which DNS the cluster runs: both have the same labels, but other metrics. */
    readonly dns: 'coreDns' | 'kubeDns';
  };
}

/** What else Grafana shows, and whether metrics are pushed too. */
export interface Telemetry {
  readonly loki: boolean;
  readonly tempo: boolean;
  /** By OTLP, as the collector does. */
  readonly pushed: boolean;
}

export const PROMETHEUS = 'http://kube-prometheus-stack-prometheus.monitoring.svc:9090';

/** Prometheus, Alertmanager and Grafana; every ServiceMonitor, PodMonitor and PrometheusRule of the cluster counts. */
export function monitoring(app: App, crds: ChartRelease, facts: MonitoringFacts, telemetry: Telemetry) {
  const { retention, storage, dns, memory = { request: '1Gi', limit: '3Gi' }, grafana: host } = facts.monitoring;
  const server = room('200m', memory.request, memory.limit);
  // The node exporter reads the machine itself, which no lesser level allows.
  const chart = part(app, 'monitoring', { podSecurity: 'privileged' });
  refuseKept(chart, 'monitoring', { retention, storage }, PROMETHEUS_TIME);
  if (host !== undefined) refuse(chart, hostProblems(host, 'monitoring.grafana'));
  const receivers = new AlertReceivers(chart, 'alert-receivers', facts.alerts);
  const grafana = new Credential(chart, 'grafana-admin', {
    keys: { 'admin-user': 'given', 'admin-password': { length: 32 } },
  });

  new ChartRelease(chart, 'kube-prometheus-stack', {
    ...charts['kube-prometheus-stack'],
    values: {
      crds: { enabled: false },
      // Their endpoints are out of reach on a managed control plane and on k3s: alerts about them would never stop.
      kubeControllerManager: { enabled: false },
      kubeScheduler: { enabled: false },
      kubeEtcd: { enabled: false },
      kubeProxy: { enabled: false },
      coreDns: { enabled: dns === 'coreDns' },
      kubeDns: { enabled: dns === 'kubeDns' },
      alertmanager: {
        config: receivers.config,
        alertmanagerSpec: {
          replicas: 2,
          resources: sizes.alertmanager,
          secrets: [receivers.credential.name],
          storage: volume('1Gi'),
        },
      },
      prometheusOperator: { resources: sizes.operator },
      'kube-state-metrics': { resources: sizes.kubeStateMetrics },
      'prometheus-node-exporter': { resources: sizes.nodeExporter },
      grafana: {
        resources: sizes.grafana,
        sidecar: { resources: sizes.sidecar },
        admin: { existingSecret: grafana.name, userKey: 'admin-user', passwordKey: 'admin-password' },
        additionalDataSources: dataSources(telemetry),
        ingress: host && ingressOf(chart, host),
      },
      prometheus: {
        prometheusSpec: {
          retention,
          retentionSize: `${Math.floor((amountOf(storage) * 0.85) / 2 ** 20)}MiB`,
          storageSpec: volume(storage),
          resources: server,
          ...(telemetry.pushed && {
            enableOTLPReceiver: true,
            otlp: { promoteResourceAttributes: promoted },
            // What is pushed comes in batches, of several pods at once.
            tsdb: { outOfOrderTimeWindow: '10m' },
          }),
          // Nil selectors of the chart mean "labelled with this release"; false makes them mean all.
          ruleSelectorNilUsesHelmValues: false,
          serviceMonitorSelectorNilUsesHelmValues: false,
          podMonitorSelectorNilUsesHelmValues: false,
          probeSelectorNilUsesHelmValues: false,
          scrapeConfigSelectorNilUsesHelmValues: false,
        },
      },
    },
    uses: [crds, receivers.credential, grafana],
    runs: [
      pods('prometheus', 1, server, [`${PROMETHEUS_IMAGES}/prometheus`, RELOADER], onDisk(chart, storage)),
      pods(
        'alertmanager',
        2,
        sizes.alertmanager,
        [`${PROMETHEUS_IMAGES}/alertmanager`, RELOADER],
        onDisk(chart, '1Gi'),
      ),
      // With a sidecar for dashboards and one for data sources.
      pods('grafana', 1, room('70m', '352Mi', '896Mi'), [
        'docker.io/grafana/grafana',
        'docker.io/kiwigrid/k8s-sidecar',
      ]),
      pods('prometheus-operator', 1, sizes.operator, ['quay.io/prometheus-operator/prometheus-operator']),
      pods('kube-state-metrics', 1, sizes.kubeStateMetrics, ['registry.k8s.io/kube-state-metrics/kube-state-metrics']),
      pods('prometheus-node-exporter', 'every-node', sizes.nodeExporter, [`${PROMETHEUS_IMAGES}/node-exporter`], {
        everywhere: true,
      }),
    ],
    provides: {
      objects: [
        service('kube-prometheus-stack-prometheus', 9090, 'http-web'),
        service('kube-prometheus-stack-alertmanager', 9093, 'http-web'),
        service('kube-prometheus-stack-grafana', 80, 'http-web'),
        ...['prometheus', ...dataSources(telemetry).map(({ uid }) => uid)].map((name) => ({ kind: DATA_SOURCE, name })),
      ],
    },
  });
}

/** Resource attributes that are labels of every series; the rest can be joined from target_info. */
const promoted = [
  'service.namespace',
  'service.name',
  'deployment.environment.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
];

/** Their uids are what dashboards refer to; Prometheus' own is the chart's, `prometheus`. */
const dataSources = ({ loki, tempo }: Telemetry) => [
  ...(loki
    ? [
        {
          name: 'Loki',
          uid: 'loki',
          type: 'loki',
          access: 'proxy',
          url: LOKI,
          jsonData: {
            // From a line to its trace. Grafana replaces $ itself, so it is there twice.
            derivedFields: tempo
              ? [
                  {
                    name: 'trace',
                    matcherType: 'label',
                    matcherRegex: 'trace_id',
                    datasourceUid: 'tempo',
                    url: '$${__value.raw}',
                  },
                ]
              : [],
          },
        },
      ]
    : []),
  ...(tempo
    ? [
        {
          name: 'Tempo',
          uid: 'tempo',
          type: 'tempo',
          access: 'proxy',
          url: TEMPO,
          jsonData: loki
            ? {
                tracesToLogsV2: {
                  datasourceUid: 'loki',
                  filterByTraceID: true,
                  tags: [{ key: 'service.name', value: 'service_name' }],
                },
              }
            : {},
        },
      ]
    : []),
];

function ingressOf(scope: Construct, host: string) {
  const { ingress } = environmentOf(scope);
  return {
    enabled: true,
    ingressClassName: ingress.class,
    annotations: issuedBy(scope),
    hosts: [host],
    tls: [{ secretName: 'grafana-tls', hosts: [host] }],
  };
}

const service = (name: string, ...ports: (number | string)[]) => ({
  kind: 'Service',
  namespace: 'monitoring',
  name,
  ports,
});

const PROMETHEUS_IMAGES = 'quay.io/prometheus';
const RELOADER = 'quay.io/prometheus-operator/prometheus-config-reloader';

const sizes = {
  alertmanager: room('10m', '64Mi', '128Mi'),
  operator: room('20m', '64Mi', '256Mi'),
  kubeStateMetrics: room('10m', '64Mi', '256Mi'),
  nodeExporter: room('20m', '32Mi', '96Mi'),
  grafana: room('50m', '192Mi', '512Mi'),
  sidecar: room('10m', '80Mi', '192Mi'),
};

const volume = (storage: string) => ({
  volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } },
});
