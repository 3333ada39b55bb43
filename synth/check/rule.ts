import type { KubeObject, Manifest, Severity } from '../manifest.ts';
import type { Index } from '../resolve.ts';

/** What a rule may look at. */
export interface Context {
  readonly index: Index;
  /** The object of that identity as it is committed now; changes of immutable fields are seen against it. */
  readonly committed: (id: string) => KubeObject | undefined;
  /** Everything is known here (an environment of ours): what is missing is an error. Else (a stranger's folder) it may exist elsewhere. */
  readonly closed: boolean;
}

/** One fault of one object. */
export interface Problem {
  readonly manifest: Manifest;
  /** The field, `spec.template.spec.containers[0].ports[1].name`; gives the line in YAML. */
  readonly field?: string;
  readonly message: string;
  readonly fix: string;
  /** @default - the rule's */
  readonly severity?: Severity;
}

/** A small rule: its examples are its test. */
export interface Rule {
  /** Kebab case, named after what is wrong: `missing-secret-key`. */
  readonly name: string;
  /** One line: what it finds and why that hurts. */
  readonly doc: string;
  readonly severity: Severity;
  check(context: Context): Iterable<Problem>;
  /** YAML documents in which the rule finds exactly one problem, and none. */
  readonly breaks: string;
  readonly passes: string;
}
