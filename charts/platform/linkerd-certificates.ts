import type { Chart } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { Bundle, Certificate, ClusterIssuer, Issuer } from '../../imports/custom.ts';
import { declare } from '../../imports/relations.ts';

const DAY = 24;

/** The trust anchor, the issuer that it signs, and the anchor's certificate where the control plane reads it. */
export function identityOf(chart: Chart, certManager: IConstruct, trustManager: IConstruct): IConstruct {
  const identity = new Construct(chart, 'identity');
  declare(identity, { layer: 'stores', uses: [certManager, trustManager] });
  const namespace = chart.namespace!;
  const anchor = 'linkerd-trust-anchor';
  const issuer = 'linkerd-identity-issuer';
  const authority = 'cert-manager';
  const root = { metadata: { name: anchor, namespace: authority } };
  const ecdsa = { algorithm: 'ECDSA', size: 256 } as const;

  new Issuer(identity, 'self', { ...root, spec: { selfSigned: {} } });
  new Certificate(identity, 'anchor', {
    ...root,
    spec: {
      isCA: true,
      commonName: 'root.linkerd.cluster.local',
      secretName: anchor,
      duration: `${10 * 365 * DAY}h`,
      renewBefore: `${365 * DAY}h`,
      privateKey: { ...ecdsa, rotationPolicy: 'Never' },
      issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: anchor },
    },
  });
  // One for the cluster reads its Secret in cert-manager's namespace, where the anchor's key stays.
  new ClusterIssuer(identity, 'cluster-issuer', { metadata: { name: anchor }, spec: { ca: { secretName: anchor } } });
  new Certificate(identity, 'issuer', {
    metadata: { name: issuer, namespace },
    spec: {
      isCA: true,
      commonName: 'identity.linkerd.cluster.local',
      dnsNames: ['identity.linkerd.cluster.local'],
      secretName: issuer,
      duration: '48h',
      renewBefore: '25h',
      privateKey: { ...ecdsa, rotationPolicy: 'Always' },
      usages: ['cert sign', 'crl sign', 'server auth', 'client auth'],
      issuerRef: { group: 'cert-manager.io', kind: 'ClusterIssuer', name: anchor },
    },
  });
  new Bundle(identity, 'trust-roots', {
    metadata: { name: 'linkerd-identity-trust-roots' },
    spec: {
      sources: [{ secret: { name: anchor, key: 'tls.crt' } }],
      target: {
        configMap: { key: 'ca-bundle.crt' },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    },
  });
  return identity;
}

/** Certificates that the API server knows webhooks of the chart's namespace by. */
export function webhookCertificates(
  chart: Chart,
  certManager: IConstruct,
  services: readonly (readonly [service: string, secret: string])[],
): IConstruct {
  const webhooks = new Construct(chart, 'webhook-certificates');
  const namespace = chart.namespace!;
  declare(webhooks, { layer: 'stores', uses: [certManager] });
  const issuer = 'linkerd-webhooks';
  const authority = { name: issuer, namespace };
  new Issuer(webhooks, 'self', { metadata: { ...authority, name: `${issuer}-ca` }, spec: { selfSigned: {} } });
  new Certificate(webhooks, 'ca', {
    metadata: authority,
    spec: {
      isCA: true,
      commonName: issuer,
      secretName: issuer,
      duration: `${10 * 365 * DAY}h`,
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' },
      issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: `${issuer}-ca` },
    },
  });
  new Issuer(webhooks, 'issuer', { metadata: authority, spec: { ca: { secretName: issuer } } });
  for (const [service, secretName] of services) {
    new Certificate(webhooks, service, {
      metadata: { name: service, namespace },
      spec: {
        commonName: `${service}.${namespace}.svc`,
        dnsNames: [`${service}.${namespace}.svc`],
        secretName,
        duration: `${90 * DAY}h`,
        renewBefore: `${30 * DAY}h`,
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
        usages: ['server auth'],
        issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: issuer },
      },
    });
  }
  return webhooks;
}
