// Kinds whose controller does not run in a bed. KWOK writes the status that Flux and others wait for, and nothing else:
// no chart is installed, no certificate issued, no Secret made. A bed prints the kinds it stands in for.

/** A custom resource that is given `conditions` with status True as soon as its generation is new. */
export interface StandIn {
  readonly apiVersion: string;
  readonly kind: string;
  /** Condition types; the default is `Ready`. */
  readonly conditions?: string[];
}

const kinds = (apiVersion: string, ...names: string[]): StandIn[] => names.map((kind) => ({ apiVersion, kind }));

export const standIns: StandIn[] = [
  ...kinds('helm.toolkit.fluxcd.io/v2', 'HelmRelease'),
  ...kinds('source.toolkit.fluxcd.io/v1', 'HelmRepository', 'OCIRepository', 'Bucket'),
  ...kinds('image.toolkit.fluxcd.io/v1', 'ImageRepository', 'ImagePolicy', 'ImageUpdateAutomation'),
  ...kinds('notification.toolkit.fluxcd.io/v1', 'Receiver'),
  ...kinds('cert-manager.io/v1', 'Certificate', 'Issuer', 'ClusterIssuer'),
  ...kinds('external-secrets.io/v1', 'ExternalSecret', 'SecretStore', 'ClusterSecretStore', 'ClusterExternalSecret'),
  ...kinds('serving.knative.dev/v1', 'Service'),
  ...kinds('eventing.knative.dev/v1', 'Broker', 'Trigger'),
  ...kinds('rabbitmq.com/v1beta1', 'Queue', 'Exchange', 'Binding', 'User', 'Permission', 'Vhost', 'Policy'),
  ...kinds('kafka.strimzi.io/v1', 'Kafka', 'KafkaNodePool', 'KafkaTopic', 'KafkaUser'),
  ...kinds('operator.knative.dev/v1beta1', 'KnativeServing', 'KnativeEventing'),
  ...kinds('eventing.knative.dev/v1alpha1', 'RabbitmqBrokerConfig'),
  { apiVersion: 'trust.cert-manager.io/v1alpha1', kind: 'Bundle', conditions: ['Synced'] },
  { apiVersion: 'rabbitmq.com/v1beta1', kind: 'RabbitmqCluster', conditions: ['AllReplicasReady', 'ClusterAvailable'] },
  { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', conditions: ['Synced'] },
];

/** KWOK's Stage for a stand-in: https://kwok.sigs.k8s.io/docs/user/stages-configuration/ */
export function stageOf({ apiVersion, kind, conditions = ['Ready'] }: StandIn): object {
  const [group] = apiVersion.split('/');
  const entries = conditions.map(
    (type) => `- type: ${type}
  status: "True"
  reason: StandIn
  message: status written by the test bed
  observedGeneration: {{ .metadata.generation }}
  lastTransitionTime: {{ Now | Quote }}`,
  );
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name: `${kind}.${group}`.toLowerCase() },
    spec: {
      resourceRef: { apiGroup: apiVersion, kind },
      selector: {
        matchExpressions: [
          { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
          { key: '.status.observedGeneration == .metadata.generation', operator: 'NotIn', values: ['true'] },
        ],
      },
      next: {
        statusTemplate: `observedGeneration: {{ .metadata.generation }}\nconditions:\n${entries.join('\n')}`,
      },
    },
  };
}
