// Knative Serving's webhook and controller: a Service becomes Configuration, Revision and Deployment. Nothing scales it,
// and nothing routes to it: autoscaler and Kourier do not run here.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { type Client, type KubernetesObject, waitFor } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';
import { awaitRefusal } from './webhook.ts';

const namespace = 'knative-serving';

/** `spec.config` of a KnativeServing, of which Knative's operator makes its ConfigMaps. */
export type KnativeConfig = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** ConfigMaps that have to be there. Everything in them has a default but the image of queue-proxy. */
const defaults: KnativeConfig = {
  ...Object.fromEntries(
    'autoscaler certmanager defaults domain features gc leader-election logging network observability'
      .split(' ')
      .map((name) => [name, {}]),
  ),
  deployment: {
    'queue-sidecar-image': 'registry.test/queue',
    // It would ask the registry for digests.
    'registries-skipping-tag-resolving': 'ghcr.io,registry.test',
  },
};

const configMap = ([name, data]: [string, Readonly<Record<string, string>>]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `config-${name}`,
    namespace,
    // By these, changes of it go to the webhook too.
    labels: { 'app.kubernetes.io/name': namespace, 'app.kubernetes.io/component': 'controller' },
  },
  data,
});

/** Webhook configurations as they are installed, sent to a port of this machine at the Service's address. */
async function webhooks(port: number): Promise<KubernetesObject[]> {
  const folder = built('knative-serving');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.map((text) => {
    const configuration = load(text) as KubernetesObject;
    for (const webhook of configuration['webhooks']) webhook.clientConfig.service.port = port;
    return configuration;
  });
}

/** What each of the webhook's configurations is asked about: defaults and validation of objects, and configuration. */
const wrong: KubernetesObject[] = [
  {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'wrong', namespace },
    spec: { template: { spec: { containers: [] } } },
  },
  configMap(['autoscaler', { 'stable-window': 'wrong' }]),
];

/** Rejects what the webhook refuses of `config`. */
export async function startKnative(
  plane: ControlPlane,
  client: Client,
  slot: Slot,
  processes: Processes,
  config: KnativeConfig,
): Promise<void> {
  const port = slot.port();
  const configurations = await webhooks(port);
  await client.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  await client.apply([
    ...Object.entries({ ...defaults, ...config }).map(configMap),
    // The webhook fills it in, and then the configurations.
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'webhook-certs', namespace } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'webhook', namespace },
      spec: { clusterIP: slot.serviceCidr.replace(/0\.0\/16$/, '77.1'), ports: [{ port }] },
    },
    ...configurations,
  ]);
  const env = {
    SYSTEM_NAMESPACE: namespace,
    CONFIG_LOGGING_NAME: 'config-logging',
    CONFIG_OBSERVABILITY_NAME: 'config-observability',
    WEBHOOK_NAME: 'webhook',
    WEBHOOK_PORT: `${port}`,
  };
  for (const name of ['webhook', 'controller']) {
    processes.start(`knative-${name}`, join(built('knative-serving'), name), [`--kubeconfig=${plane.kubeconfig}`], {
      env: { ...env, POD_NAME: name, PROFILING_PORT: `${slot.port()}` },
    });
  }
  await waitFor('the webhook of Knative', async () => {
    for (const name of ['webhook', 'controller']) processes.assertRunning(`knative-${name}`);
    const found = await Promise.all(
      configurations.map(({ kind, metadata }) => client.get(kind, undefined, metadata.name)),
    );
    return found.every((each) =>
      each?.['webhooks'].every((webhook: KubernetesObject) => webhook['clientConfig'].caBundle),
    );
  });
  await awaitRefusal(client, wrong);
  await client.apply(Object.entries(config).map(configMap));
}
