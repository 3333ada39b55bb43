import type { KubeObject } from '../manifest.ts';
import { map, maps, text, texts } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Caution, Reach } from './page.ts';
import type { Sides } from './sides.ts';

/** One right: a verb on a resource, in one namespace or in all. */
interface Right {
  readonly scope: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** @default - every object */
  readonly name?: string;
}

/** Who may do what that could not before, or no longer: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export function rightsReach({ base, head, changes, entry }: Sides): Reach[] {
  const touches = /^(?:Cluster)?Role(?:Binding)?$/;
  if (!changes.some((change) => touches.test((change.kind === 'removed' ? change.before : change.after).kind)))
    return [];
  const [before, after] = [granted(base), granted(head)];
  const reaches: Reach[] = [];
  for (const subject of new Set([...before.keys(), ...after.keys()])) {
    const [then, now] = [before.get(subject), after.get(subject)];
    const came = (now?.rights ?? []).filter((right) => !then?.rights.some((other) => includes(other, right)));
    const went = (then?.rights ?? []).filter((right) => !now?.rights.some((other) => includes(other, right)));
    const { source } = entry((now ?? then)!.binding);
    if (came.length)
      reaches.push({ object: subject, source, direction: 'widened', by: 'rights', message: `may ${sayRights(came)}` });
    if (went.length)
      reaches.push({
        object: subject,
        source,
        direction: 'narrowed',
        by: 'rights',
        message: `may no longer ${sayRights(went)}`,
      });
  }
  return reaches;
}

function granted(index: Index): Map<string, { readonly rights: Right[]; readonly binding: KubeObject }> {
  const bySubject = new Map<string, { rights: Right[]; binding: KubeObject }>();
  for (const { object: binding } of [...index.byKind('RoleBinding'), ...index.byKind('ClusterRoleBinding')]) {
    const { kind, name } = map(binding.roleRef);
    const own = binding.metadata.namespace;
    const scope = binding.kind === 'ClusterRoleBinding' ? '' : (own ?? '');
    const rights = rightsOf(index, `${kind}`, `${name}`, own, scope);
    for (const subject of maps(binding.subjects)) {
      const namespace = text(subject.namespace) ?? (subject.kind === 'ServiceAccount' ? own : undefined);
      const who = `${subject.kind} ${namespace ? `${namespace}/` : ''}${subject.name}`;
      const known = bySubject.get(who);
      if (known) known.rights.push(...rights);
      else bySubject.set(who, { rights: [...rights], binding });
    }
  }
  return bySubject;
}

function rightsOf(index: Index, kind: string, name: string, namespace: string | undefined, scope: string): Right[] {
  const role = index.byId(
    `rbac.authorization.k8s.io/${kind}/${kind === 'Role' ? (namespace ?? '') : ''}/${name}`,
  )?.object;
  // A role that the cluster or a chart brings: what it allows stands elsewhere.
  if (!role)
    return name === 'cluster-admin'
      ? [{ scope, group: '*', resource: '*', verb: '*' }]
      : [{ scope, group: '', resource: `what ${kind} ${name} allows`, verb: 'do' }];
  return maps(role.rules).flatMap((rule) => {
    const names = texts(rule.resourceNames);
    const verbs = texts(rule.verbs);
    const urls = texts(rule.nonResourceURLs).flatMap((resource) =>
      verbs.map((verb) => ({ scope: '', group: '', resource, verb })),
    );
    const resources = texts(rule.apiGroups).flatMap((group) =>
      texts(rule.resources).flatMap((resource) =>
        verbs.flatMap((verb) =>
          (names.length ? names : [undefined]).map((each) => ({
            scope,
            group,
            resource,
            verb,
            ...(each ? { name: each } : {}),
          })),
        ),
      ),
    );
    return [...urls, ...resources];
  });
}

const takes = (outer: string, inner: string) => outer === '*' || outer === inner;

const includes = (outer: Right, inner: Right) =>
  (outer.scope === '' || outer.scope === inner.scope) &&
  takes(outer.group, inner.group) &&
  takes(outer.resource, inner.resource) &&
  takes(outer.verb, inner.verb) &&
  (outer.name === undefined || outer.name === inner.name);

/** `get, list secrets in notifi; * * everywhere`. */
function sayRights(rights: readonly Right[]): string {
  const verbs = new Map<string, Set<string>>();
  for (const { scope, group, resource, verb, name } of rights) {
    const what = `${resource === '*' ? 'everything' : resource}${group && group !== '*' ? `.${group}` : ''}${name ? `/${name}` : ''} ${scope ? `in ${scope}` : 'everywhere'}`;
    const known = verbs.get(what) ?? new Set();
    verbs.set(what, known.add(verb));
  }
  const alike = new Map<string, string[]>();
  for (const [what, of] of verbs) alike.set([...of].join(', '), [...(alike.get([...of].join(', ')) ?? []), what]);
  return [...alike].map(([of, what]) => `${of === '*' ? 'do anything with' : of} ${what.join(' and ')}`).join('; ');
}

/** Rights that are the cluster's keys, and konflate's `rbac-widened`. */
export function* rightsCautions({ changes, entry }: Sides, reaches: readonly Reach[]): Iterable<Caution> {
  const bindings = changes.flatMap((change) =>
    change.kind === 'added' && change.after.kind === 'ClusterRoleBinding' ? [change.after] : [],
  );
  for (const binding of bindings) {
    const message = `new ClusterRoleBinding: ${maps(binding.subjects)
      .map(({ name }) => name)
      .join(', ')} gets what ${map(binding.roleRef).name} allows in every namespace`;
    yield { ...entry(binding), rule: 'rbac-widened', level: 'risky', message };
  }
  for (const { object, source, direction, by, message } of reaches) {
    if (by !== 'rights' || direction !== 'widened' || (bindings.length && message.includes('what ClusterRole')))
      continue;
    if (!STRONG.test(message.replaceAll(/what (?:Cluster)?Role \S+ allows/g, ''))) continue;
    yield { object, source, rule: 'rights-widened', level: 'risky', message };
  }
}

const STRONG =
  /\*|do anything|everything|\bsecrets?\b|escalate|impersonate|\bbind\b|pods\/exec|(?:roles|rolebindings|clusterroles|clusterrolebindings)\b|nodes\/proxy|serviceaccounts\/token/;
