import type { Manifest } from '../manifest.ts';
import { at, map, maps, strings, text, texts } from '../resolve/json.ts';
import { type Index, isManifest } from '../resolve.ts';
import type { Passage } from './edges.ts';
import type { Vertices } from './vertices.ts';

/** A host, a path on it, and the Services that answer there. */
interface Route {
  readonly host: string;
  readonly path: string;
  readonly services: readonly { readonly namespace?: string; readonly name: string }[];
}

/** From every host name to what answers behind it, past the ingress controller that carries it. */
export function* routes(index: Index, vertices: Vertices): Iterable<Passage> {
  for (const [kind, read] of Object.entries(READERS)) {
    for (const manifest of index.byKind(kind)) {
      for (const { host, path, services } of read(map(manifest.object.spec))) {
        for (const { namespace = manifest.object.metadata.namespace ?? '', name } of services) {
          for (const to of behind(index, vertices, namespace, name, manifest)) {
            yield { from: vertices.ofHost(host), to, how: 'routes', over: path };
          }
        }
      }
    }
  }
}

const READERS: Readonly<Record<string, (spec: ReturnType<typeof map>) => Route[]>> = {
  Ingress: (spec) =>
    maps(spec.rules).flatMap((rule) =>
      maps(at(rule, 'http', 'paths')).map((path) => ({
        host: text(rule.host) ?? 'any host',
        path: text(path.path) ?? '/',
        services: named([map(at(path, 'backend', 'service'))]),
      })),
    ),
  HTTPRoute: (spec) =>
    hostsOf(spec).flatMap((host) =>
      maps(spec.rules).flatMap((rule) => {
        const paths = maps(rule.matches).map((match) => text(at(match, 'path', 'value')) ?? '/');
        return (paths.length ? paths : ['/']).map((path) => ({
          host,
          path,
          services: named(maps(rule.backendRefs)),
        }));
      }),
    ),
  IngressRoute: (spec) =>
    maps(spec.routes).flatMap((route) => {
      const match = text(route.match) ?? '';
      const hosts = quoted(match, 'Host');
      const paths = [...quoted(match, 'PathPrefix'), ...quoted(match, 'Path')];
      const services = named(maps(route.services));
      return (hosts.length ? hosts : ['any host']).flatMap((host) =>
        (paths.length ? paths : ['/']).map((path) => ({ host, path, services })),
      );
    }),
};

const hostsOf = (spec: ReturnType<typeof map>) => (texts(spec.hostnames).length ? texts(spec.hostnames) : ['any host']);

/** Arguments of a matcher of Traefik's: https://doc.traefik.io/traefik/routing/routers/#rule. */
const quoted = (match: string, matcher: string) =>
  [...match.matchAll(new RegExp(`\\b${matcher}\\(([^)]*)\\)`, 'g'))].flatMap(([, list]) =>
    [...list!.matchAll(/[`"]([^`"]*)[`"]/g)].map(([, argument]) => argument!),
  );

const named = (services: readonly ReturnType<typeof map>[]) =>
  services.flatMap(({ name, namespace }) => {
    const known = text(name);
    return known ? [{ name: known, namespace: text(namespace) }] : [];
  });

function behind(index: Index, vertices: Vertices, namespace: string, name: string, near: Manifest): string[] {
  const service = index.find('Service', namespace, name, '', near);
  const labels = service && isManifest(service) ? strings(at(service.object, 'spec', 'selector')) : {};
  const workloads = Object.keys(labels).length ? index.select(namespace, { labels, expressions: [] }) : [];
  return workloads.length
    ? workloads.map(({ manifest }) => vertices.ofManifest(manifest))
    : [vertices.ofService(namespace, name)];
}
