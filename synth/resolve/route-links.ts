import { at, map, maps, port, strings, text, texts } from './json.ts';
import { type Links, portOf } from './links.ts';

const GATEWAY = 'gateway.networking.k8s.io';
const TRAEFIK = 'traefik.io';
const CRD = '@kubernetescrd';

/** What routes and middlewares refer to, by `group/Kind`. */
export const ROUTES: Readonly<Record<string, (links: Links) => void>> = {
  'networking.k8s.io/Ingress': ingressLinks,
  '/Service': (links) => {
    const name = strings(links.object.metadata.annotations)['traefik.ingress.kubernetes.io/service.serverstransport'];
    annotationLinks(links, 'ServersTransport', name, 'service.serverstransport');
  },
  [`${GATEWAY}/Gateway`]: (links) => {
    const spec = map(links.object.spec);
    links.to('GatewayClass', spec.gatewayClassName, 'spec.gatewayClassName', { group: GATEWAY, namespace: undefined });
    maps(spec.listeners).forEach((listener, i) => {
      maps(at(listener, 'tls', 'certificateRefs')).forEach((reference, j) => {
        links.toObject(reference, `spec.listeners[${i}].tls.certificateRefs[${j}]`, { group: '', kind: 'Secret' });
      });
    });
    issuerLinks(links);
  },
  ...Object.fromEntries(
    ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'].map((kind) => [
      `${GATEWAY}/${kind}`,
      gatewayRouteLinks,
    ]),
  ),
  ...Object.fromEntries(
    [TRAEFIK, 'traefik.containo.us'].flatMap((group) => [
      [`${group}/IngressRoute`, traefikRouteLinks],
      [`${group}/IngressRouteTCP`, traefikRouteLinks],
      [`${group}/IngressRouteUDP`, traefikRouteLinks],
      [`${group}/Middleware`, traefikMiddlewareLinks],
      [`${group}/TraefikService`, traefikServiceLinks],
      [`${group}/ServersTransport`, transportLinks],
      [`${group}/TLSOption`, tlsLinks],
      [`${group}/TLSStore`, tlsLinks],
    ]),
  ),
};

function ingressLinks(links: Links) {
  const annotations = strings(links.object.metadata.annotations);
  const spec = map(links.object.spec);
  const backend = (value: unknown, path: string) => {
    const service = map(map(value).service);
    links.to('Service', service.name, `${path}.service`, { port: portOf(service.port) });
  };
  links.to('IngressClass', spec.ingressClassName, 'spec.ingressClassName', {
    group: 'networking.k8s.io',
    namespace: undefined,
  });
  links.to(
    'IngressClass',
    annotations['kubernetes.io/ingress.class'],
    'metadata.annotations.kubernetes.io/ingress.class',
    {
      group: 'networking.k8s.io',
      namespace: undefined,
    },
  );
  backend(spec.defaultBackend, 'spec.defaultBackend');
  maps(spec.rules).forEach((rule, i) => {
    maps(at(rule, 'http', 'paths')).forEach((path, j) => {
      backend(path.backend, `spec.rules[${i}].http.paths[${j}].backend`);
    });
  });
  maps(spec.tls).forEach(({ secretName }, i) => {
    links.to('Secret', secretName, `spec.tls[${i}].secretName`, { key: 'tls.crt' });
  });
  issuerLinks(links);
  annotationLinks(
    links,
    'Middleware',
    annotations['traefik.ingress.kubernetes.io/router.middlewares'],
    'router.middlewares',
  );
  annotationLinks(
    links,
    'TLSOption',
    annotations['traefik.ingress.kubernetes.io/router.tls.options'],
    'router.tls.options',
  );
}

/** The annotations by which cert-manager's ingress-shim and gateway-shim find their issuer. */
function issuerLinks(links: Links) {
  const annotations = strings(links.object.metadata.annotations);
  const group = annotations['cert-manager.io/issuer-group'] ?? 'cert-manager.io';
  const field = (name: string) => `metadata.annotations.cert-manager.io/${name}`;
  links.to('ClusterIssuer', annotations['cert-manager.io/cluster-issuer'], field('cluster-issuer'), {
    group: 'cert-manager.io',
    namespace: undefined,
  });
  links.to(
    annotations['cert-manager.io/issuer-kind'] ?? 'Issuer',
    annotations['cert-manager.io/issuer'],
    field('issuer'),
    { group },
  );
}

