// Versions of everything that others make, one line each; nowhere else. Renovate reads the comment above a line.

/** Helm charts. Those with an `oci://` address come from an OCI registry, the others from a Helm repository. */
export const charts = {
  // renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/prometheus-operator-crds
  'prometheus-operator-crds': { from: 'oci://ghcr.io/prometheus-community/charts', version: '31.0.1' },
  // renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/kube-prometheus-stack
  'kube-prometheus-stack': { from: 'oci://ghcr.io/prometheus-community/charts', version: '88.5.3' },
  // renovate: datasource=docker depName=ghcr.io/traefik/helm/traefik
  traefik: { from: 'oci://ghcr.io/traefik/helm', version: '41.3.0' },
  // renovate: datasource=docker depName=quay.io/jetstack/charts/cert-manager
  'cert-manager': { from: 'oci://quay.io/jetstack/charts', version: 'v1.21.1' },
  // renovate: datasource=helm depName=sealed-secrets registryUrl=https://bitnami-labs.github.io/sealed-secrets
  'sealed-secrets': { from: 'https://bitnami-labs.github.io/sealed-secrets', version: '2.18.5' },
  // renovate: datasource=helm depName=csi-driver-nfs registryUrl=https://kubernetes-csi.github.io/csi-driver-nfs
  'csi-driver-nfs': { from: 'https://kubernetes-csi.github.io/csi-driver-nfs', version: '4.13.4' },
  // renovate: datasource=docker depName=quay.io/strimzi-helm/strimzi-kafka-operator
  'strimzi-kafka-operator': { from: 'oci://quay.io/strimzi-helm', version: '1.2.0' },
  // renovate: datasource=docker depName=ghcr.io/grafana-community/helm-charts/loki
  loki: { from: 'oci://ghcr.io/grafana-community/helm-charts', version: '18.11.0' },
  // renovate: datasource=docker depName=ghcr.io/grafana-community/helm-charts/tempo
  tempo: { from: 'oci://ghcr.io/grafana-community/helm-charts', version: '2.2.4' },
  // renovate: datasource=helm depName=alloy registryUrl=https://grafana.github.io/helm-charts
  alloy: { from: 'https://grafana.github.io/helm-charts', version: '1.11.1' },
  // renovate: datasource=helm depName=opentelemetry-collector registryUrl=https://open-telemetry.github.io/opentelemetry-helm-charts
  'opentelemetry-collector': { from: 'https://open-telemetry.github.io/opentelemetry-helm-charts', version: '0.170.0' },
  // renovate: datasource=helm depName=velero registryUrl=https://vmware-tanzu.github.io/helm-charts
  velero: { from: 'https://vmware-tanzu.github.io/helm-charts', version: '12.1.0' },
  // renovate: datasource=docker depName=ghcr.io/aquasecurity/helm-charts/trivy-operator
  'trivy-operator': { from: 'oci://ghcr.io/aquasecurity/helm-charts', version: '0.34.0' },
  // renovate: datasource=docker depName=ghcr.io/external-secrets/charts/external-secrets
  'external-secrets': { from: 'oci://ghcr.io/external-secrets/charts', version: '2.9.0' },
  // renovate: datasource=helm depName=harbor registryUrl=https://helm.goharbor.io
  harbor: { from: 'https://helm.goharbor.io', version: '1.19.1' },
  // renovate: datasource=helm depName=metrics-server registryUrl=https://kubernetes-sigs.github.io/metrics-server
  'metrics-server': { from: 'https://kubernetes-sigs.github.io/metrics-server', version: '3.13.1' },
  // renovate: datasource=docker depName=quay.io/jetstack/charts/trust-manager
  'trust-manager': { from: 'oci://quay.io/jetstack/charts', version: 'v0.25.0' },
  // renovate: datasource=helm depName=linkerd-crds registryUrl=https://helm.linkerd.io/edge
  'linkerd-crds': { from: 'https://helm.linkerd.io/edge', version: '2026.6.3' },
  // renovate: datasource=helm depName=linkerd2-cni registryUrl=https://helm.linkerd.io/edge
  'linkerd2-cni': { from: 'https://helm.linkerd.io/edge', version: '2026.6.3' },
  // renovate: datasource=helm depName=linkerd-control-plane registryUrl=https://helm.linkerd.io/edge
  'linkerd-control-plane': { from: 'https://helm.linkerd.io/edge', version: '2026.6.3' },
  // renovate: datasource=helm depName=linkerd-viz registryUrl=https://helm.linkerd.io/edge
  'linkerd-viz': { from: 'https://helm.linkerd.io/edge', version: '2026.6.3' },
  // renovate: datasource=helm depName=knative-operator registryUrl=https://knative.github.io/operator
  'knative-operator': { from: 'https://knative.github.io/operator', version: '1.23.0' },
} as const;

/** What is installed by the manifests in its repository, at a tag. */
export const sources = {
  // renovate: datasource=github-tags depName=rabbitmq/cluster-operator
  'cluster-operator': { from: 'https://github.com/rabbitmq', version: 'v2.22.3' },
  // renovate: datasource=github-tags depName=rabbitmq/messaging-topology-operator
  'messaging-topology-operator': { from: 'https://github.com/rabbitmq', version: 'v1.20.1' },
  // renovate: datasource=github-tags depName=kubernetes-sigs/gateway-api
  'gateway-api': { from: 'https://github.com/kubernetes-sigs', version: 'v1.5.1' },
  // renovate: datasource=github-releases depName=knative-extensions/eventing-rabbitmq extractVersion=^knative-(?<version>.+)$
  'eventing-rabbitmq': { from: 'https://github.com/knative-extensions', version: 'v1.22.1' },
} as const;

