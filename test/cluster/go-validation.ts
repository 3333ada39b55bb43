// What the API server's Go code asks of Kubernetes' own kinds and its OpenAPI does not say:
// https://github.com/kubernetes/kubernetes/tree/v1.34.4/pkg/apis (validation.go, defaults.go). shape.test.ts holds every line against the server.
import type { Schema } from './derive.ts';

const count = { minimum: 0 };
const user = { minimum: 0, maximum: 2 ** 31 - 1 };
const port = { format: 'port' };
const portOrName = { format: 'port-or-name' };
const portName = { format: 'port-name' };
const share = { format: 'percent' };
const label = { format: 'label' };
const label1035 = { format: 'label1035' };
const labelKey = { format: 'label-key' };
const subdomain = { format: 'subdomain' };
const mode = { minimum: 0, maximum: 0o777 };
const weight = { minimum: 1, maximum: 100 };
const labels = { propertyNames: labelKey, additionalProperties: { type: 'string', format: 'label-value' } };
const dataKey = { format: 'data-key' };
const data = { propertyNames: dataKey };
const amount = { type: ['string', 'number'], format: 'amount' };
const resources = { propertyNames: { format: 'resource' } };
const amounts = { ...resources, additionalProperties: amount };
const retention = { enum: ['Retain', 'Delete'] };
const each = (items: Schema) => ({ items: { type: 'string', ...items } });

