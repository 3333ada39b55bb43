import { kind } from './api-object.ts';
import type { PodSpec, ResourceRequirements } from './k8s.ts';

// Kinds of the Strimzi operator, version 1: the fields in use here. @see https://strimzi.io/docs/operators/latest/configuring.html

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Of the pods that the operator makes. */
interface PodTemplate {
  readonly pod?: Pick<
    PodSpec,
    'affinity' | 'enableServiceLinks' | 'priorityClassName' | 'terminationGracePeriodSeconds' | 'tolerations'
  > & {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  };
}

type Settings = Readonly<Record<string, string | number | boolean>>;

interface IKafka {
  apiVersion: 'kafka.strimzi.io/v1';
  kind: 'Kafka';
  metadata: Metadata;
  spec: {
    kafka: {
      version: string;
      listeners: {
        name: string;
        port: number;
        type: 'internal';
        tls: boolean;
        authentication?: { type: 'scram-sha-512' };
      }[];
      authorization?: { type: 'simple' };
      config?: Settings;
      metricsConfig?: { type: 'strimziMetricsReporter'; values?: { allowList: string[] } };
    };
    entityOperator?: {
      topicOperator?: { resources?: ResourceRequirements };
      userOperator?: { resources?: ResourceRequirements };
      template?: PodTemplate;
    };
    kafkaExporter?: { resources?: ResourceRequirements; template?: PodTemplate };
  };
}

interface IKafkaNodePool {
  apiVersion: 'kafka.strimzi.io/v1';
  kind: 'KafkaNodePool';
  metadata: Metadata;
  spec: {
    replicas: number;
    roles: ('broker' | 'controller')[];
    storage: {
      type: 'jbod';
      volumes: {
        id: number;
        type: 'persistent-claim';
        size: string;
        class?: string;
        deleteClaim: boolean;
        kraftMetadata?: 'shared';
      }[];
    };
    resources?: ResourceRequirements;
    jvmOptions?: { '-Xms'?: string; '-Xmx'?: string };
    template?: PodTemplate;
  };
}

interface IKafkaTopic {
  apiVersion: 'kafka.strimzi.io/v1';
  kind: 'KafkaTopic';
  metadata: Metadata;
  spec: { topicName?: string; partitions: number; replicas: number; config?: Settings };
}

interface IKafkaUser {
  apiVersion: 'kafka.strimzi.io/v1';
  kind: 'KafkaUser';
  metadata: Metadata;
  spec: {
    authentication: {
      type: 'scram-sha-512';
      password?: { valueFrom: { secretKeyRef: { name: string; key: string } } };
    };
    authorization: {
      type: 'simple';
      acls: {
        resource: { type: 'topic' | 'group'; name: string; patternType: 'literal' };
        operations: ('Read' | 'Write' | 'Describe')[];
      }[];
    };
  };
}

export const Kafka = kind<IKafka>('kafka.strimzi.io/v1', 'Kafka');
export const KafkaNodePool = kind<IKafkaNodePool>('kafka.strimzi.io/v1', 'KafkaNodePool');
export const KafkaTopic = kind<IKafkaTopic>('kafka.strimzi.io/v1', 'KafkaTopic');
export const KafkaUser = kind<IKafkaUser>('kafka.strimzi.io/v1', 'KafkaUser');
