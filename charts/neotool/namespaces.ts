import { type App, Chart } from 'cdk8s';
import { Namespace } from '../../constructs/namespace.ts';
import { amountOf, type Resources, resourcesOf, type Size } from '../../constructs/sizes.ts';

/** Pods of one kind that there may be at one time, a rollout's included. */
export type Claim = readonly [count: number, size: Size];

/** One of the eight: a chart and a namespace `neotool-<name>`, which takes as many pods as `claims` sum up to, and five small Jobs more. */
export function area(app: App, name: string, claims: readonly Claim[]): Chart {
  const namespace = `neotool-${name}`;
  const chart = new Chart(app, namespace, { namespace, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace', { quota: quotaOf([...claims, [5, 'small']]) });
  return chart;
}

function quotaOf(claims: readonly Claim[]) {
  const sum = (of: (size: ReturnType<typeof resourcesOf>) => unknown) =>
    claims.reduce((total, [count, size]) => total + count * amountOf(`${of(resourcesOf(size))}`), 0);
  return {
    pods: `${claims.reduce((total, [count]) => total + count, 0)}`,
    'requests.cpu': `${Math.ceil(sum(({ requests }) => requests!['cpu']) * 1000)}m`,
    'requests.memory': mebibytes(sum(({ requests }) => requests!['memory'])),
    'limits.memory': mebibytes(sum(({ limits }) => limits!['memory'])),
  };
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)}Mi`;

/** A server with a helper of size tiny beside it, as an exporter is. */
export function withHelper(size: Size): Resources {
  const [{ requests, limits }, helper] = [resourcesOf(size), resourcesOf('tiny')];
  const cpu = amountOf(`${requests!['cpu']}`) + amountOf(`${helper.requests!['cpu']}`);
  const both = (of: typeof requests, other: typeof requests) =>
    mebibytes(amountOf(`${of!['memory']}`) + amountOf(`${other!['memory']}`));
  return {
    cpu: `${Math.ceil(cpu * 1000)}m`,
    memory: both(requests, helper.requests),
    memoryLimit: both(limits, helper.limits),
  };
}
