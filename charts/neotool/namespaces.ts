import { type App, Chart } from 'cdk8s';
import { Namespace } from '../../constructs/namespace.ts';

/** One of the eight: a chart and a namespace `neotool-<name>`, which takes what is rendered in it at the busiest and a quarter more. */
export function area(app: App, name: string): Chart {
  const namespace = `neotool-${name}`;
  const chart = new Chart(app, namespace, { namespace, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace', { quota: { headroom: 25 } });
  return chart;
}
