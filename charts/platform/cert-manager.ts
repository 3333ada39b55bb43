import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { Certificate, ClusterIssuer } from '../../imports/custom.ts';
import { environmentOf, isPrivate } from '../../imports/environment.ts';
import { refuse } from '../../imports/relations.ts';
import { charts } from '../versions.ts';
import { certificateAlerts } from './alerts.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

const IMAGES = 'quay.io/jetstack/cert-manager';

/**
 * Certificates, and the issuer that gets them from Let's Encrypt by answering over the environment's ingress. For a private
 * domain an authority of the cluster's own signs them; browsers trust it once they are given its certificate:
 * `kubectl -n cert-manager get secret <issuer> -o jsonpath='{.data.ca\.crt}' | base64 -d`.
 */
export function certManager(app: App, crds: ChartRelease, { email }: { readonly email: string }) {
  const chart = part(app, 'cert-manager');
  const resources = room('10m', '64Mi', '256Mi');

  new AlertRules(chart, 'alerts', { rules: certificateAlerts });
  const release = new ChartRelease(chart, 'cert-manager', {
    ...charts['cert-manager'],
    values: {
      crds: { enabled: true },
      // The chart's own choice, kube-system, is closed to others on managed clusters.
      global: { leaderElection: { namespace: 'cert-manager' } },
      resources,
      webhook: { replicaCount: 2, podDisruptionBudget: { enabled: true }, resources },
      cainjector: { resources },
      prometheus: { servicemonitor: { enabled: true } },
    },
    uses: [crds],
    runs: [
      pods('cert-manager', 1, resources, [`${IMAGES}-controller`]),
      pods('cert-manager-webhook', 2, resources, [`${IMAGES}-webhook`]),
      pods('cert-manager-cainjector', 1, resources, [`${IMAGES}-cainjector`]),
    ],
    provides: { kinds: ['cert-manager.io/*', 'acme.cert-manager.io/*'] },
  });

  const { ingress, domain, mesh } = environmentOf(chart);
  const unit = new Construct(chart, 'issuer');
  if (isPrivate(domain)) {
    ownAuthority(unit, ingress.issuer);
    return release;
  }
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) {
    refuse(chart, [
      `email: "${email}" is no address, and Let's Encrypt registers none like it; write it like you@example.org`,
    ]);
  }
  new ClusterIssuer(unit, ingress.issuer, {
    metadata: { name: ingress.issuer },
    spec: {
      acme: {
        server: 'https://acme-v02.api.letsencrypt.org/directory',
        email,
        privateKeySecretRef: { name: ingress.issuer },
        solvers: [
          { http01: { ingress: { ingressClassName: ingress.class, ...(mesh === 'linkerd' && { podTemplate }) } } },
        ],
      },
    },
  });
  return release;
}

/** The pod that answers for a domain gets no proxy, which would outlive it. */
const podTemplate = { metadata: { annotations: { 'linkerd.io/inject': 'disabled' } } };

/** The certificate of an authority lives as long as the machines do; it is renewed with the key it has, so that it stays trusted. */
function ownAuthority(unit: Construct, name: string) {
  const root = `${name}-root`;
  new ClusterIssuer(unit, root, { metadata: { name: root }, spec: { selfSigned: {} } });
  new Certificate(unit, 'certificate', {
    metadata: { name, namespace: 'cert-manager' },
    spec: {
      isCA: true,
      commonName: name,
      secretName: name,
      duration: '87600h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' },
      issuerRef: { kind: 'ClusterIssuer', name: root },
    },
  });
  new ClusterIssuer(unit, name, { metadata: { name }, spec: { ca: { secretName: name } } });
}
