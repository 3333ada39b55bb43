import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { ClusterIssuer } from '../../imports/custom.ts';
import { environmentOf } from '../../imports/environment.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';

/** Certificates, and the issuer that gets them from Let's Encrypt by answering over the environment's ingress. */
export function certManager(app: App, crds: ChartRelease, { email }: { readonly email: string }) {
  const chart = part(app, 'cert-manager');
  const resources = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } };

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
    provides: { kinds: ['cert-manager.io/*', 'acme.cert-manager.io/*'] },
  });

  const { ingress } = environmentOf(chart);
  new ClusterIssuer(new Construct(chart, 'issuer'), ingress.issuer, {
    metadata: { name: ingress.issuer },
    spec: {
      acme: {
        server: 'https://acme-v02.api.letsencrypt.org/directory',
        email,
        privateKeySecretRef: { name: ingress.issuer },
        solvers: [{ http01: { ingress: { ingressClassName: ingress.class } } }],
      },
    },
  });
  return release;
}
