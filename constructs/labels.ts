import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { identityOf } from '../imports/relations.ts';

/** Labels that pods are selected by: immutable in a live Deployment, so they come from the declared name, never from a construct's place. */
export const selectorOf = (name: string) => ({ 'app.kubernetes.io/name': name });

/** Labels of every object that belongs to `name`. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const labelsOf = (scope: Construct, name: string) => ({
  ...selectorOf(name),
  'app.kubernetes.io/part-of': identityOf(Chart.of(scope)),
});

/** The namespace of the chart that `scope` is in. */
export function namespaceOf(scope: Construct): string {
  const chart = Chart.of(scope);
  if (!chart.namespace) {
    throw new Error(`${chart.node.path}: chart has no namespace, its pods need one; pass { namespace } to the chart`);
  }
  return chart.namespace;
}

/** What the API server would refuse in a name that is also a Service's, a label value and a part of pod names (RFC 1123 label). */
export function nameProblems(name: string): string[] {
  if (name.length > 63) {
    return [`name: "${name.slice(0, 20)}..." has ${name.length} characters, at most 63 fit a label; shorten it`];
  }
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    return [`name: "${name}" is not a DNS label, only a-z, 0-9 and - inside are allowed, a letter first; rename it`];
  }
  return [];
}