/** Keywords to add, by definition and property. */
export const added: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  'meta.v1.ObjectMeta': { labels, annotations: { propertyNames: { format: 'annotation-key' } }, namespace: label },
  'meta.v1.LabelSelector': { matchLabels: labels },
  'meta.v1.LabelSelectorRequirement': {
    key: labelKey,
    operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
    values: each({ format: 'label-value' }),
  },
  'core.v1.PodSpec': {
    nodeSelector: labels,
    containers: { minItems: 1 },
    hostname: label,
    serviceAccountName: subdomain,
    priorityClassName: subdomain,
    terminationGracePeriodSeconds: count,
    activeDeadlineSeconds: { minimum: 1 },
  },
  'core.v1.Container': { name: label },
  'core.v1.EphemeralContainer': { name: label },
  'core.v1.EnvVar': { name: { format: 'environment-name' } },
  'core.v1.EnvFromSource': { prefix: { format: 'environment-name' } },
  'core.v1.ContainerPort': { containerPort: port, hostPort: { minimum: 0, maximum: 65535 }, name: portName },
  'core.v1.HTTPGetAction': { port: portOrName },
  'core.v1.TCPSocketAction': { port: portOrName },
  'core.v1.GRPCAction': { port },
  'core.v1.Probe': {
    initialDelaySeconds: count,
    timeoutSeconds: count,
    periodSeconds: count,
    successThreshold: count,
    failureThreshold: count,
    terminationGracePeriodSeconds: { minimum: 1 },
  },
  'core.v1.ResourceRequirements': { limits: amounts, requests: amounts },
  'core.v1.SecurityContext': { runAsUser: user, runAsGroup: user },
  'core.v1.PodSecurityContext': { runAsUser: user, runAsGroup: user, fsGroup: user },
  'core.v1.TopologySpreadConstraint': { maxSkew: { minimum: 1 } },
  'core.v1.PodAffinityTerm': { topologyKey: labelKey },
  'core.v1.WeightedPodAffinityTerm': { weight },
  'core.v1.PreferredSchedulingTerm': { weight },
  'core.v1.NodeSelectorRequirement': { key: labelKey, values: each({ format: 'label-value' }) },
  'core.v1.NodeSelector': { nodeSelectorTerms: { minItems: 1 } },
  'core.v1.Toleration': { key: labelKey, value: { format: 'label-value' } },
  'core.v1.ExecAction': { command: { minItems: 1 } },
  'core.v1.SleepAction': { seconds: count },
  'core.v1.SecretKeySelector': { key: dataKey, name: subdomain },
  'core.v1.ConfigMapKeySelector': { key: dataKey, name: subdomain },
  'core.v1.SecretEnvSource': { name: subdomain },
  'core.v1.ConfigMapEnvSource': { name: subdomain },
  'core.v1.ObjectFieldSelector': { fieldPath: { format: 'pod-field' } },
  'core.v1.ResourceFieldSelector': {
    resource: { pattern: '^(requests|limits)\\.(cpu|memory|ephemeral-storage|hugepages-.+)$' },
  },
  'core.v1.Volume': { name: label },
  'core.v1.ConfigMapVolumeSource': { defaultMode: mode },
  'core.v1.SecretVolumeSource': { defaultMode: mode },
  'core.v1.ProjectedVolumeSource': { defaultMode: mode },
  'core.v1.KeyToPath': { mode },
  'core.v1.ServiceAccountTokenProjection': { expirationSeconds: { minimum: 600 } },
  'core.v1.ServicePort': {
    port,
    nodePort: { minimum: 0, maximum: 65535 },
    targetPort: { format: 'target-port' },
    appProtocol: labelKey,
    name: label,
  },
  'core.v1.ServiceSpec': { selector: labels },
  'core.v1.ConfigMap': { data, binaryData: data },
  'core.v1.Secret': { data, stringData: data },
  'core.v1.PersistentVolumeClaimSpec': { accessModes: { minItems: 1 }, storageClassName: subdomain },
  'core.v1.PersistentVolumeSpec': { accessModes: { minItems: 1 } },
  'core.v1.EndpointPort': { port, name: label },
  'core.v1.LimitRangeItem': { default: resources, defaultRequest: resources, max: resources, min: resources },
  'core.v1.VolumeResourceRequirements': { requests: { required: ['storage'], additionalProperties: amount } },
  'core.v1.ResourceQuotaSpec': { hard: { additionalProperties: amount } },
  'apps.v1.DeploymentSpec': {
    replicas: count,
    minReadySeconds: count,
    revisionHistoryLimit: count,
    progressDeadlineSeconds: { minimum: 1 },
  },
  'apps.v1.RollingUpdateDeployment': { maxSurge: share, maxUnavailable: share },
  'apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy': { whenDeleted: retention, whenScaled: retention },
  'apps.v1.StatefulSetSpec': {
    serviceName: label,
    replicas: count,
    minReadySeconds: count,
    revisionHistoryLimit: count,
  },
  'apps.v1.RollingUpdateStatefulSetStrategy': { partition: count, maxUnavailable: share },
  'apps.v1.DaemonSetSpec': { minReadySeconds: count, revisionHistoryLimit: count },
  'apps.v1.RollingUpdateDaemonSet': { maxSurge: share, maxUnavailable: share },
  'apps.v1.ReplicaSetSpec': { replicas: count, minReadySeconds: count },
  'batch.v1.JobSpec': {
    parallelism: count,
    completions: count,
    backoffLimit: count,
    activeDeadlineSeconds: count,
    ttlSecondsAfterFinished: count,
  },
  'batch.v1.CronJobSpec': {
    timeZone: { format: 'time-zone' },
    startingDeadlineSeconds: count,
    successfulJobsHistoryLimit: count,
    failedJobsHistoryLimit: count,
  },
  'autoscaling.v2.HorizontalPodAutoscalerSpec': { minReplicas: { minimum: 1 }, maxReplicas: { minimum: 1 } },
  'autoscaling.v2.CrossVersionObjectReference': { name: { format: 'path' } },
  'autoscaling.v2.HPAScalingRules': {
    policies: { minItems: 1 },
    selectPolicy: { enum: ['Max', 'Min', 'Disabled'] },
    stabilizationWindowSeconds: { minimum: 0, maximum: 3600 },
  },
  'autoscaling.v2.HPAScalingPolicy': {
    type: { enum: ['Pods', 'Percent'] },
    value: { minimum: 1 },
    periodSeconds: { minimum: 1, maximum: 1800 },
  },
  'autoscaling.v2.MetricTarget': {
    type: { enum: ['Utilization', 'Value', 'AverageValue'] },
    averageUtilization: { minimum: 1 },
  },
  'autoscaling.v2.MetricSpec': { type: { enum: ['Object', 'Pods', 'Resource', 'ContainerResource', 'External'] } },
  'policy.v1.PodDisruptionBudgetSpec': { minAvailable: share, maxUnavailable: share },
  'networking.v1.IngressSpec': { ingressClassName: subdomain },
  'networking.v1.IngressRule': { host: { format: 'host' } },
  'networking.v1.HTTPIngressPath': { path: { pattern: '^/' } },
  'networking.v1.IngressTLS': {
    secretName: subdomain,
    hosts: each({ format: 'host' }),
  },
  'networking.v1.IngressServiceBackend': { name: label1035 },
  'networking.v1.ServiceBackendPort': { number: { minimum: 0, maximum: 65535 }, name: portName },
  'networking.v1.HTTPIngressRuleValue': { paths: { minItems: 1 } },
  'networking.v1.NetworkPolicySpec': { policyTypes: each({ enum: ['Ingress', 'Egress'] }) },
  'networking.v1.NetworkPolicyPort': { port: portOrName, endPort: port },
  'networking.v1.IPBlock': { cidr: { format: 'cidr' }, except: each({ format: 'cidr' }) },
  'rbac.v1.PolicyRule': { verbs: { minItems: 1 } },
  'rbac.v1.RoleRef': {
    name: { format: 'path' },
    apiGroup: { enum: ['rbac.authorization.k8s.io'] },
    kind: { enum: ['Role', 'ClusterRole'] },
  },
  'rbac.v1.Subject': { kind: { enum: ['ServiceAccount', 'User', 'Group'] } },
  'admissionregistration.v1.ValidatingWebhook': { timeoutSeconds: { minimum: 1, maximum: 30 } },
  'admissionregistration.v1.MutatingWebhook': { timeoutSeconds: { minimum: 1, maximum: 30 } },
  'admissionregistration.v1.ServiceReference': { port, path: { pattern: '^/' } },
  'admissionregistration.v1.RuleWithOperations': { scope: { enum: ['*', 'Cluster', 'Namespaced'] } },
  'apiextensions.v1.CustomResourceDefinitionSpec': { scope: { enum: ['Cluster', 'Namespaced'] }, group: subdomain },
  'apiextensions.v1.CustomResourceDefinitionNames': { plural: label1035, singular: label1035 },
  'apiextensions.v1.CustomResourceDefinitionVersion': { name: label1035 },
  'apiextensions.v1.JSONSchemaProps': { type: { enum: ['array', 'boolean', 'integer', 'number', 'object', 'string'] } },
  'discovery.v1.EndpointPort': { name: label },
  'scheduling.v1.PriorityClass': { value: { maximum: 1_000_000_000 } },
};
