import type { Construct, IConstruct } from 'constructs';
import type { Platforms } from './environment.ts';

// What a construct says about itself and synth/ reads: constructs/ and synth/ know this vocabulary, and not each other.

/** Pods of one namespace that carry these labels. */
export interface PodSet {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One end of a connection: pods, addresses outside the cluster, or a built-in end whose pods the environment names. */
export type End =
  | PodSet
  | { readonly cidr: string; readonly except?: readonly string[] }
  | { readonly builtin: 'dns' | 'api-server' | 'ingress' | 'prometheus' | 'kubelet' };

/** A connection that has to work, checked against every NetworkPolicy on both sides. `port` is a number on the receiving pod. */
export interface Flow {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  /** @default TCP */
  readonly protocol?: 'TCP' | 'UDP';
}

/** An object that exists though nothing renders it. */
export interface ProvidedObject {
  readonly kind: string;
  /** @default - cluster-scoped */
  readonly namespace?: string;
  readonly name: string;
  /** Keys of a Secret or ConfigMap. @default - any key */
  readonly keys?: readonly string[];
  /** Ports of a Service, by number and name. @default - any port */
  readonly ports?: readonly (number | string)[];
}

/** What a chart inside a HelmRelease, an operator or the cluster itself brings. */
export interface Provides {
  /** Kinds of custom resources: `monitoring.coreos.com/ServiceMonitor`, or every kind of a group: `traefik.io/*`. */
  readonly kinds?: readonly string[];
  readonly objects?: readonly ProvidedObject[];
}

/**
 * Order in which Flux applies the parts of a chart.
 * @default - by kind: namespaces for Namespace, controllers for HelmRelease, its sources and CustomResourceDefinition, apps for the rest
 */
export type Layer = 'namespaces' | 'controllers' | 'stores' | 'apps';

/** A Secret whose SealedSecret is hand-owned under `clusters/<env>/secrets/`; of one construct and name, all hold the same values. */
export interface Sealed {
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly string[];
  /** Keys that `npm run seal` may make up, and their length; the rest a person has to know. */
  readonly generate?: Readonly<Record<string, number>>;
  /** @default Opaque */
  readonly type?: string;
  /** Of the Secret, for what finds it by them. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** One statement; a construct may make several. */
export interface Relation {
  /** Paths of the constructs this one needs up before it: gives Flux's order. */
  readonly uses?: readonly string[];
  readonly flows?: readonly Flow[];
  readonly provides?: Provides;
  readonly layer?: Layer;
  /** Pods of a chart or an operator that have a mesh's proxy though their namespace has none, or the other way round. */
  readonly meshed?: readonly PodSet[];
  readonly unmeshed?: readonly PodSet[];
  /** The whole chart is platform: it is listed in infrastructure.yaml, not apps.yaml. */
  readonly platform?: boolean;
  /** Flux never deletes what is below this construct: the first and the last step of moving it to another chart. */
  readonly guard?: boolean;
  /** The name that a chart (its folders and Flux Kustomizations) or a unit (its file) keeps though its id changed. */
  readonly identity?: string;
  /** The entry of the environment's `existing` that it goes by. */
  readonly existing?: string;
  /** An accepted exception to a rule, for every object below this construct. */
  readonly allow?: { readonly rule: string; readonly reason: string };
  readonly sealed?: Sealed;
  /** An own image: its policy's name, repository, and whether this reference is kept by image automation. */
  readonly image?: OwnImage;
  /** The architectures that own images are built for. */
  readonly platforms?: Platforms;
  /** Pods that no rendered object has a template of: they take room all the same. */
  readonly runs?: readonly Runs[];
  /** What a person should know of a thing that is rendered nevertheless. */
  readonly warnings?: readonly string[];
}

/** Pods that a Helm chart or an operator makes, by what the values given to it ask for. */
export interface Runs {
  readonly namespace: string;
  readonly name: string;
  /** How many; one on every node that takes it. */
  readonly pods: number | 'every-node';
  /** Requests of one pod, as Kubernetes quantities. */
  readonly cpu: string;
  readonly memory: string;
  /** Repositories of its images: `docker.io/grafana/loki`. @default - unknown, and nothing is said of them */
  readonly images?: readonly string[];
  /** Of one pod's volume. @default - none */
  readonly storage?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Also on nodes with taints, whichever. @default false */
  readonly everywhere?: boolean;
}

/** An image whose tag is kept in the committed file, under an `$imagepolicy` marker. */
export interface OwnImage {
  /** `<namespace>:<name>` of the ImagePolicy: `flux-system:event-processor`. */
  readonly policy: string;
  /** Without the tag: `ghcr.io/salomax/neotool-app`. */
  readonly repository: string;
  readonly tag: string;
}

export const RELATION = 'relation';

/** Declares a relation of `scope`. */
export function declare(
  scope: Construct,
  relation: Omit<Relation, 'uses'> & { readonly uses?: readonly IConstruct[] },
) {
  const { uses, ...rest } = relation;
  scope.node.addMetadata(RELATION, uses ? { ...rest, uses: uses.map((used) => used.node.path) } : rest);
}

/**
 * The name that `scope` goes by: the identity that it is given here or was declared, else its id. An id is for the
 * reader of the code and may change; a name that is committed is somebody's volume, selector or address.
 */
export function identityOf(scope: IConstruct, identity?: string): string {
  if (identity !== undefined) declare(scope as Construct, { identity });
  const declared = scope.node.metadata.filter(({ type }) => type === RELATION).map(({ data }) => data as Relation);
  return declared.find((relation) => relation.identity !== undefined)?.identity ?? scope.node.id;
}

/** Refuses what was asked of `scope`; every refusal of the environment is reported together, and nothing is written. */
export function refuse(scope: Construct, problems: readonly string[]) {
  if (problems.length) scope.node.addValidation({ validate: () => [...problems] });
}

/** Renders what was asked of `scope`, and says what is wrong with it; in the words of a refusal. */
export function warn(scope: Construct, problems: readonly string[]) {
  if (problems.length) declare(scope, { warnings: problems });
}
