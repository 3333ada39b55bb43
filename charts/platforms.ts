import type { Platforms } from '../imports/environment.ts';

/**
 * The architectures that images of others exist for, one line each by repository, so that a new tag changes nothing here.
 * Above it stands who says so: the build files of the project, or the registry, which `npm run platforms` asks. Architectures
 * that no node can have are left out.
 */
export const platforms: Platforms = {
  // https://github.com/linkerd/linkerd2-proxy-init/blob/main/.github/workflows/release-cni-plugin.yml
  'cr.l5d.io/linkerd/cni-plugin': ['amd64', 'arm64'],
  // https://github.com/linkerd/linkerd2/blob/main/bin/_docker.sh
  'cr.l5d.io/linkerd/controller': ['amd64', 'arm64'],
  // https://github.com/linkerd/linkerd2/blob/main/bin/_docker.sh
  'cr.l5d.io/linkerd/metrics-api': ['amd64', 'arm64'],
  // https://github.com/linkerd/linkerd2/blob/main/bin/_docker.sh
  'cr.l5d.io/linkerd/proxy': ['amd64', 'arm64'],
  // https://github.com/linkerd/linkerd2/blob/main/bin/_docker.sh
  'cr.l5d.io/linkerd/tap': ['amd64', 'arm64'],
  // https://github.com/linkerd/linkerd2/blob/main/bin/_docker.sh
  'cr.l5d.io/linkerd/web': ['amd64', 'arm64'],
  // https://github.com/alpine-docker/multi-arch-docker-images/blob/master/build.sh
  'docker.io/alpine/openssl': ['amd64', 'arm64'],
  // https://github.com/apache/kafka/blob/trunk/docker/docker_promote.py
  'docker.io/apache/kafka': ['amd64', 'arm64'],
  // https://github.com/aquasecurity/trivy/blob/main/goreleaser.yml
  'docker.io/aquasec/trivy': ['amd64', 'arm64'],
  // https://github.com/aquasecurity/trivy-operator/blob/main/.goreleaser.yaml
  'docker.io/aquasec/trivy-operator': ['amd64', 'arm64'],
  // https://github.com/bitnami-labs/sealed-secrets/blob/main/.github/workflows/release.yaml
  'docker.io/bitnami/sealed-secrets-controller': ['amd64', 'arm64'],
  // https://github.com/curl/curl-container/blob/main/create_multi.sh
  'docker.io/curlimages/curl': ['amd64', 'arm64'],
  // https://github.com/danielqsj/kafka_exporter/blob/master/Makefile
  'docker.io/danielqsj/kafka-exporter': ['amd64', 'arm64'],
  // https://github.com/edoburu/docker-pgbouncer/blob/master/Makefile
  'docker.io/edoburu/pgbouncer': ['amd64', 'arm64'],
  // https://www.envoyproxy.io/docs/envoy/latest/start/install
  'docker.io/envoyproxy/envoy': ['amd64', 'arm64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/harbor-core': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/harbor-exporter': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/harbor-jobservice': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/harbor-portal': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/harbor-registryctl': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/redis-photon': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/registry-photon': ['amd64'],
  // Up to 2.15.2: https://github.com/octohelm/harbor/issues/490
  'docker.io/goharbor/valkey-photon': ['amd64'],
  // https://github.com/grafana/alloy/blob/main/.github/workflows/build.yml
  'docker.io/grafana/alloy': ['amd64', 'arm64'],
  // https://grafana.com/docs/grafana/latest/setup-grafana/installation/docker/
  'docker.io/grafana/grafana': ['amd64', 'arm64'],
  // https://grafana.com/docs/loki/latest/setup/install/docker/
  'docker.io/grafana/loki': ['amd64', 'arm64'],
  // https://github.com/grafana/tempo/blob/main/.github/workflows/docker.yml
  'docker.io/grafana/tempo': ['amd64', 'arm64'],
  // https://github.com/hashicorp/vault/blob/main/.github/workflows/build.yml
  'docker.io/hashicorp/vault': ['amd64', 'arm64'],
  // https://github.com/kiwigrid/k8s-sidecar/blob/master/Dockerfile
  'docker.io/kiwigrid/k8s-sidecar': ['amd64', 'arm64'],
  // https://github.com/docker-library/official-images/blob/master/library/haproxy
  'docker.io/library/haproxy': ['amd64', 'arm64'],
  // https://github.com/docker-library/official-images/blob/master/library/mongo
  'docker.io/library/mongo': ['amd64', 'arm64'],
  // https://github.com/docker-library/official-images/blob/master/library/postgres
  'docker.io/library/postgres': ['amd64', 'arm64'],
  // https://github.com/docker-library/official-images/blob/master/library/rabbitmq
  'docker.io/library/rabbitmq': ['amd64', 'arm64'],
  // https://github.com/docker-library/official-images/blob/master/library/redis
  'docker.io/library/redis': ['amd64', 'arm64'],
  // https://github.com/docker-library/official-images/blob/master/library/traefik
  'docker.io/library/traefik': ['amd64', 'arm64'],
  // https://github.com/n8n-io/n8n/blob/master/.github/workflows/docker-build-push.yml
  'docker.io/n8nio/n8n': ['amd64', 'arm64'],
  // https://github.com/oliver006/redis_exporter/blob/master/.github/workflows/release.yml
  'docker.io/oliver006/redis_exporter': ['amd64', 'arm64'],
  // https://github.com/percona/mongodb_exporter/blob/main/.goreleaser.yml
  'docker.io/percona/mongodb_exporter': ['amd64', 'arm64'],
  // https://github.com/qdrant/qdrant/blob/master/.github/workflows/docker-image.yml
  'docker.io/qdrant/qdrant': ['amd64', 'arm64'],
  // https://github.com/rclone/rclone/blob/master/.github/workflows/build_publish_docker_image.yml
  'docker.io/rclone/rclone': ['amd64', 'arm64'],
  // https://github.com/vmware-tanzu/velero/blob/main/hack/docker-push.sh
  'docker.io/velero/velero': ['amd64', 'arm64'],
  // https://github.com/vmware-tanzu/velero-plugin-for-aws/blob/main/hack/docker-push.sh
  'docker.io/velero/velero-plugin-for-aws': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing-rabbitmq/cmd/controller/broker': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing-rabbitmq/cmd/dispatcher': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing-rabbitmq/cmd/ingress': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing-rabbitmq/cmd/webhook/broker': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/broker/filter': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/broker/ingress': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/controller': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/in_memory/channel_controller': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/in_memory/channel_dispatcher': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/jobsink': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/mtchannel_broker': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/eventing/cmd/webhook': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/net-kourier/cmd/kourier': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/operator/cmd/operator': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/operator/cmd/webhook': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/serving/cmd/activator': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/serving/cmd/autoscaler': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/serving/cmd/autoscaler-hpa': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/serving/cmd/controller': ['amd64', 'arm64'],
  // https://github.com/knative/hack/blob/main/release.sh
  'gcr.io/knative-releases/knative.dev/serving/cmd/webhook': ['amd64', 'arm64'],
  // https://github.com/apollographql/router/blob/dev/dockerfiles/Dockerfile.router
  'ghcr.io/apollographql/router': ['amd64', 'arm64'],
  // https://github.com/external-secrets/external-secrets/blob/main/.github/workflows/ci.yml
  'ghcr.io/external-secrets/external-secrets': ['amd64', 'arm64'],
  // https://github.com/open-telemetry/opentelemetry-collector-releases/blob/main/distributions/otelcol-k8s/.goreleaser.yaml
  'ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-k8s': ['amd64', 'arm64'],
  // https://github.com/rabbitmq/cluster-operator/blob/main/.github/workflows/build-test-publish.yml
  'ghcr.io/rabbitmq/cluster-operator': ['amd64', 'arm64'],
  // https://github.com/rabbitmq/messaging-topology-operator/blob/main/.github/workflows/build-test-publish.yml
  'ghcr.io/rabbitmq/messaging-topology-operator': ['amd64', 'arm64'],
  // https://github.com/zalando/spilo/blob/master/.github/workflows/publish-ghcr-container.yaml
  'ghcr.io/zalando/spilo-17': ['amd64', 'arm64'],
  // https://github.com/zalando/spilo/blob/master/.github/workflows/publish-ghcr-container.yaml
  'ghcr.io/zalando/spilo-18': ['amd64', 'arm64'],
  // https://github.com/cert-manager/cert-manager/blob/master/hack/latest-base-images.sh
  'quay.io/jetstack/cert-manager-cainjector': ['amd64', 'arm64'],
  // https://github.com/cert-manager/cert-manager/blob/master/hack/latest-base-images.sh
  'quay.io/jetstack/cert-manager-controller': ['amd64', 'arm64'],
  // https://github.com/cert-manager/cert-manager/blob/master/hack/latest-base-images.sh
  'quay.io/jetstack/cert-manager-webhook': ['amd64', 'arm64'],
  // https://github.com/cert-manager/trust-manager/blob/main/make/00_mod.mk
  'quay.io/jetstack/trust-manager': ['amd64', 'arm64'],
  // https://github.com/minio/minio/blob/master/docker-buildx.sh
  'quay.io/minio/minio': ['amd64', 'arm64'],
  // https://github.com/prometheus-operator/prometheus-operator/blob/main/scripts/push-docker-image.sh
  'quay.io/prometheus-operator/prometheus-config-reloader': ['amd64', 'arm64'],
  // https://github.com/prometheus-operator/prometheus-operator/blob/main/scripts/push-docker-image.sh
  'quay.io/prometheus-operator/prometheus-operator': ['amd64', 'arm64'],
  // https://github.com/prometheus/alertmanager/blob/main/Makefile
  'quay.io/prometheus/alertmanager': ['amd64', 'arm64'],
  // https://github.com/prometheus/node_exporter/blob/master/Makefile
  'quay.io/prometheus/node-exporter': ['amd64', 'arm64'],
  // https://github.com/prometheus/prometheus/blob/main/Makefile.common
  'quay.io/prometheus/prometheus': ['amd64', 'arm64'],
  // https://github.com/prometheus-community/postgres_exporter/blob/master/Makefile
  'quay.io/prometheuscommunity/postgres-exporter': ['amd64', 'arm64'],
  // https://github.com/strimzi/strimzi-kafka-operator/blob/main/.azure/release-pipeline.yaml
  'quay.io/strimzi/kafka': ['amd64', 'arm64'],
  // https://github.com/strimzi/strimzi-kafka-operator/blob/main/.azure/release-pipeline.yaml
  'quay.io/strimzi/operator': ['amd64', 'arm64'],
  // https://github.com/kubernetes/kube-state-metrics/blob/main/Makefile
  'registry.k8s.io/kube-state-metrics/kube-state-metrics': ['amd64', 'arm64'],
  // https://github.com/kubernetes-sigs/metrics-server/blob/master/Makefile
  'registry.k8s.io/metrics-server/metrics-server': ['amd64', 'arm64'],
  // https://github.com/kubernetes-csi/external-provisioner/blob/master/release-tools/prow.sh
  'registry.k8s.io/sig-storage/csi-node-driver-registrar': ['amd64', 'arm64'],
  // https://github.com/kubernetes-csi/external-provisioner/blob/master/release-tools/prow.sh
  'registry.k8s.io/sig-storage/csi-provisioner': ['amd64', 'arm64'],
  // https://github.com/kubernetes-csi/external-provisioner/blob/master/release-tools/prow.sh
  'registry.k8s.io/sig-storage/csi-resizer': ['amd64', 'arm64'],
  // https://github.com/kubernetes-csi/external-provisioner/blob/master/release-tools/prow.sh
  'registry.k8s.io/sig-storage/livenessprobe': ['amd64', 'arm64'],
  // https://github.com/kubernetes-csi/csi-driver-nfs/blob/master/Makefile
  'registry.k8s.io/sig-storage/nfsplugin': ['amd64', 'arm64'],
};
