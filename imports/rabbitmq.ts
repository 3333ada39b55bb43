import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import type { IAffinity } from 'kubernetes-models/v1/Affinity';
import type { IResourceRequirements } from 'kubernetes-models/v1/ResourceRequirements';
import type { IToleration } from 'kubernetes-models/v1/Toleration';

// The fields of the RabbitMQ operators' kinds that are rendered here: npm has no models of them.
// https://github.com/rabbitmq/cluster-operator and https://github.com/rabbitmq/messaging-topology-operator, docs/api

interface Of<Kind extends string, Spec> {
  readonly apiVersion: 'rabbitmq.com/v1beta1';
  readonly kind: Kind;
  readonly metadata?: IObjectMeta;
  readonly spec: Spec;
}

/** What is made inside of a broker. */
type In<Kind extends string, Spec> = Of<
  Kind,
  Spec & { readonly rabbitmqClusterReference: { readonly name: string; readonly namespace?: string } }
>;

export type IRabbitmqCluster = Of<
  'RabbitmqCluster',
  {
    readonly replicas: number;
    readonly image: string;
    readonly persistence: { readonly storageClassName?: string; readonly storage: string };
    readonly resources: IResourceRequirements;
    readonly affinity?: IAffinity;
    readonly tolerations?: IToleration[];
    readonly override?: {
      readonly statefulSet: {
        readonly spec: {
          readonly template: { readonly spec: { readonly priorityClassName: string; readonly containers: [] } };
        };
      };
    };
  }
>;

export type IVhost = In<'Vhost', { readonly name: string; readonly defaultQueueType: 'quorum' | 'classic' | 'stream' }>;

export type IUser = In<'User', { readonly importCredentialsSecret: { readonly name: string } }>;

export type IPermission = In<
  'Permission',
  {
    readonly vhost: string;
    readonly userReference: { readonly name: string };
    readonly permissions: { readonly configure: string; readonly write: string; readonly read: string };
  }
>;

export type IQueue = In<
  'Queue',
  {
    readonly name: string;
    readonly vhost: string;
    readonly type: 'quorum' | 'classic' | 'stream';
    readonly durable: boolean;
  }
>;

export type IExchange = In<
  'Exchange',
  {
    readonly name: string;
    readonly vhost: string;
    readonly type: 'direct' | 'fanout' | 'topic';
    readonly durable: boolean;
  }
>;

export type IBinding = In<
  'Binding',
  {
    readonly vhost: string;
    readonly source: string;
    readonly destination: string;
    readonly destinationType: 'exchange' | 'queue';
    readonly routingKey?: string;
  }
>;

export type IPolicy = In<
  'Policy',
  {
    readonly name: string;
    readonly vhost: string;
    readonly pattern: string;
    readonly applyTo: 'queues' | 'classic_queues' | 'quorum_queues' | 'streams' | 'exchanges' | 'all';
    readonly definition: Readonly<Record<string, string | number | boolean>>;
  }
>;
