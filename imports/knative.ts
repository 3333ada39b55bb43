import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import { kind } from './api-object.ts';
import type { PodSpec } from './k8s.ts';

// The fields of Knative's kinds that are rendered here. https://knative.dev/docs/reference/

interface Of<ApiVersion extends string, Kind extends string, Spec> {
  readonly apiVersion: ApiVersion;
  readonly kind: Kind;
  readonly metadata: IObjectMeta;
  readonly spec: Spec;
}

interface Reference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Events that could not be delivered: how often and how far apart they are tried again, and where they end. */
export interface KnativeDelivery {
  readonly retry?: number;
  readonly backoffPolicy?: 'exponential' | 'linear';
  /** ISO 8601: `PT1S`. */
  readonly backoffDelay?: string;
  readonly deadLetterSink?: { readonly ref: Reference };
}

export type IKnativeService = Of<
  'serving.knative.dev/v1',
  'Service',
  {
    readonly template: {
      readonly metadata?: IObjectMeta;
      readonly spec: PodSpec & { readonly containerConcurrency?: number; readonly timeoutSeconds?: number };
    };
  }
>;

export type IBroker = Of<
  'eventing.knative.dev/v1',
  'Broker',
  { readonly config: Reference; readonly delivery?: KnativeDelivery }
>;

export type ITrigger = Of<
  'eventing.knative.dev/v1',
  'Trigger',
  {
    readonly broker: string;
    readonly filter?: { readonly attributes: Readonly<Record<string, string>> };
    readonly subscriber: { readonly ref: Reference; readonly uri?: string };
    readonly delivery?: KnativeDelivery;
  }
>;

export type IRabbitmqBrokerConfig = Of<
  'eventing.knative.dev/v1alpha1',
  'RabbitmqBrokerConfig',
  {
    readonly rabbitmqClusterReference: { readonly name: string; readonly namespace: string };
    readonly queueType: 'quorum' | 'classic';
    readonly vhost?: string;
  }
>;

interface Component {
  readonly version: string;
  readonly 'high-availability'?: { readonly replicas: number };
  /** Merged into what the manifests say of a Deployment's containers. */
  readonly workloads?: readonly {
    readonly name: string;
    readonly resources: readonly {
      readonly container: string;
      readonly requests: { readonly cpu: string; readonly memory: string };
    }[];
  }[];
  /** In place of what the manifests say of a PodDisruptionBudget. */
  readonly podDisruptionBudgets?: readonly { readonly name: string; readonly maxUnavailable: number }[];
  /** Installed beside what the version has. */
  readonly additionalManifests?: readonly { readonly URL: string }[];
  readonly config?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export type IKnativeServing = Of<
  'operator.knative.dev/v1beta1',
  'KnativeServing',
  Component & {
    readonly ingress: {
      readonly kourier: { readonly enabled: true; readonly 'service-type': 'ClusterIP' | 'LoadBalancer' | 'NodePort' };
    };
  }
>;

export type IKnativeEventing = Of<'operator.knative.dev/v1beta1', 'KnativeEventing', Component>;

export const KnativeService = kind<IKnativeService>('serving.knative.dev/v1', 'Service');
export const Broker = kind<IBroker>('eventing.knative.dev/v1', 'Broker');
export const Trigger = kind<ITrigger>('eventing.knative.dev/v1', 'Trigger');
export const RabbitmqBrokerConfig = kind<IRabbitmqBrokerConfig>(
  'eventing.knative.dev/v1alpha1',
  'RabbitmqBrokerConfig',
);
export const KnativeServing = kind<IKnativeServing>('operator.knative.dev/v1beta1', 'KnativeServing');
export const KnativeEventing = kind<IKnativeEventing>('operator.knative.dev/v1beta1', 'KnativeEventing');