/** Images; `pg_dump` has to be of the server's major version or later, and of the one a dump is restored to. */
export const images = {
  // renovate: datasource=docker depName=docker.io/library/postgres versioning=regex:^15\.(?<minor>\d+)-bookworm$
  postgres15: 'docker.io/library/postgres:15.18-bookworm',
  // renovate: datasource=docker depName=docker.io/library/postgres versioning=regex:^16\.(?<minor>\d+)-bookworm$
  postgres16: 'docker.io/library/postgres:16.15-bookworm',
  // renovate: datasource=docker depName=docker.io/library/postgres versioning=regex:^17\.(?<minor>\d+)-bookworm$
  postgres17: 'docker.io/library/postgres:17.11-bookworm',
  // renovate: datasource=docker depName=docker.io/library/postgres versioning=regex:^18\.(?<minor>\d+)-bookworm$
  postgres18: 'docker.io/library/postgres:18.6-bookworm',
  // renovate: datasource=docker depName=ghcr.io/zalando/spilo-17
  spilo: 'ghcr.io/zalando/spilo-17:4.0-p3',
  // renovate: datasource=docker depName=ghcr.io/zalando/spilo-18
  spilo18: 'ghcr.io/zalando/spilo-18:4.1-p2',
  // renovate: datasource=docker depName=quay.io/prometheuscommunity/postgres-exporter
  postgresExporter: 'quay.io/prometheuscommunity/postgres-exporter:v0.20.1',
  // renovate: datasource=docker depName=docker.io/edoburu/pgbouncer
  pgbouncer: 'docker.io/edoburu/pgbouncer:v1.25.2-p0',
  // renovate: datasource=docker depName=docker.io/library/redis versioning=regex:^7\.(?<minor>\d+)\.(?<patch>\d+)-bookworm$
  redis: 'docker.io/library/redis:7.4.11-bookworm',
  // renovate: datasource=docker depName=docker.io/oliver006/redis_exporter
  redisExporter: 'docker.io/oliver006/redis_exporter:v1.74.0',
  // renovate: datasource=docker depName=docker.io/library/haproxy versioning=regex:^3\.2\.(?<patch>\d+)$
  haproxy: 'docker.io/library/haproxy:3.2.4',
  // renovate: datasource=docker depName=docker.io/library/mongo versioning=regex:^7\.0\.(?<patch>\d+)$
  mongo: 'docker.io/library/mongo:7.0.40',
  // renovate: datasource=docker depName=docker.io/percona/mongodb_exporter
  mongodbExporter: 'docker.io/percona/mongodb_exporter:0.53.0',
  // Docker Hub deleted it in September 2026; there will be no other, see constructs/stores/minio.ts.
  // renovate: datasource=docker depName=quay.io/minio/minio
  minio: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z',
  // renovate: datasource=docker depName=docker.io/apache/kafka
  kafka: 'docker.io/apache/kafka:4.3.1',
  // renovate: datasource=docker depName=docker.io/danielqsj/kafka-exporter
  kafkaExporter: 'docker.io/danielqsj/kafka-exporter:v1.9.0',
  // renovate: datasource=docker depName=docker.io/library/rabbitmq versioning=regex:^4\.(?<minor>\d+)\.(?<patch>\d+)-management$
  rabbitmq: 'docker.io/library/rabbitmq:4.3.4-management',
  // renovate: datasource=docker depName=docker.io/hashicorp/vault
  vault: 'docker.io/hashicorp/vault:1.21.4',
  // renovate: datasource=docker depName=ghcr.io/apollographql/router
  apolloRouter: 'ghcr.io/apollographql/router:v2.13.1',
  // renovate: datasource=docker depName=docker.io/alpine/openssl
  openssl: 'docker.io/alpine/openssl:3.5.4',
  // renovate: datasource=docker depName=docker.io/qdrant/qdrant
  qdrant: 'docker.io/qdrant/qdrant:v1.19.0',
  // renovate: datasource=docker depName=docker.io/curlimages/curl
  curl: 'docker.io/curlimages/curl:8.17.0',
  // renovate: datasource=docker depName=docker.io/rclone/rclone
  rclone: 'docker.io/rclone/rclone:1.75.1',
  // renovate: datasource=docker depName=docker.io/velero/velero-plugin-for-aws
  veleroPluginForAws: 'docker.io/velero/velero-plugin-for-aws:v1.13.1',
  // renovate: datasource=docker depName=docker.io/n8nio/n8n
  n8n: 'docker.io/n8nio/n8n:2.38.7',
} as const;

/** What the machines run. */
export const hosts = {
  // renovate: datasource=github-releases depName=k3s-io/k3s versioning=regex:^v1\.34\.(?<patch>\d+)\+k3s(?<build>\d+)$
  k3s: { from: 'https://github.com/k3s-io', version: 'v1.34.9+k3s1' },
} as const;
