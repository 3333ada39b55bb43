import { push } from '../group-by.ts';
import type { Declared, Finding } from '../manifest.ts';

/** The exceptions that constructs declare for what is below them; one that covers nothing is a finding. */
export class Exceptions {
  readonly #byRule = new Map<string, Declared[]>();
  readonly #used = new Set<Declared>();

  constructor(declared: readonly Declared[]) {
    for (const each of declared) if (each.allow) push(this.#byRule, each.allow.rule, each);
  }

  /** The finding as it is, or only mentioned where an exception covers the object at `path`. */
  accept(finding: Finding, path: string): Finding {
    const covering = this.#byRule
      .get(finding.rule)
      ?.find((each) => path === each.path || path.startsWith(`${each.path}/`));
    if (!covering) return finding;
    this.#used.add(covering);
    return { ...finding, severity: 'info', fix: `accepted: ${covering.allow!.reason}` };
  }

  /** Asked last. `rules` can be accepted, `firm` ones cannot. */
  unused(rules: ReadonlySet<string>, firm: ReadonlySet<string>): Finding[] {
    const why = (rule: string) => {
      if (firm.has(rule)) return `"${rule}" cannot be accepted, Flux would stand still before it`;
      return rules.has(rule) ? `nothing here breaks "${rule}"` : `there is no rule "${rule}"`;
    };
    return [...this.#byRule.values()].flat().flatMap((each) => {
      if (this.#used.has(each)) return [];
      return {
        rule: 'unused-exception',
        severity: 'warning' as const,
        object: each.path,
        source: each.source,
        message: `allow: ${why(each.allow!.rule)}`,
        fix: 'remove the exception',
      };
    });
  }
}
