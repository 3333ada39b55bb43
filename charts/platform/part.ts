import { type App, Chart } from 'cdk8s';
import { Namespace, type NamespaceProps } from '../../constructs/namespace.ts';
import { declare } from '../../imports/relations.ts';

/**
 * One part of the platform: a chart and a namespace of its own, so that Flux can order the parts among each other. Its
 * namespace is open: pods of a Helm chart bring no NetworkPolicies that would let them through a closed one.
 */
export function part(app: App, name: string, { podSecurity }: Pick<NamespaceProps, 'podSecurity'> = {}): Chart {
  const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
  declare(chart, { platform: true });
  new Namespace(chart, 'namespace', { podSecurity, network: 'open' });
  return chart;
}
