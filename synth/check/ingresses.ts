import { map, strings, text } from '../resolve/json.ts';
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

export const ingressRules: readonly Rule[] = [foreignAnnotation];
