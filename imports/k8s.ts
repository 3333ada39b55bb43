import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IHorizontalPodAutoscalerBehavior } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscalerBehavior';
import type { IMetricSpec } from 'kubernetes-models/autoscaling/v2/MetricSpec';
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IJobSpec } from 'kubernetes-models/batch/v1/JobSpec';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer';
import type { INetworkPolicyPort } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPort';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import type { IPolicyRule } from 'kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule';
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import type { IPriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1/PriorityClass';
import type { IStorageClass } from 'kubernetes-models/storage.k8s.io/v1/StorageClass';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IEnvFromSource } from 'kubernetes-models/v1/EnvFromSource';
import type { IEnvVar } from 'kubernetes-models/v1/EnvVar';
import type { ILimitRange } from 'kubernetes-models/v1/LimitRange';
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { INodeSelectorRequirement } from 'kubernetes-models/v1/NodeSelectorRequirement';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { IProbe } from 'kubernetes-models/v1/Probe';
import type { IResourceQuota } from 'kubernetes-models/v1/ResourceQuota';
import type { IResourceRequirements } from 'kubernetes-models/v1/ResourceRequirements';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { IToleration } from 'kubernetes-models/v1/Toleration';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import type { IVolumeMount } from 'kubernetes-models/v1/VolumeMount';
import { kind } from './api-object.ts';

// Kinds of the Kubernetes API. Quantities and ports are plain strings and numbers: `'1Gi'`, `80`, `'http'`.

export const KubeDeployment = kind<IDeployment>('apps/v1', 'Deployment');
export const KubeStatefulSet = kind<IStatefulSet>('apps/v1', 'StatefulSet');
export const KubeDaemonSet = kind<IDaemonSet>('apps/v1', 'DaemonSet');
export const KubeCronJob = kind<ICronJob>('batch/v1', 'CronJob');
export const KubeJob = kind<IJob>('batch/v1', 'Job');
export const KubeConfigMap = kind<IConfigMap>('v1', 'ConfigMap');
export const KubeLimitRange = kind<ILimitRange>('v1', 'LimitRange');
export const KubeNamespace = kind<INamespace>('v1', 'Namespace', 'cluster');
export const KubePersistentVolumeClaim = kind<IPersistentVolumeClaim>('v1', 'PersistentVolumeClaim');
export const KubeResourceQuota = kind<IResourceQuota>('v1', 'ResourceQuota');
export const KubeService = kind<IService>('v1', 'Service');
export const KubeServiceAccount = kind<IServiceAccount>('v1', 'ServiceAccount');
export const KubeHorizontalPodAutoscaler = kind<IHorizontalPodAutoscaler>('autoscaling/v2', 'HorizontalPodAutoscaler');
export const KubeIngress = kind<IIngress>('networking.k8s.io/v1', 'Ingress');
export const KubeNetworkPolicy = kind<INetworkPolicy>('networking.k8s.io/v1', 'NetworkPolicy');
export const KubePodDisruptionBudget = kind<IPodDisruptionBudget>('policy/v1', 'PodDisruptionBudget');
export const KubeClusterRole = kind<IClusterRole>('rbac.authorization.k8s.io/v1', 'ClusterRole', 'cluster');
export const KubeClusterRoleBinding = kind<IClusterRoleBinding>(
  'rbac.authorization.k8s.io/v1',
  'ClusterRoleBinding',
  'cluster',
);
export const KubeRole = kind<IRole>('rbac.authorization.k8s.io/v1', 'Role');
export const KubeRoleBinding = kind<IRoleBinding>('rbac.authorization.k8s.io/v1', 'RoleBinding');
export const KubePriorityClass = kind<IPriorityClass>('scheduling.k8s.io/v1', 'PriorityClass', 'cluster');
export const KubeStorageClass = kind<IStorageClass>('storage.k8s.io/v1', 'StorageClass', 'cluster');

// Parts of them.

export type {
  IContainer as Container,
  IEnvFromSource as EnvFromSource,
  IEnvVar as EnvVar,
  IHorizontalPodAutoscalerBehavior as HorizontalPodAutoscalerBehavior,
  IJobSpec as JobSpec,
  IMetricSpec as MetricSpec,
  INetworkPolicyPeer as NetworkPolicyPeer,
  INetworkPolicyPort as NetworkPolicyPort,
  INodeSelectorRequirement as NodeSelectorRequirement,
  IPodSpec as PodSpec,
  IPodTemplateSpec as PodTemplateSpec,
  IPolicyRule as PolicyRule,
  IProbe as Probe,
  IResourceRequirements as ResourceRequirements,
  IToleration as Toleration,
  IVolume as Volume,
  IVolumeMount as VolumeMount,
};
