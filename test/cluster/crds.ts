// Where the custom resource definitions of each platform part lie inside its Go module. Versions: go/crds/go.mod.

/** A folder or file of a Go module that holds custom resource definitions; other kinds in it are left out. */
export interface CrdSource {
  readonly module: string;
  readonly path: string;
}

const knative = (path: string): CrdSource => ({ module: 'knative.dev/operator', path: `cmd/operator/kodata/${path}` });

/** One file of definitions per set; an API server grows by about 9 MB per definition, so a bed loads only what it needs. */
export const crdSets = {
  flux: [
    { module: 'github.com/fluxcd/source-controller', path: 'config/crd/bases' },
    { module: 'github.com/fluxcd/kustomize-controller', path: 'config/crd/bases' },
    { module: 'github.com/fluxcd/helm-controller', path: 'config/crd/bases' },
  ],
  'cert-manager': [{ module: 'github.com/cert-manager/cert-manager', path: 'deploy/crds' }],
  'external-secrets': [{ module: 'github.com/external-secrets/external-secrets', path: 'config/crds/bases' }],
  'gateway-api': [{ module: 'sigs.k8s.io/gateway-api', path: 'config/crd/standard' }],
  k3s: [{ module: 'github.com/k3s-io/helm-controller', path: 'pkg/crds/yaml/generated' }],
  knative: [
    knative('knative-serving/1.23.0/1-serving-crds.yaml'),
    knative('knative-eventing/1.23.0/1-eventing-crds.yaml'),
    { module: 'knative.dev/operator', path: 'config/crd/bases' },
    { module: 'knative.dev/eventing-rabbitmq', path: 'config/broker' },
    { module: 'knative.dev/eventing-rabbitmq', path: 'config/source' },
  ],
  linkerd: [],
  'prometheus-operator': [
    { module: 'github.com/prometheus-operator/prometheus-operator', path: 'example/prometheus-operator-crd' },
  ],
  rabbitmq: [
    { module: 'github.com/rabbitmq/cluster-operator/v2', path: 'config/crd/bases' },
    { module: 'github.com/rabbitmq/messaging-topology-operator', path: 'config/crd/bases' },
  ],
  'sealed-secrets': [{ module: 'github.com/bitnami/sealed-secrets', path: 'helm/sealed-secrets/crds' }],
  'secrets-store-csi-driver': [{ module: 'sigs.k8s.io/secrets-store-csi-driver', path: 'config/crd/bases' }],
  strimzi: [],
  traefik: [
    {
      module: 'github.com/traefik/traefik/v3',
      path: 'docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml',
    },
  ],
  'trivy-operator': [{ module: 'github.com/aquasecurity/trivy-operator', path: 'deploy/helm/crds' }],
  'trust-manager': [{ module: 'github.com/cert-manager/trust-manager', path: 'deploy/crds' }],
  velero: [
    { module: 'github.com/vmware-tanzu/velero', path: 'config/crd/v1/bases' },
    { module: 'github.com/vmware-tanzu/velero', path: 'config/crd/v2alpha1/bases' },
  ],
} satisfies Record<string, CrdSource[]>;

/**
 * Name of a set of definitions. What no module has is made by build.ts: the image and notification kinds of `flux`, and all of
 * `linkerd` and `strimzi`.
 */
export type CrdSet = keyof typeof crdSets;
