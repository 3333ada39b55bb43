import type { Severity } from '../manifest.ts';
import type { Reference } from '../resolve.ts';
import { makersIn } from './elsewhere.ts';
import { type Missing, OTHER, TABLE } from './missing-table.ts';
import { didYouMean, nearest } from './nearest.ts';
import type { Context, Rule } from './rule.ts';

const named = new Set(TABLE.flatMap(({ kinds }) => kinds));

const missingRule = ({ rule, kinds, harm, fix, breaks, passes }: Missing): Rule => ({
  name: rule,
  doc: `A ${kinds.join(', ') || 'custom resource'} is named that nothing makes: ${harm}.`,
  severity: 'error',
  *check(context) {
    const seen = new Set<string>();
    for (const reference of context.index.unresolved) {
      const { from, field, kind, namespace, name, optional } = reference;
      if (optional || (kinds.length ? !kinds.includes(kind) : named.has(kind))) continue;
      const severity = severityOf(reference, context);
      const once = `${from.path} ${kind}/${namespace}/${name}`;
      if (!severity || seen.has(once)) continue;
      seen.add(once);
      const place = namespace ? ` in namespace "${namespace}"` : '';
      const names = context.index.names(kind, namespace);
      yield {
        manifest: from,
        field,
        severity,
        message: `${field}: there is no ${kind} "${name}"${place}${didYouMean(name, names)}; ${harm}`,
        fix,
      };
    }
  },
  breaks,
  passes,
});

/** In a stranger's folder much lives elsewhere: Secrets made by hand, what charts bring. A slip of the pen still shows. */
function severityOf({ kind, namespace, name, from }: Reference, { index, closed }: Context): Severity | undefined {
  if (closed) return 'error';
  if (nearest(name, index.names(kind, namespace))) return 'warning';
  if (namespace === undefined) return undefined;
  const makers = makersIn(namespace, index.manifests);
  if (makers.some((maker) => name.startsWith(maker))) return undefined;
  const elsewhere = kind === 'Secret' || namespace !== (from.object.metadata.namespace ?? '') || makers.length;
  return elsewhere ? 'info' : 'warning';
}

export const missingRules: readonly Rule[] = [...TABLE, OTHER].map(missingRule);
