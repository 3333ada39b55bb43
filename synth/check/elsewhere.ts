import { groupOf, type Manifest } from '../manifest.ts';
import { at, text } from '../resolve/json.ts';
import { isBuiltIn } from '../resolve/kinds.ts';
import type { Selector } from '../resolve/selectors.ts';
import type { Index } from '../resolve.ts';

// What charts and operators put into the cluster is not among the manifests.

const MAKERS = /^(HelmRelease|HelmChart|Application|Kustomization)$/;
const makers = new WeakMap<readonly Manifest[], ReadonlyMap<string, readonly string[]>>();

/** Names of the charts, and of other Flux and Argo objects, that put things into that namespace. */
export function makersIn(namespace: string, manifests: readonly Manifest[]): readonly string[] {
  let byNamespace = makers.get(manifests);
  if (!byNamespace) {
    const found = new Map<string, string[]>();
    for (const { object } of manifests) {
      if (!MAKERS.test(object.kind)) continue;
      const { name, namespace = '' } = object.metadata;
      const target =
        text(at(object, 'spec', 'targetNamespace')) ?? text(at(object, 'spec', 'destination', 'namespace'));
      const release = text(at(object, 'spec', 'releaseName')) ?? name;
      found.set(target ?? namespace, [...(found.get(target ?? namespace) ?? []), release]);
    }
    byNamespace = found;
    makers.set(manifests, byNamespace);
  }
  return byNamespace.get(namespace) ?? [];
}

/** Custom resources whose operators run pods for them. */
const OPERATED =
  /^(Prometheus|PrometheusAgent|Alertmanager|ThanosRuler|Kafka|KafkaNodePool|KafkaConnect|KafkaBridge|RabbitmqCluster|Cluster|Pooler|PostgresCluster|postgresql|Redis\w*|MongoDBCommunity|Elasticsearch|Kibana|Tenant|Grafana|OpenTelemetryCollector|VM\w+|Knative\w+)$/;

/** True where such a custom resource of that namespace is named in the selector: its operator labels the pods so. */
export function isOperatorsPods({ manifests }: Index, namespace: string, { labels }: Selector): boolean {
  const values = new Set(Object.values(labels));
  return manifests.some(
    ({ object: { apiVersion, kind, metadata } }) =>
      values.has(metadata.name) &&
      (metadata.namespace ?? '') === namespace &&
      OPERATED.test(kind) &&
      !isBuiltIn(groupOf(apiVersion)),
  );
}

/** The cluster's own namespaces: their pods and Services come with it. */
export const isClusterOwn = (namespace: string | undefined) => namespace === 'kube-system' || namespace === 'default';

/** The selector without labels that controllers and injectors put on pods, which no template has. */
export const withoutRunTime = ({ labels, expressions }: Selector): Selector => ({
  labels: Object.fromEntries(Object.entries(labels).filter(([key]) => !RUN_TIME.test(key))),
  expressions: expressions.filter(({ key }) => !RUN_TIME.test(key)),
});

const RUN_TIME =
  /^statefulset\.kubernetes\.io\/pod-name$|^apps\.kubernetes\.io\/pod-index$|job-name$|controller-uid$|(^|\.)istio\.io\/|^acme\.cert-manager\.io\//;
