import type { Environment, System } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { alloy } from './alloy.ts';
import { certManager } from './cert-manager.ts';
import { dashboardsOf, type StoreDashboard } from './dashboards.ts';
import { type ExternalSecretsFacts, externalSecrets } from './external-secrets.ts';
import { flux } from './flux.ts';
import { gatewayApi } from './gateway-api.ts';
import { type HarborFacts, harbor } from './harbor.ts';
import { k3sTraefik } from './k3s-traefik.ts';
import { type KnativeFacts, knative } from './knative.ts';
import { type LinkerdFacts, linkerd } from './linkerd.ts';
import { type LokiFacts, loki } from './loki.ts';
import { metricsServer } from './metrics-server.ts';
import { type MonitoringFacts, monitoring } from './monitoring.ts';
import { type NfsFacts, nfs } from './nfs.ts';
import { type CollectorFacts, collector, collectorOtlp } from './opentelemetry-collector.ts';
import { prometheusCrds } from './prometheus-crds.ts';
import { rabbitmq } from './rabbitmq.ts';
import { sealedSecrets } from './sealed-secrets.ts';
import { strimzi } from './strimzi.ts';
import { type TempoFacts, tempo, tempoOtlp } from './tempo.ts';
import { type TraefikFacts, traefik } from './traefik.ts';
import { trivyOperator } from './trivy-operator.ts';
import { trustManager } from './trust-manager.ts';
import { type VeleroFacts, velero } from './velero.ts';

export interface PlatformFacts extends MonitoringFacts {
  /** Who hears from Let's Encrypt about a certificate that was not renewed. */
  readonly email: string;
  /** A NAS, for StorageClass `nfs`. @default - none */
  readonly nfs?: NfsFacts;
  /** Operators of stores, by what they run: `{ rabbitmq: true, kafka: ['lab'] }`, Kafka's for brokers in these namespaces. @default - none */
  readonly operators?: { readonly rabbitmq?: boolean; readonly kafka?: readonly string[] };
  /** Stores that Grafana has a dashboard of, besides those of nodes, services and the platform. @default - none */
  readonly dashboards?: readonly StoreDashboard[];
  /** How Traefik is reached. @default - by a load balancer */
  readonly traefik?: TraefikFacts;
  /** Logs: `{ retention: '7d', storage: '20Gi' }`. @default - none */
  readonly loki?: LokiFacts;
  /** Ships what containers print to Loki. @default false */
  readonly logs?: boolean;
  /** Traces. @default - none */
  readonly tempo?: TempoFacts;
  /** The OpenTelemetry Collector, which `otlp: collectorOtlp` of the environment has services send to. @default - none */
  readonly collector?: CollectorFacts;
  /** Backups of the cluster's objects. @default - none */
  readonly velero?: VeleroFacts;
  /** Scans of what runs, by Trivy Operator. @default false */
  readonly trivy?: boolean;
  /** Secrets made of what Vault holds, or made up. @default - none */
  readonly externalSecrets?: ExternalSecretsFacts;
  /** A registry of one's own, on amd64 nodes. @default - none */
  readonly harbor?: HarborFacts;
  /** For clusters that bring no metrics-server. @default false */
  readonly metricsServer?: boolean;
  /** Gateway API's kinds; Linkerd has them along. @default - none */
  readonly gatewayApi?: true;
  /** The mesh, which the environment then has to be said to have. @default - none */
  readonly linkerd?: LinkerdFacts;
  /** Knative on RabbitMQ, whose operators it has along. @default - none */
  readonly knative?: KnativeFacts;
}

/** What every system of an environment stands on: ingress, certificates, sealed secrets, monitoring, alerting. */
export const platform =
  (facts: PlatformFacts): System =>
  (app, environment) => {
    const crds = prometheusCrds(app);
    sealedSecrets(app, crds);
    const certificates = certManager(app, crds, facts);
    const gateway = facts.gatewayApi || facts.linkerd ? gatewayApi(app) : undefined;
    const mesh =
      facts.linkerd &&
      linkerd(
        app,
        {
          monitors: crds,
          certManager: certificates,
          trustManager: trustManager(app, certificates),
          gatewayApi: gateway!,
        },
        facts.linkerd,
      );
    if (environment.ingress.bundled) k3sTraefik(app, crds);
    else traefik(app, crds, facts.traefik, mesh);
    monitoring(app, crds, facts, {
      loki: facts.loki !== undefined,
      tempo: facts.tempo !== undefined,
      pushed: facts.collector !== undefined,
    });
    flux(app, environment, facts);
    if (facts.nfs) nfs(app, facts.nfs);
    const messaging = facts.operators?.rabbitmq || facts.knative ? rabbitmq(app, certificates) : undefined;
    if (facts.knative) knative(app, messaging!, facts.knative);
    if (facts.operators?.kafka) strimzi(app, facts.operators.kafka);
    const logs = facts.loki && loki(app, crds, facts.loki);
    if (facts.logs && logs) alloy(app, crds, logs);
    if (facts.tempo) tempo(app, crds, facts.tempo);
    if (facts.collector) collector(app, crds, facts.collector);
    if (facts.velero) velero(app, crds, facts.velero);
    if (facts.trivy) trivyOperator(app, crds);
    if (facts.externalSecrets) externalSecrets(app, crds, facts.externalSecrets);
    if (facts.harbor) harbor(app, crds, facts.harbor);
    if (facts.metricsServer) metricsServer(app, crds);
    dashboardsOf(app, [
      'overview',
      'services',
      'nodes',
      ...(facts.loki ? (['logs'] as const) : []),
      ...(facts.collector ? (['opentelemetry-collector'] as const) : []),
      ...(facts.dashboards ?? []),
    ]);
    refuse(crds, problems(facts, environment));
  };

/** What one part needs of another, or of the environment. */
function problems(facts: PlatformFacts, { otlp, mesh }: Environment): string[] {
  const { loki, logs, tempo, collector } = facts;
  const sent = (by: string, to: string) => `platform: ${by} sends to ${to}, which is not there; give ${to} too`;
  return [
    ...(mesh === 'linkerd' && !facts.linkerd
      ? ["platform: the environment's mesh is linkerd, which is not there; give linkerd too"]
      : []),
    ...(mesh === 'none' && facts.linkerd
      ? ["platform: linkerd is there, but the environment has no mesh, and no pod gets a proxy; say mesh: 'linkerd'"]
      : []),
    ...(logs && !loki ? [sent('logs', 'loki')] : []),
    ...(collector && collector.logs !== false && !loki ? [`${sent('collector', 'loki')}, or logs: false`] : []),
    ...(collector?.traces === 'tempo' && !tempo ? [sent('collector', 'tempo')] : []),
    ...(otlp === collectorOtlp && !collector ? [sent('otlp of the environment', 'collector')] : []),
    ...(otlp === tempoOtlp && !tempo ? [sent('otlp of the environment', 'tempo')] : []),
  ];
}
