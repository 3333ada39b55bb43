// Issuers and certificates of every environment before cert-manager's own webhook; and those that stand on an authority of
// the cluster's own, issued by its own controllers: Linkerd's identity, and the sites of a private domain.
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import neotoolLocal from '../../charts/environments/neotool-local.ts';
import studio from '../../charts/environments/studio.ts';
import { everyEnvironment, type Plain, rendered } from '../systems/environment.ts';
import { type Bed, startBed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import { dryRun } from './webhook.ts';

const isTheirs = ({ apiVersion }: Plain) => apiVersion.startsWith('cert-manager.io/');

let bed: Bed;
beforeAll(async () => {
  const all = (await everyEnvironment()).flatMap((environment) => [...rendered(environment).objects]);
  bed = await startBed({ nodes: [], crds: ['cert-manager'], certManager: true });
  await bed.apply(all.filter(({ kind }) => kind === 'Namespace'));
});
afterAll(() => bed?.stop());

test('the webhook takes what every environment has', async () => {
  for (const environment of await everyEnvironment()) {
    const { objects } = rendered(environment);
    const theirs = objects.filter(isTheirs);
    expect(theirs.map(({ kind }) => kind)).toContain('ClusterIssuer');
    expect([environment.name, await dryRun(bed, theirs)]).toEqual([environment.name, 'taken']);
  }
});

const HOUR = 3_600_000;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

interface Issued {
  readonly certificate: X509Certificate;
  readonly authority: X509Certificate;
  readonly hours: number;
  readonly secret: Plain;
}

/** What is in the Secret of a Certificate that is Ready. */
async function issued(namespace: string, name: string): Promise<Issued> {
  const object: Plain = await waitFor(`Certificate ${namespace}/${name} is Ready`, async () => {
    const found = await bed.get('certificates.cert-manager.io', namespace, name);
    return found && hasCondition(found, 'Ready') && !hasCondition(found, 'Issuing') && found;
  });
  const secret = (await bed.get('secret', namespace, object.spec.secretName)) as Plain;
  const read = (key: string) => new X509Certificate(Buffer.from(secret.data[key], 'base64'));
  const certificate = read('tls.crt');
  const hours = Math.round((Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / HOUR);
  return { certificate, authority: read('ca.crt'), hours, secret };
}

/** Both sides of a signature, and that it is an ECDSA certificate over P-256. */
function expectSignedBy({ certificate }: Issued, authority: X509Certificate) {
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.verify(authority.publicKey)).toBe(true);
}
const curve = ({ certificate }: Issued) => certificate.publicKey.asymmetricKeyDetails?.namedCurve;

describe("Linkerd's identity", () => {
  const { objects } = rendered(studio);
  const ownIssuers = objects.filter(isTheirs).filter(({ spec }) => !spec.acme);
  const certificates = ownIssuers.filter(({ kind }) => kind === 'Certificate');
  beforeAll(() => bed.apply(ownIssuers));

  const anchor = () => issued('cert-manager', 'linkerd-trust-anchor');
  const issuer = () => issued('linkerd', 'linkerd-identity-issuer');

  test('has an anchor of ten years, and an issuer of two days below it that is renewed every day', async () => {
    const root = await anchor();
    expectSignedBy(root, root.certificate);
    expect([root.certificate.ca, root.hours, curve(root)]).toEqual([true, 87_600, 'prime256v1']);

    const intermediate = await issuer();
    expectSignedBy(intermediate, root.certificate);
    expect([intermediate.certificate.ca, intermediate.hours, curve(intermediate)]).toEqual([true, 48, 'prime256v1']);
    expect(intermediate.certificate.subject).toBe('CN=identity.linkerd.cluster.local');
    expect([...intermediate.certificate.keyUsage].sort()).toEqual([SERVER_AUTH, CLIENT_AUTH]);
    // As the control plane reads it.
    expect([intermediate.secret.type, Object.keys(intermediate.secret.data).sort()]).toEqual([
      'kubernetes.io/tls',
      ['ca.crt', 'tls.crt', 'tls.key'],
    ]);
    const { status } = (await bed.get('certificates.cert-manager.io', 'linkerd', 'linkerd-identity-issuer')) as Plain;
    expect((Date.parse(status.notAfter) - Date.parse(status.renewalTime)) / HOUR).toBe(25);
  });

  test('gives every webhook a certificate for its Service, that only serves', async () => {
    const webhooks = certificates.filter(({ spec }) => !spec.isCA);
    expect(webhooks.length).toBeGreaterThan(3);
    for (const { metadata, spec } of webhooks) {
      const made = await issued(metadata.namespace, metadata.name);
      const authority = await issued(metadata.namespace, spec.issuerRef.name);
      expectSignedBy(made, authority.certificate);
      expect(made.certificate.checkHost(`${metadata.name}.${metadata.namespace}.svc`)).toBeDefined();
      expect([made.certificate.ca, made.hours, made.certificate.keyUsage]).toEqual([false, 2160, [SERVER_AUTH]]);
    }
  });

  /** As `cmctl renew` does. */
  async function renew(namespace: string, name: string) {
    const before = await bed.get('certificates.cert-manager.io', namespace, name);
    const condition = {
      type: 'Issuing',
      status: 'True',
      reason: 'ManuallyTriggered',
      message: 'asked for by a test',
      lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ''),
    };
    const patch = { status: { conditions: [...before!['status'].conditions, condition] } };
    const which = ['certificates.cert-manager.io', name, `--namespace=${namespace}`];
    await bed.kubectl([
      ...['patch', ...which, '--subresource=status', '--type=merge', `--patch=${JSON.stringify(patch)}`],
    ]);
    await waitFor(`${namespace}/${name} is renewed`, async () => {
      const now = await bed.get('certificates.cert-manager.io', namespace, name);
      return now!['status'].revision > before!['status'].revision && hasCondition(now!, 'Ready');
    });
  }

  test('keeps the key of its anchor, so that what was signed before stays trusted, and of nothing else', async () => {
    const [oldAnchor, oldIssuer] = [await anchor(), await issuer()];
    await renew('cert-manager', 'linkerd-trust-anchor');
    const newAnchor = await anchor();
    expect(newAnchor.certificate.serialNumber).not.toBe(oldAnchor.certificate.serialNumber);
    expect(newAnchor.secret.data['tls.key']).toBe(oldAnchor.secret.data['tls.key']);
    expectSignedBy(oldIssuer, newAnchor.certificate);

    await renew('linkerd', 'linkerd-identity-issuer');
    const newIssuer = await issuer();
    expect(newIssuer.secret.data['tls.key']).not.toBe(oldIssuer.secret.data['tls.key']);
    // A proxy that has not seen the new anchor yet trusts the new issuer too.
    expectSignedBy(newIssuer, oldAnchor.certificate);
  });
});

