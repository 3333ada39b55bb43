import type { Origin } from '../manifest.ts';
import type { Capacity } from './capacity.ts';
import type { Fold } from './fold.ts';
import type { Edit } from './values.ts';

/** The version of the JSON that `npm run review` prints; a field that goes or changes its meaning raises it. */
export const PAGE_VERSION = 1;

/**
 * What a change means, from harmless to grave:
 * - `routine`: nothing but versions of images and charts;
 * - `changes`: something behaves differently;
 * - `risky`: it may be refused, interrupt a service, or open a door;
 * - `destroys`: data will be gone.
 */
export type Level = 'none' | 'routine' | 'changes' | 'risky' | 'destroys';

/** Everything that a reviewer of one environment needs. */
export interface Page {
  readonly environment: string;
  readonly verdict: { readonly level: Level; readonly why: string };
  readonly counts: Readonly<Record<'added' | 'changed' | 'renamed' | 'removed', number>>;
  readonly cautions: readonly Caution[];
  readonly restarts: readonly Restart[];
  readonly scales: readonly Scale[];
  readonly added: readonly Entry[];
  readonly removed: readonly Removal[];
  readonly reach: readonly Reach[];
  readonly images: readonly ImageChange[];
  readonly capacity?: Capacity;
  readonly secrets: readonly NeededSecret[];
  readonly alerts: readonly AlertChange[];
  /** What breaks a rule and was accepted in TypeScript, with the reason; only known of environments of this project. */
  readonly exceptions: readonly Exception[];
  /** The same change over many objects is one line. */
  readonly folds: readonly Fold[];
  /** Every change, field by field; values of Secrets are left out. */
  readonly changes: readonly Listed[];
  /** What could not be read, and so is not in this page. */
  readonly notes: readonly string[];
}

/** An object as people name it, and where it comes from. */
export interface Entry {
  /** `Deployment notifi/api`. */
  readonly object: string;
  readonly source?: Origin;
}

/** Something to think about before merging. */
export interface Caution extends Entry {
  readonly rule: string;
  readonly level: 'risky' | 'destroys';
  readonly message: string;
  /** How to get there safely, one step each. */
  readonly steps?: readonly string[];
}

export interface Restart extends Entry {
  /** Fields of the pod template, and what becomes of them. */
  readonly because: readonly string[];
}

export interface Scale extends Entry {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** What Flux does about an object that is gone from the tree. */
export type Fate =
  /** Removed from the cluster. */
  | 'deleted'
  /** Stays because it is guarded, or its Kustomization does not prune. */
  | 'kept'
  /** Its Kustomization is suspended: nothing happens until it is resumed. */
  | 'suspended'
  /** Another Kustomization applies it from now on; the old one deletes it before. */
  | 'moved'
  /** No Flux Kustomization of the tree applies it. */
  | 'unknown';

export interface Removal extends Entry {
  readonly fate: Fate;
  readonly why: string;
}

export interface Exception extends Entry {
  readonly rule: string;
  readonly message: string;
  readonly reason: string;
}

/** A door that opens or closes. */
export interface Reach extends Entry {
  readonly direction: 'widened' | 'narrowed';
  readonly by: 'network' | 'rights' | 'exposure' | 'privilege';
  readonly message: string;
}

export interface ImageChange {
  readonly image: string;
  readonly before: string;
  readonly after: string;
  readonly objects: readonly string[];
}

export interface NeededSecret {
  /** `notifi/stripe`. */
  readonly secret: string;
  readonly keys: readonly string[];
  readonly by: readonly Entry[];
}

export interface AlertChange extends Entry {
  readonly alert: string;
  readonly kind: 'added' | 'lost' | 'changed';
}

export interface Listed extends Entry {
  readonly kind: 'added' | 'changed' | 'renamed' | 'removed';
  readonly apiVersion: string;
  /** The name before, where it was renamed. */
  readonly before?: string;
  readonly edits?: readonly Edit[];
  /** The whole object, where it was added. */
  readonly after?: unknown;
}
