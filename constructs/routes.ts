import type { IngressProps } from './ingress.ts';
import type { Workload } from './workload.ts';

/** What answers the requests below a path. */
export interface Route {
  readonly to: Workload;
  /** @default http */
  readonly port?: string;
  /** Takes the path off before the request is passed on. @default false */
  readonly strip?: boolean;
  /** False where many requests come from few addresses: webhooks. @default - as the Ingress has it */
  readonly rateLimit?: false;
  /** Cookie that keeps a client at one of its pods; of its own, for two workloads would take each other's for a pod that is gone. @default - none */
  readonly sticky?: string;
}

export type Routes = readonly (Route & { readonly path: string })[];

/**
 * Rules of one Ingress object each, by the Middlewares that their paths do not pass, since Middlewares belong to whole
 * objects. Those that pass all of them come first. Lets the ingress controller in to what answers.
 */
export function rulesByExemption(routes: Routes, streams: readonly string[]) {
  const streamed = streams.flatMap((path) => {
    const route = closest(path, routes);
    return route && route.path !== path ? [{ ...route, path }] : [];
  });
  const paths = [...routes, ...streamed].map(({ path, to, port, rateLimit }) => ({
    without: [...(rateLimit === false ? ['rate-limit'] : []), ...(streams.includes(path) ? ['body-limit'] : [])],
    rule: { path, pathType: 'Prefix' as const, backend: to.admitIngress(port) },
  }));
  const exemptions = new Map(paths.map(({ without }) => [without.join(), without]));
  return [...exemptions]
    .sort(([, a], [, b]) => a.length - b.length)
    .map(([key, without]) => ({
      without,
      paths: paths.filter((path) => path.without.join() === key).map(({ rule }) => rule),
    }));
}

/** The longest route that `path` is below. */
function closest(path: string, routes: Routes) {
  const above = routes.filter((route) => route.path === '/' || `${path}/`.startsWith(`${route.path}/`));
  return above.sort((a, b) => b.path.length - a.path.length)[0];
}

export function routeProblems({ streams = [], bodyLimit, rateLimit }: IngressProps, routes: Routes): string[] {
  const found: string[] = [];
  if (!routes.length) found.push('routes: none, nothing would answer; give at least { "/": workload }');
  for (const path of [...routes.map((route) => route.path), ...streams]) {
    if (!/^\/([^\s/]+(\/[^\s/]+)*)?$/.test(path)) {
      found.push(`routes: "${path}" is not a path prefix, it starts with / and does not end with it; correct it`);
    }
  }
  for (const path of streams) {
    if (!bodyLimit) found.push(`streams: ${path} has no bodyLimit to be left alone by; remove it`);
    else if (path.startsWith('/') && !closest(path, routes)) {
      found.push(`streams: ${path} is below none of the routes; add one`);
    }
  }
  for (const { path, to, sticky } of routes) {
    const other = routes.find((route) => route.sticky && route.to !== to && route.sticky === sticky);
    if (other) {
      found.push(
        `routes.${path}: cookie ${sticky} is ${other.to.name}'s too, each would undo the other's; name it differently`,
      );
    }
    if (sticky && !/^[A-Za-z0-9_-]+$/.test(sticky)) {
      found.push(`routes.${path}: "${sticky}" is not a cookie's name; use letters, digits, _ and -`);
    }
  }
  for (const { path, rateLimit: limited } of routes) {
    if (limited === false && !rateLimit) {
      found.push(`routes.${path}: has no rateLimit to be left alone by; remove rateLimit: false`);
    }
  }
  return found;
}
