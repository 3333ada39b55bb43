// Nothing here is compiled: test/cluster/build.ts copies the custom resource definitions out of these modules.
module crds

go 1.25.0

require (
	github.com/aquasecurity/trivy-operator v0.29.0
	github.com/bitnami/sealed-secrets v0.40.0
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cert-manager/trust-manager v0.25.0
	github.com/external-secrets/external-secrets v1.3.2
	github.com/fluxcd/helm-controller v1.4.3
	github.com/fluxcd/kustomize-controller v1.7.3
	github.com/fluxcd/source-controller v1.7.3
	github.com/k3s-io/helm-controller v0.16.13
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/rabbitmq/cluster-operator/v2 v2.16.0
	github.com/rabbitmq/messaging-topology-operator v1.17.4
	github.com/traefik/traefik/v3 v3.7.12
	github.com/vmware-tanzu/velero v1.18.3
	knative.dev/eventing-rabbitmq v0.48.0
	knative.dev/operator v0.50.0
	sigs.k8s.io/gateway-api v1.5.1
	sigs.k8s.io/secrets-store-csi-driver v1.4.8
)

replace github.com/bitnami/sealed-secrets => github.com/bitnami-labs/sealed-secrets v0.40.0
