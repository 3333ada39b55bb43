import type { App } from 'cdk8s';
import type { Construct } from 'constructs';
import type { PodSet, Provides } from './relations.ts';
import type { Source } from './source.ts';

/** As label `kubernetes.io/arch` of a node has it. */
export type Arch = 'amd64' | 'arm64';

/** The architectures that images exist for, by repository: `{ 'docker.io/library/redis': ['amd64', 'arm64'] }`. */
export type Platforms = Readonly<Record<string, readonly Arch[]>>;

/** Where a pod may run: one machine. */
export interface Node {
  readonly name: string;
  readonly arch: Arch;
  /** Cores, as a Kubernetes quantity: `4`, `3500m`. */
  readonly cpu: string;
  /** Memory, as a Kubernetes quantity: `8Gi`. */
  readonly memory: string;
  /** Disk for volumes and images: `256Gi`. */
  readonly disk: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** A machine of one's own, for its K3s configuration; what is reserved is not in `cpu` and `memory`. @default - somebody else's */
  readonly machine?: {
    readonly address: string;
    readonly reserved: { readonly cpu: string; readonly memory: string };
  };
}

/** Like machines of a managed cluster; counted as `count` nodes named `<name>-1`, `<name>-2`, ... */
export interface NodePool extends Node {
  readonly count: number;
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface StorageClass {
  /** `node`: gone with its node (local-path); `network`: follows the pod (a cloud disk); `shared`: many writers (NFS). */
  readonly kind: 'node' | 'network' | 'shared';
  readonly default?: boolean;
  readonly expandable: boolean;
}

/** Where images of one origin are pulled from. */
export interface Registry {
  /** Host and path before the image's name: `ghcr.io/salomax`. */
  readonly prefix: string;
  /** Plain HTTP. @default false */
  readonly insecure?: boolean;
  /** Name of the credential (type kubernetes.io/dockerconfigjson) that pulls from it. @default - public */
  readonly pullSecret?: string;
}

/**
 * Who makes a Secret:
 * - `sealed`: a SealedSecret file under `clusters/<env>/secrets/`, made by `npm run seal`;
 * - `external`: the External Secrets operator, from the named store; sealed for the platform, which must not wait for a
 *   store that stands on it;
 * - `generated`: made once in the cluster by External Secrets' Password generator, for values nobody has to know; sealed
 *   where somebody has to.
 */
export type SecretSource =
  | { readonly kind: 'sealed' }
  | {
      readonly kind: 'external';
      readonly store: { readonly kind: 'SecretStore' | 'ClusterSecretStore'; readonly name: string };
    }
  | { readonly kind: 'generated' };

/** Pods that take OTLP. */
export interface OtlpReceiver {
  /** Base address of its Service: `http://opentelemetry-collector.opentelemetry-collector.svc:4317`. */
  readonly endpoint: string;
  readonly to: PodSet;
  /** On the pods: 4317 for gRPC, 4318 for HTTP. */
  readonly port: number;
}

/** What an object that runs already is called, where that cannot be changed without making it anew. */
export interface Existing {
  /** Of the StatefulSet, Deployment or claim, and of all that is named after it. */
  readonly name?: string;
  /** Of a store: its headless Service, which is in the address of each member. */
  readonly serviceName?: string;
  /** Of a store: the first part of its claims' names, `mongo-data` of `mongo-data-mongodb-0`. */
  readonly claim?: string;
  /** Of a store: the labels that its StatefulSet selects pods by. */
  readonly selector?: Readonly<Record<string, string>>;
}

/** Places one system into the environment's app: makes its charts. */
export type System = (app: App, environment: Environment) => void;

/** The facts of one cluster. Nothing but this literal differs between two environments of one system. */
export interface Environment {
  /** Also the folder: `clusters/<name>`. */
  readonly name: string;
  /**
   * UID of the cluster's namespace kube-system, by which `verify`, `adopt` and `leave` know it:
   * `kubectl get namespace kube-system -o jsonpath={.metadata.uid}`. @default - known by the folder that Flux follows there, or by its nodes
   */
  readonly clusterUid?: string;
  /** Kubernetes minor version, `1.34`. */
  readonly kubernetes: string;
  /** Where commits are pushed, and whether Flux reads them there or as an artifact in a registry. */
  readonly repository: Source;
  readonly nodes: readonly (Node | NodePool)[];
  readonly storageClasses: Readonly<Record<string, StorageClass>>;
  readonly domain: string;
  readonly ingress: {
    readonly class: string;
    /** Of certificates: by Let's Encrypt, or where the domain is private, by an authority of the cluster's own. */
    readonly issuer: string;
    /** Has the ingress controller also listen to pods, at this port and nowhere outside. @default - it does not */
    readonly internal?: { readonly port: number };
    /** Whether it is the Traefik that K3s brings, which is given values. @default false: a release of our own */
    readonly bundled?: boolean;
  };
  readonly mesh: 'none' | 'linkerd';
  readonly secrets: SecretSource;
  readonly registries: { readonly own: Registry };
  /** Of images that others make: charts/platforms.ts. @default - unknown, and pods that land on arm64 are warned of */
  readonly platforms?: Platforms;
  /** Who writes new tags of own images into the committed files; both edit the same marker. Flux needs `repository` to be git. */
  readonly imageTags: 'flux' | 'ci';
  /** How often Flux looks and retries: `10m`, `1m`. */
  readonly flux: {
    readonly interval: string;
    readonly retryInterval: string;
    /** How often registries are asked for new tags of own images. @default - interval */
    readonly scanInterval?: string;
  };
  readonly network: {
    /** Pod, service and node address ranges, and the API server's address and port as pods are routed to it. */
    readonly pods: string;
    readonly services: string;
    readonly nodes: readonly string[];
    readonly apiServer: { readonly cidr: string; readonly port: number };
    /** The pods behind the built-in ends of a connection. */
    readonly dns: PodSet;
    readonly ingress: PodSet;
    readonly prometheus: PodSet;
  };
  /** Who takes traces, metrics and logs by OTLP, for pods that have `telemetry`. @default - nobody, and their SDKs are off */
  readonly otlp?: OtlpReceiver;
  /** What the cluster itself brings: a kind, class, Secret or Service that neither it nor the environment brings is an error. */
  readonly provides: Provides;
  /**
   * Stores, workloads and shared folders that run already under other names, by `<namespace>/<name>` as they would be rendered:
   * `{ 'shop/mongodb': { name: 'mongo', serviceName: 'mongo', claim: 'mongo-data', selector: { app: 'mongo' } } }`.
   */
  readonly existing?: Readonly<Record<string, Existing>>;
  /** Hand-owned folders and files under `clusters/<name>` that the root kustomization lists too. */
  readonly also?: readonly string[];
  /**
   * Flux Kustomizations with data behind them that may go, or change their name. Each stands here for one push; synth
   * refuses it after its last day.
   */
  readonly removals?: readonly {
    readonly kustomization: string;
    readonly reason: string;
    /** `2026-12-31`. */
    readonly until: string;
  }[];
  readonly systems: readonly System[];
  /** Texts and files for people, not for the cluster, by path below docs/: `npm run handbook` writes them, and `<env>/map.svg`. @default - none */
  readonly handbook?: (environment: Environment, objects: readonly RenderedObject[]) => Handbook;
}

export type Handbook = Readonly<Record<string, string>>;

/** An object of any kind, as it is rendered. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: fields of every kind
  readonly [field: string]: any;
}

/** Whether nobody outside can look the domain up: no public certificate is to be had for it. */
export const isPrivate = (domain: string) => /(^|\.)(local|localhost|test|internal|home\.arpa)$/.test(domain);

/** Key of the environment in the app's context. */
export const ENVIRONMENT = 'environment';

/** The environment that `scope` is rendered for. */
export function environmentOf(scope: Construct): Environment {
  return scope.node.getContext(ENVIRONMENT);
}

/** Key, in the app's context, of the committed tags of own images: policy (`<namespace>:<name>`) to tag. */
export const TAGS = 'tags';

/** The tag that stands in the committed files for this policy. */
export function committedTag(scope: Construct, policy: string): string | undefined {
  return (scope.node.getContext(TAGS) as ReadonlyMap<string, string>).get(policy);
}

/** Key, in the app's context, of the digests of sealed files by `<namespace>/<name>`. */
export const SEALED = 'sealed';
