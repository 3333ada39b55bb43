import type { Layer, OwnImage, Provides, Relation } from '../imports/relations.ts';

/** A Kubernetes object as the API server reads it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** Where something was written: a line of TypeScript, or of a YAML file given to `check`. Lines count from 1. */
export interface Origin {
  /** Relative to the repository. */
  readonly file: string;
  readonly line: number;
}

/** An object with its origin. */
export interface Manifest {
  readonly object: KubeObject;
  /** Construct path, `notifi/event-processor/deployment`; the file and document number for YAML from elsewhere. */
  readonly path: string;
  /** First and second part of the construct path: the folder and the file it is written to. */
  readonly chart: string;
  readonly unit: string;
  /** The line of TypeScript that made the unit. */
  readonly source?: Origin;
  /** The line of YAML, for manifests read from files. */
  readonly file?: Origin;
  /** `namespace/name` of the Flux Kustomization that applies it, for manifests read from files that are under one. */
  readonly kustomization?: string;
}

/** A relation and the construct that declared it. */
export interface Declared extends Relation {
  readonly path: string;
  readonly chart: string;
  readonly unit: string;
  readonly source?: Origin;
}

/** What one environment renders to. */
export interface Rendered {
  readonly manifests: readonly Manifest[];
  readonly declared: readonly Declared[];
}

export type Severity = 'error' | 'warning' | 'info';

/** One thing that is wrong, or worth knowing. `message` says what is wrong, `fix` what would be right. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** `apps/v1 Deployment notifi/event-processor`, or what stands for it. */
  readonly object: string;
  /** Where it stands in YAML, and the TypeScript that made it. */
  readonly file?: string;
  readonly line?: number;
  readonly source?: Origin;
  readonly message: string;
  readonly fix: string;
}

/** The rule of findings that a construct gives of itself: `warn`. */
export const ADVICE = 'advice';

export type { Layer, OwnImage, Provides };

/** API group, empty for core: `apps` of `apps/v1`. */
export const groupOf = (apiVersion: string) => {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
};

/** `apps/Deployment`, `/Service`. */
export const typeOf = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>) =>
  `${groupOf(apiVersion)}/${kind}`;

/** Identity within one cluster; versions of one group are the same object. */
export const idOf = (object: KubeObject) =>
  `${typeOf(object)}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/** How people name it: `Deployment notifi/event-processor`. */
export const nameOf = ({ kind, metadata }: KubeObject) =>
  `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;

/** What kubectl is told to mean it: `deployment event-processor -n notifi`. */
export const kubectlNameOf = ({ kind, metadata: { name, namespace } }: KubeObject) =>
  `${kind.toLowerCase()} ${name}${namespace ? ` -n ${namespace}` : ''}`;
