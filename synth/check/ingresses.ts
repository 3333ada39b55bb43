import type { Manifest } from '../manifest.ts';
import { nameOf } from '../manifest.ts';
import { at, map, maps, strings, text } from '../resolve/json.ts';
import type { Rule } from './rule.ts';

/** Annotations that only one controller reads, and how its classes are usually called. */
const CONTROLLERS = [
  { name: 'nginx', prefix: 'nginx.ingress.kubernetes.io/' },
  { name: 'traefik', prefix: 'traefik.ingress.kubernetes.io/' },
];

/** The older way to say it is still read by most controllers. */
const classOf = ({ object: { metadata, spec } }: Manifest) =>
  text(map(spec).ingressClassName) ?? strings(metadata.annotations)['kubernetes.io/ingress.class'] ?? '';

const foreignAnnotation: Rule = {
  name: 'foreign-annotation',
  doc: 'An Ingress carries annotations of a controller that does not serve its class: limits, rewrites and headers in them do nothing.',
  severity: 'warning',
  *check({ index }) {
    for (const manifest of index.byKind('Ingress', 'networking.k8s.io')) {
      const annotations = strings(manifest.object.metadata.annotations);
      const of = classOf(manifest);
      const serving = CONTROLLERS.find(({ name }) => of.includes(name));
      for (const { name, prefix } of serving ? CONTROLLERS : []) {
        const foreign = Object.keys(annotations).filter((key) => key.startsWith(prefix));
        if (name === serving!.name || !foreign.length) continue;
        yield {
          manifest,
          field: 'metadata.annotations',
          message: `metadata.annotations: class "${of}" does not read ${foreign.join(', ')}`,
          fix: serving!.name === 'traefik' ? 'use Middlewares' : `use the annotations of ${serving!.name}`,
        };
      }
    }
  },
  breaks: ingress('nginx.ingress.kubernetes.io/limit-rps'),
  passes: ingress('traefik.ingress.kubernetes.io/router.tls'),
};

function ingress(annotation: string) {
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api, namespace: notifi, annotations: {${annotation}: "1"}}
spec: {ingressClassName: traefik}
`;
}

const duplicateRoute: Rule = {
  name: 'duplicate-route',
  doc: 'Two Ingresses of one class answer the same host and path: one of them gets no requests, and which one is chance.',
  severity: 'error',
  *check({ index, closed }) {
    const first = new Map<string, Manifest>();
    for (const manifest of index.byKind('Ingress', 'networking.k8s.io')) {
      const spec = map(manifest.object.spec);
      const annotations = strings(manifest.object.metadata.annotations);
      // A second answer is what a canary of nginx is.
      if (annotations['nginx.ingress.kubernetes.io/canary'] === 'true') continue;
      const entry = annotations['traefik.ingress.kubernetes.io/router.entrypoints'] ?? '';
      // One message for two Ingresses, however many paths they share.
      const shared = new Map<Manifest, { field: string; places: string[] }>();
      for (const [i, rule] of maps(spec.rules).entries()) {
        for (const path of maps(at(rule, 'http', 'paths'))) {
          const place = `${text(rule.host) ?? 'any host'}${text(path.path) ?? '/'}`;
          const key = [classOf(manifest), entry, place, text(path.pathType)].join(' ');
          const other = first.get(key);
          if (!other) first.set(key, manifest);
          else if (other !== manifest) {
            const known = shared.get(other) ?? { field: `spec.rules[${i}].host`, places: [] };
            shared.set(other, { ...known, places: [...known.places, place] });
          }
        }
      }
      for (const [other, { field, places }] of shared) {
        yield {
          manifest,
          field,
          severity: closed ? 'error' : 'warning',
          message: `${field}: ${places.join(', ')} ${places.length > 1 ? 'are' : 'is'} answered by ${nameOf(other.object)} too`,
          fix: 'give one of them another host or path',
        };
      }
    }
  },
  breaks: route('api', '/') + route('web', '/'),
  passes: route('web', '/') + route('api', '/api'),
};

function route(name: string, path: string) {
  return `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, namespace: notifi}
spec: {ingressClassName: traefik, rules: [{host: api.example.com, http: {paths: [{path: ${path}, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}}]}
`;
}

export const ingressRules: readonly Rule[] = [foreignAnnotation, duplicateRoute];
