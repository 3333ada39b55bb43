import type { Schema } from './derive.ts';
import { added } from './go-validation.ts';

/** Fields that OpenAPI calls required though the server fills them in, or takes their zero value. */
const filled: Readonly<Record<string, readonly string[]>> = {
  'core.v1.LimitRangeSpec': ['limits'],
  'core.v1.SleepAction': ['seconds'],
  'batch.v1.PodFailurePolicy': ['rules'],
  'discovery.v1.EndpointSlice': ['endpoints'],
  'rbac.v1.RoleRef': ['apiGroup'],
  'scheduling.v1.PriorityClass': ['value'],
  'storage.v1.CSIDriver': ['spec'],
  'apiextensions.v1.CustomResourceDefinitionVersion': ['served', 'storage'],
};

/** Fields that OpenAPI calls optional though nothing is accepted without them. */
const needed: Readonly<Record<string, readonly string[]>> = {
  'core.v1.Pod': ['spec'],
  'core.v1.PodTemplateSpec': ['spec'],
  'core.v1.ExecAction': ['command'],
  'core.v1.SecretKeySelector': ['name'],
  'core.v1.ConfigMapKeySelector': ['name'],
  'core.v1.SecretEnvSource': ['name'],
  'core.v1.ConfigMapEnvSource': ['name'],
  'core.v1.SecretVolumeSource': ['secretName'],
  'core.v1.ConfigMapVolumeSource': ['name'],
  'core.v1.PersistentVolumeClaim': ['spec'],
  'core.v1.PersistentVolumeClaimSpec': ['accessModes', 'resources'],
  'core.v1.VolumeResourceRequirements': ['requests'],
  'core.v1.PersistentVolume': ['spec'],
  'core.v1.PersistentVolumeSpec': ['accessModes', 'capacity'],
  'core.v1.Service': ['spec'],
  'apps.v1.Deployment': ['spec'],
  'apps.v1.StatefulSet': ['spec'],
  'apps.v1.DaemonSet': ['spec'],
  'apps.v1.ReplicaSet': ['spec'],
  'batch.v1.Job': ['spec'],
  'batch.v1.JobTemplateSpec': ['spec'],
  'batch.v1.CronJob': ['spec'],
  'autoscaling.v2.HorizontalPodAutoscaler': ['spec'],
  'networking.v1.Ingress': ['spec'],
  'networking.v1.IngressServiceBackend': ['port'],
};

/** Of these fields exactly one (or one and more, or none and one) is set. */
const unions: Readonly<Record<string, Schema>> = {
  'core.v1.Probe': { 'x-one-of': ['exec', 'grpc', 'httpGet', 'tcpSocket'] },
  'core.v1.LifecycleHandler': { 'x-one-of': ['exec', 'httpGet', 'sleep', 'tcpSocket'] },
  'core.v1.EnvVar': { 'x-at-most-one-of': ['value', 'valueFrom'] },
  'core.v1.EnvVarSource': {
    'x-one-of': ['configMapKeyRef', 'fieldRef', 'fileKeyRef', 'resourceFieldRef', 'secretKeyRef'],
  },
  'core.v1.EnvFromSource': { 'x-one-of': ['configMapRef', 'secretRef'] },
  'networking.v1.IngressSpec': { 'x-any-of': ['defaultBackend', 'rules'] },
  'networking.v1.IngressBackend': { 'x-one-of': ['resource', 'service'] },
  'networking.v1.ServiceBackendPort': { 'x-one-of': ['name', 'number'] },
  'networking.v1.NetworkPolicyPeer': { 'x-any-of': ['ipBlock', 'namespaceSelector', 'podSelector'] },
  'policy.v1.PodDisruptionBudgetSpec': { 'x-at-most-one-of': ['maxUnavailable', 'minAvailable'] },
};

/** The schema of one of Kubernetes' own definitions (`io.k8s.api.core.v1.PodSpec`) with what its Go code adds. */
export function tightened(definition: string, schema: Schema): Schema {
  if (!definition.startsWith('io.k8s.')) return schema;
  const name = definition.split('.').slice(-3).join('.');
  const properties = { ...schema.properties };
  for (const [property, keywords] of Object.entries(added[name] ?? {})) {
    if (!properties[property]) throw new Error(`${definition} has no ${property}`);
    properties[property] = { ...properties[property], ...keywords };
  }
  const required = [...(schema.required ?? []), ...(needed[name] ?? [])].filter((one) => !filled[name]?.includes(one));
  // All sources of a volume but one are absent; with none it is an empty directory.
  const sources = name === 'core.v1.Volume' && {
    'x-at-most-one-of': Object.keys(properties).filter((one) => one !== 'name'),
  };
  return {
    ...schema,
    ...(schema.properties && { properties }),
    required: required.length ? required : undefined,
    ...unions[name],
    ...sources,
  };
}
