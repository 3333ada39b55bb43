import { map, maps, text } from '../resolve/json.ts';
import { isManifest } from '../resolve.ts';
import { oncePerIndex } from './once.ts';
import type { Rule } from './rule.ts';

/** Whether a binding gives rights to a ServiceAccount, itself or as one of a group. */
export const boundAccounts = oncePerIndex((index) => {
  const bound = new Set<string>();
  for (const { object } of [...index.byKind('RoleBinding'), ...index.byKind('ClusterRoleBinding')]) {
    for (const { kind, name, namespace } of maps(object.subjects)) {
      const known = text(name) ?? '';
      if (kind === 'ServiceAccount') bound.add(`${namespace ?? object.metadata.namespace}/${known}`);
      if (kind === 'User') bound.add(known.replace('system:serviceaccount:', '').replace(':', '/'));
      if (kind === 'Group')
        bound.add(known === 'system:serviceaccounts' ? '*' : `${known.replace('system:serviceaccounts:', '')}/*`);
    }
  }
  return (namespace: string, name: string) =>
    bound.has('*') || bound.has(`${namespace}/*`) || bound.has(`${namespace}/${name}`);
});

const tokenWithoutRole: Rule = {
  name: 'token-without-role',
  doc: 'A pod mounts an API token that no binding gives any right to: it is refused whatever it asks, or the token is a risk for nothing.',
  severity: 'warning',
  *check({ index, closed }) {
    const isBound = boundAccounts(index);
    for (const { manifest, namespace, pod, podPath, serviceAccount } of index.workloads) {
      if (isBound(namespace, serviceAccount)) continue;
      const account = index.find('ServiceAccount', namespace, serviceAccount, '', manifest);
      const isRendered = account && isManifest(account);
      // The rights of an account that a chart makes come with that chart.
      if (account && !isRendered && serviceAccount !== 'default') continue;
      const asked =
        pod.automountServiceAccountToken ?? (isRendered ? map(account.object).automountServiceAccountToken : undefined);
      if (asked === false || (asked === undefined && !closed)) continue;
      const field = `${podPath}.automountServiceAccountToken`;
      const message = `ServiceAccount "${serviceAccount}" has no RoleBinding or ClusterRoleBinding`;
      yield asked
        ? {
            manifest,
            field,
            severity: closed ? 'warning' : 'info',
            message: `${field}: true, but ${message}`,
            fix: 'bind the role that it needs, or set it to false',
          }
        : {
            manifest,
            field,
            severity: 'info',
            message: `${field}: a token is mounted by default, and ${message}`,
            fix: 'set it to false',
          };
    }
  },
  breaks: pod('true'),
  passes: pod('false'),
};

function pod(mount: string) {
  return `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {automountServiceAccountToken: ${mount}, containers: [{name: api}]}
`;
}

export const rbacRules: readonly Rule[] = [tokenWithoutRole];
