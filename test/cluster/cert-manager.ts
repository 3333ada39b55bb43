// cert-manager's webhook and the controllers that issue from an own authority. Nobody is asked for a certificate over ACME:
// an issuer of that kind is taken by the webhook, and then left alone.
import { join } from 'node:path';
import { type Client, waitFor } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';
import { awaitRefusal } from './webhook.ts';

const name = 'cert-manager';
const namespace = 'cert-manager';
const service = 'cert-manager-webhook';

/** As in its chart: who is asked about what. */
const asked = [
  {
    kind: 'ValidatingWebhookConfiguration',
    path: '/validate',
    rule: {
      apiGroups: ['cert-manager.io', 'acme.cert-manager.io'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['*/*'],
    },
  },
  {
    kind: 'MutatingWebhookConfiguration',
    path: '/mutate',
    rule: { apiGroups: ['cert-manager.io'], operations: ['CREATE'], resources: ['certificaterequests'] },
  },
];

const certificateForNobody = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  metadata: { name: 'nobody', namespace },
  spec: { secretName: 'nobody', issuerRef: { name: 'nobody' } },
};

export async function startCertManager(
  plane: ControlPlane,
  client: Client,
  slot: Slot,
  processes: Processes,
): Promise<void> {
  const port = slot.port();
  const health = slot.port();
  await client.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: service, namespace },
      spec: { clusterIP: slot.serviceCidr.replace(/0\.0\/16$/, '77.2'), ports: [{ port }] },
    },
  ]);
  processes.start(name, join(built('cert-manager'), name), [
    `--kubeconfig=${plane.kubeconfig}`,
    `--namespace=${namespace}`,
    `--webhook-port=${port}`,
    `--health-port=${health}`,
  ]);
  const caBundle = await waitFor(name, async () => {
    processes.assertRunning(name);
    const answer = await fetch(`http://127.0.0.1:${health}/livez`).catch(() => undefined);
    const secret = answer?.ok && (await client.get('secret', namespace, `${service}-ca`));
    return secret && (secret['data']?.['ca.crt'] as string | undefined);
  });
  await client.apply(
    asked.map(({ kind, path, rule }) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name: service },
      webhooks: [
        {
          name: 'webhook.cert-manager.io',
          rules: [{ ...rule, apiVersions: ['v1'] }],
          admissionReviewVersions: ['v1'],
          matchPolicy: 'Equivalent',
          failurePolicy: 'Fail',
          sideEffects: 'None',
          clientConfig: { service: { name: service, namespace, path, port }, caBundle },
        },
      ],
    })),
  );
  await awaitRefusal(client, [
    certificateForNobody,
    // Of what both configurations name, so that it comes by both.
    {
      ...certificateForNobody,
      kind: 'CertificateRequest',
      spec: { request: 'bm9uZQ==', issuerRef: { name: 'nobody' } },
    },
  ]);
}