describe('a private domain', () => {
  const { objects } = rendered(neotoolLocal);
  const ingresses = objects.filter(({ kind }) => kind === 'Ingress');
  beforeAll(() => bed.apply([...objects.filter(isTheirs), ...ingresses]));

  test('has an authority of its own that lives ten years', async () => {
    const authority = await issued('cert-manager', 'neotool-local');
    expectSignedBy(authority, authority.certificate);
    expect([authority.certificate.ca, authority.hours, curve(authority)]).toEqual([true, 87_600, 'prime256v1']);
  });

  test('gets a certificate of it for every host of its sites', async () => {
    const authority = await issued('cert-manager', 'neotool-local');
    const sites = ingresses.flatMap(({ metadata, spec }): Plain[] =>
      spec.tls.map((tls: Plain) => ({ namespace: metadata.namespace, ...tls })),
    );
    expect(sites.length).toBeGreaterThan(0);
    for (const { namespace, hosts, secretName } of sites) {
      const made = await issued(namespace, secretName);
      expectSignedBy(made, authority.certificate);
      // What `kubectl get secret` shows people as the certificate to trust.
      expect(made.authority.fingerprint256).toBe(authority.certificate.fingerprint256);
      for (const host of hosts) expect(made.certificate.checkHost(host)).toBe(host);
      expect(made.certificate.keyUsage).toContain(SERVER_AUTH);
    }
  });
});

describe('the webhook refuses', () => {
  const metadata = { name: 'wrong', namespace: 'default' };
  const issuerRef = { kind: 'ClusterIssuer', name: 'neotool-local' };
  const certificate = (spec: object) => ({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata,
    spec: { secretName: 'wrong', dnsNames: ['wrong.test'], issuerRef, ...spec },
  });

  test.each<[string, object, string]>([
    ['a renewal before there is a certificate', certificate({ duration: '48h', renewBefore: '49h' }), 'renewBefore'],
    ['a certificate for nobody', certificate({ dnsNames: [] }), 'at least one of'],
    ['a key too short', certificate({ privateKey: { algorithm: 'ECDSA', size: 255 } }), 'privateKey.size'],
    [
      'an issuer of two kinds',
      {
        apiVersion: 'cert-manager.io/v1',
        kind: 'ClusterIssuer',
        metadata: { name: 'wrong' },
        spec: { selfSigned: {}, ca: { secretName: 'neotool-local' } },
      },
      'may not specify more than one',
    ],
  ])('%s', async (_, object, said) => {
    expect(await dryRun(bed, [object])).toContain(said);
  });
});
