import { nameOf } from '../manifest.ts';
import { map, maps, strings, text } from '../resolve/json.ts';
import type { Rule } from './rule.ts';

/** Annotations that only one controller reads, and how its classes are usually called. */
const CONTROLLERS = [
  { name: 'nginx', prefix: 'nginx.ingress.kubernetes.io/' },
  { name: 'traefik', prefix: 'traefik.ingress.kubernetes.io/' },
];

const foreignAnnotation: Rule = {
  name: 'foreign-annotation',
  doc: 'An Ingress carries annotations of a controller that does not serve its class: limits, rewrites and headers in them do nothing.',
  severity: 'warning',
  *check({ index }) {
    for (const manifest of index.byKind('Ingress', 'networking.k8s.io')) {
      const annotations = strings(manifest.object.metadata.annotations);
      const of = text(map(manifest.object.spec).ingressClassName) ?? annotations['kubernetes.io/ingress.class'] ?? '';
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

/** `host/path` of every rule, where the host is given: what has none is for every host that nobody else has. */
function* addresses(spec: unknown) {
  for (const rule of maps(map(spec).rules)) {
    const host = text(rule.host);
    for (const { path } of maps(map(rule.http).paths)) if (host) yield `${host}${text(path) ?? '/'}`;
  }
}

const sharedAddress: Rule = {
  name: 'shared-address',
  doc: 'Two Ingresses of one class claim the same host and path: the controller picks one of them, the other is never reached.',
  severity: 'error',
  *check({ index, closed }) {
    const claimed = new Map<string, string>();
    for (const manifest of index.byKind('Ingress', 'networking.k8s.io')) {
      const name = nameOf(manifest.object);
      const of = text(map(manifest.object.spec).ingressClassName) ?? '';
      const taken = new Map<string, string>();
      for (const address of addresses(manifest.object.spec)) {
        const owner = claimed.get(`${of} ${address}`);
        if (owner && owner !== name && !taken.has(owner)) taken.set(owner, address);
        if (!owner) claimed.set(`${of} ${address}`, name);
      }
      for (const [owner, address] of taken) {
        yield {
          manifest,
          field: 'spec.rules',
          severity: closed ? 'error' : 'warning',
          message: `spec.rules: ${address} is ${owner}'s too`,
          fix: 'give each a host of its own, or one Ingress both',
        };
      }
    }
  },
  breaks: routed('staging', 'shop.example.com') + routed('production', 'shop.example.com'),
  passes: routed('staging', 'staging.example.com') + routed('production', 'shop.example.com'),
};

function routed(namespace: string, host: string) {
  return `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: ${namespace}}
spec: {ingressClassName: traefik, rules: [{host: ${host}, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;
}

export const ingressRules: readonly Rule[] = [foreignAnnotation, sharedAddress];
