import type { ICertificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import type { IClusterIssuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer';
import type { IIssuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer';
import type { IBundle } from '@kubernetes-models/cert-manager/trust.cert-manager.io/v1alpha1/Bundle';
import type { IClusterSecretStore } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ClusterSecretStore';
import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import type { ISecretStore } from '@kubernetes-models/external-secrets/external-secrets.io/v1/SecretStore';
import type { IPassword } from '@kubernetes-models/external-secrets/generators.external-secrets.io/v1alpha1/Password';
import type { IHelmRelease } from '@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2/HelmRelease';
import type { IImagePolicy } from '@kubernetes-models/flux-cd/image.toolkit.fluxcd.io/v1/ImagePolicy';
import type { IImageRepository } from '@kubernetes-models/flux-cd/image.toolkit.fluxcd.io/v1/ImageRepository';
import type { IImageUpdateAutomation } from '@kubernetes-models/flux-cd/image.toolkit.fluxcd.io/v1/ImageUpdateAutomation';
import type { IKustomization } from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization';
import type { IReceiver } from '@kubernetes-models/flux-cd/notification.toolkit.fluxcd.io/v1/Receiver';
import type { IAlert } from '@kubernetes-models/flux-cd/notification.toolkit.fluxcd.io/v1beta3/Alert';
import type { IProvider } from '@kubernetes-models/flux-cd/notification.toolkit.fluxcd.io/v1beta3/Provider';
import type { IGitRepository } from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/GitRepository';
import type { IHelmRepository } from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/HelmRepository';
import type { IOCIRepository } from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/OCIRepository';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { IAlertmanagerConfig } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1/AlertmanagerConfig';
import type { ISealedSecret } from '@kubernetes-models/sealed-secrets/bitnami.com/v1alpha1/SealedSecret';
import type { IIngressRoute } from '@kubernetes-models/traefik/traefik.io/v1alpha1/IngressRoute';
import type { IMiddleware } from '@kubernetes-models/traefik/traefik.io/v1alpha1/Middleware';
import type { IMiddlewareSpec } from '@kubernetes-models/traefik/traefik.io/v1alpha1/MiddlewareSpec';
import type { IServersTransport } from '@kubernetes-models/traefik/traefik.io/v1alpha1/ServersTransport';
import type { ITraefikService } from '@kubernetes-models/traefik/traefik.io/v1alpha1/TraefikService';
import { kind } from './api-object.ts';
import type { IBinding, IExchange, IPermission, IPolicy, IQueue, IRabbitmqCluster, IUser, IVhost } from './rabbitmq.ts';

// Kinds that operators and controllers bring.

// Traefik
export const IngressRoute = kind<IIngressRoute>('traefik.io/v1alpha1', 'IngressRoute');
export const Middleware = kind<IMiddleware>('traefik.io/v1alpha1', 'Middleware');
export const ServersTransport = kind<IServersTransport>('traefik.io/v1alpha1', 'ServersTransport');
export const TraefikService = kind<ITraefikService>('traefik.io/v1alpha1', 'TraefikService');

// cert-manager, trust-manager
export const Certificate = kind<ICertificate>('cert-manager.io/v1', 'Certificate');
export const ClusterIssuer = kind<IClusterIssuer>('cert-manager.io/v1', 'ClusterIssuer', 'cluster');
export const Issuer = kind<IIssuer>('cert-manager.io/v1', 'Issuer');
export const Bundle = kind<IBundle>('trust.cert-manager.io/v1alpha1', 'Bundle', 'cluster');

// Prometheus operator
export const PodMonitor = kind<IPodMonitor>('monitoring.coreos.com/v1', 'PodMonitor');
export const PrometheusRule = kind<IPrometheusRule>('monitoring.coreos.com/v1', 'PrometheusRule');
export const ServiceMonitor = kind<IServiceMonitor>('monitoring.coreos.com/v1', 'ServiceMonitor');
export const AlertmanagerConfig = kind<IAlertmanagerConfig>('monitoring.coreos.com/v1alpha1', 'AlertmanagerConfig');

// External Secrets, Sealed Secrets
export const ClusterSecretStore = kind<IClusterSecretStore>('external-secrets.io/v1', 'ClusterSecretStore', 'cluster');
export const ExternalSecret = kind<IExternalSecret>('external-secrets.io/v1', 'ExternalSecret');
export const SecretStore = kind<ISecretStore>('external-secrets.io/v1', 'SecretStore');
export const Password = kind<IPassword>('generators.external-secrets.io/v1alpha1', 'Password');
export const SealedSecret = kind<ISealedSecret>('bitnami.com/v1alpha1', 'SealedSecret');

// RabbitMQ's operators
export const RabbitmqCluster = kind<IRabbitmqCluster>('rabbitmq.com/v1beta1', 'RabbitmqCluster');
export const Binding = kind<IBinding>('rabbitmq.com/v1beta1', 'Binding');
export const Exchange = kind<IExchange>('rabbitmq.com/v1beta1', 'Exchange');
export const Permission = kind<IPermission>('rabbitmq.com/v1beta1', 'Permission');
export const Policy = kind<IPolicy>('rabbitmq.com/v1beta1', 'Policy');
export const Queue = kind<IQueue>('rabbitmq.com/v1beta1', 'Queue');
export const User = kind<IUser>('rabbitmq.com/v1beta1', 'User');
export const Vhost = kind<IVhost>('rabbitmq.com/v1beta1', 'Vhost');

// Flux
export const HelmRelease = kind<IHelmRelease>('helm.toolkit.fluxcd.io/v2', 'HelmRelease');
export const GitRepository = kind<IGitRepository>('source.toolkit.fluxcd.io/v1', 'GitRepository');
export const HelmRepository = kind<IHelmRepository>('source.toolkit.fluxcd.io/v1', 'HelmRepository');
export const OCIRepository = kind<IOCIRepository>('source.toolkit.fluxcd.io/v1', 'OCIRepository');
export const ImagePolicy = kind<IImagePolicy>('image.toolkit.fluxcd.io/v1', 'ImagePolicy');
export const ImageRepository = kind<IImageRepository>('image.toolkit.fluxcd.io/v1', 'ImageRepository');
export const ImageUpdateAutomation = kind<IImageUpdateAutomation>(
  'image.toolkit.fluxcd.io/v1',
  'ImageUpdateAutomation',
);
export const Kustomization = kind<IKustomization>('kustomize.toolkit.fluxcd.io/v1', 'Kustomization');
export const Alert = kind<IAlert>('notification.toolkit.fluxcd.io/v1beta3', 'Alert');
export const Provider = kind<IProvider>('notification.toolkit.fluxcd.io/v1beta3', 'Provider');
export const Receiver = kind<IReceiver>('notification.toolkit.fluxcd.io/v1', 'Receiver');

export type { IMiddlewareSpec as MiddlewareSpec };