function gatewayRouteLinks(links: Links) {
  const spec = map(links.object.spec);
  maps(spec.parentRefs).forEach((parent, i) => {
    // A parent's port picks a listener, not a Service port.
    links.toObject({ ...parent, port: undefined }, `spec.parentRefs[${i}]`, { group: GATEWAY, kind: 'Gateway' });
  });
  maps(spec.rules).forEach((rule, i) => {
    const path = `spec.rules[${i}]`;
    maps(rule.backendRefs).forEach((backend, j) => {
      links.toObject(backend, `${path}.backendRefs[${j}]`, { group: '', kind: 'Service' });
    });
    maps(rule.filters).forEach(({ extensionRef, requestMirror }, j) => {
      links.toObject(map(extensionRef), `${path}.filters[${j}].extensionRef`, { group: '', kind: '' });
      const mirror = map(map(requestMirror).backendRef);
      links.toObject(mirror, `${path}.filters[${j}].requestMirror.backendRef`, { group: '', kind: 'Service' });
    });
  });
}

/** `<namespace>-<name>@kubernetescrd`, separated by commas: https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/ */
function annotationLinks(links: Links, kind: string, names: string | undefined, annotation: string) {
  for (const entry of names?.split(',') ?? []) {
    const name = entry.trim();
    if (!name.endsWith(CRD)) continue;
    const field = `metadata.annotations.traefik.ingress.kubernetes.io/${annotation}`;
    links.to(kind, name.slice(0, -CRD.length), field, { group: TRAEFIK, joined: true });
  }
}

/** A Traefik object named in a custom resource: of the same group, or of another provider after an `@`. */
function traefikLink(links: Links, kind: string, reference: unknown, field: string) {
  const { name, namespace } = map(reference);
  const known = text(name);
  const group = groupOf(links);
  if (known?.endsWith(CRD)) links.to(kind, known.slice(0, -CRD.length), field, { group, joined: true });
  else if (known && !known.includes('@'))
    links.to(kind, known, field, { group, namespace: text(namespace) ?? links.namespace });
}

const groupOf = ({ object }: Links) => object.apiVersion.slice(0, object.apiVersion.indexOf('/'));

function backendLink(links: Links, reference: unknown, field: string) {
  const backend = map(reference);
  if (backend.kind === 'TraefikService') return traefikLink(links, 'TraefikService', backend, field);
  links.to('Service', backend.name, field, {
    namespace: text(backend.namespace) ?? links.namespace,
    port: port(backend.port),
  });
  traefikLink(links, 'ServersTransport', { name: backend.serversTransport }, `${field}.serversTransport`);
}

function traefikRouteLinks(links: Links) {
  const { routes, tls } = map(links.object.spec);
  const middleware = links.object.kind === 'IngressRouteTCP' ? 'MiddlewareTCP' : 'Middleware';
  maps(routes).forEach((route, i) => {
    maps(route.services).forEach((service, j) => {
      backendLink(links, service, `spec.routes[${i}].services[${j}]`);
    });
    maps(route.middlewares).forEach((reference, j) => {
      traefikLink(links, middleware, reference, `spec.routes[${i}].middlewares[${j}]`);
    });
  });
  const { secretName, options } = map(tls);
  links.to('Secret', secretName, 'spec.tls.secretName', { key: 'tls.crt' });
  traefikLink(links, 'TLSOption', options, 'spec.tls.options');
}

function traefikMiddlewareLinks(links: Links) {
  const { basicAuth, digestAuth, errors, chain, forwardAuth } = map(links.object.spec);
  links.to('Secret', map(basicAuth).secret, 'spec.basicAuth.secret');
  links.to('Secret', map(digestAuth).secret, 'spec.digestAuth.secret');
  backendLink(links, map(errors).service, 'spec.errors.service');
  maps(map(chain).middlewares).forEach((reference, i) => {
    traefikLink(links, 'Middleware', reference, `spec.chain.middlewares[${i}]`);
  });
  const { caSecret, certSecret } = map(map(forwardAuth).tls);
  links.to('Secret', caSecret, 'spec.forwardAuth.tls.caSecret');
  links.to('Secret', certSecret, 'spec.forwardAuth.tls.certSecret');
}

function traefikServiceLinks(links: Links) {
  const { weighted, mirroring } = map(links.object.spec);
  maps(map(weighted).services).forEach((service, i) => {
    backendLink(links, service, `spec.weighted.services[${i}]`);
  });
  backendLink(links, mirroring, 'spec.mirroring');
  maps(map(mirroring).mirrors).forEach((service, i) => {
    backendLink(links, service, `spec.mirroring.mirrors[${i}]`);
  });
}

function transportLinks(links: Links) {
  for (const field of ['rootCAsSecrets', 'certificatesSecrets']) {
    texts(at(links.object, 'spec', field)).forEach((name, i) => {
      links.to('Secret', name, `spec.${field}[${i}]`);
    });
  }
}

function tlsLinks(links: Links) {
  const { clientAuth, defaultCertificate } = map(links.object.spec);
  texts(map(clientAuth).secretNames).forEach((name, i) => {
    links.to('Secret', name, `spec.clientAuth.secretNames[${i}]`);
  });
  links.to('Secret', map(defaultCertificate).secretName, 'spec.defaultCertificate.secretName', { key: 'tls.crt' });
}
