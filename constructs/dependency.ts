import type { IConstruct } from 'constructs';
import type { End } from '../imports/relations.ts';
import type { Image } from './images.ts';

/** A value that a pod reads from a Secret of its own namespace. */
export interface SecretKey {
  readonly secret: string;
  readonly key: string;
  /** Where the Secret exists. @default - known only to whoever wrote this; not checked */
  readonly namespaces?: readonly string[];
  /** What makes the Secret; comes before the pod. */
  readonly construct?: IConstruct;
}

/** A value that a pod reads from a ConfigMap of its own namespace. */
export interface ConfigMapKey {
  readonly configMap: string;
  readonly key: string;
}

/** A fact about the pod itself: `status.podIP`. @see https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
export interface PodField {
  readonly field: string;
}

export type Source = SecretKey | ConfigMapKey | PodField;

/** Environment variables by name, in order; a literal may refer to earlier ones: `postgres://$(PGHOST)/notifi`. */
export type Env = Readonly<Record<string, string | number | boolean | Source>>;

/** A token of the pod's own ServiceAccount, renewed by the kubelet, that `audience` accepts and nobody else. */
export interface ServiceAccountToken {
  readonly audience: string;
}

/** Files by absolute path: their content, or where it comes from. A token has its folder to itself. */
export type Files = Readonly<Record<string, string | SecretKey | ConfigMapKey | ServiceAccountToken>>;

/** A port to connect to. */
export interface Endpoint {
  readonly to: End;
  /** On the receiving pod or machine, not the Service. */
  readonly port: number;
  /** @default TCP */
  readonly protocol?: 'TCP' | 'UDP';
  /** Lets these pods in at the other end. @default - nothing keeps them out there */
  admit?(from: End): void;
}

/** What a pod may connect to. */
export interface Callee {
  readonly endpoints: readonly Endpoint[];
}

/** A container that runs before the pod's own, in its place: with its variables, files, folders, account and size. */
export interface Wait {
  readonly name: string;
  readonly image: Image;
  /** Ends when the pod may start; it only looks, so that any number of pods may do it at once. */
  readonly command: readonly string[];
}

/**
 * What a pod needs to work: a store, a queue, a credential, a service outside the cluster. Everything that follows from
 * the relation is said here once: variables, files, volumes, ports of both NetworkPolicies, and Flux's order.
 */
export interface Dependency {
  readonly env?: Env;
  readonly files?: Files;
  readonly endpoints?: readonly Endpoint[];
  /** Volumes by the folder they are mounted at: names of PersistentVolumeClaims in the pod's namespace. @default - none */
  readonly volumes?: Readonly<Record<string, string>>;
  /** What has to be up before the pod. @default - nothing in this cluster */
  readonly construct?: IConstruct;
  /** What each of its pods looks for before it starts, whenever that is: Flux's order says nothing about restarts. @default - nothing */
  readonly wait?: Wait;
}
