// The OpenTelemetry Collector as it is rendered, run: its configuration and its rights as they stand in the HelmRelease, the
// names of whom it sends to led to this machine.
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Bed } from '../cluster/bed.ts';
import { waitFor } from '../cluster/client.ts';
import { asPod } from '../cluster/in-pod.ts';
import type { Processes } from '../cluster/processes.ts';
import { built } from '../cluster/targets.ts';
import { hostsFile, withHosts } from './pods.ts';

const NAMESPACE = 'opentelemetry-collector';
const program = join(built('otelcol'), 'otelcol');

/** What is given to the chart. */
export interface CollectorValues {
  readonly alternateConfig: object;
  readonly clusterRole: { readonly rules: readonly object[] };
}

/** As the chart renders it into its ConfigMap: JSON is YAML. */
export function configFile(folder: string, name: string, config: object): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, JSON.stringify(config));
  return path;
}

export const validate = (file: string) => [program, 'validate', `--config=${file}`];

/** Takes requests below its address, or answers with another status. */
export class Receiver {
  status = 200;
  refused = 0;
  readonly received: { readonly path: string; readonly body: Buffer }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (incoming, answer) => {
      const body = await bodyOf(incoming);
      if (this.status === 200) this.received.push({ path: incoming.url!, body });
      else this.refused++;
      answer.writeHead(this.status, { 'content-type': 'application/x-protobuf' }).end();
    });
  }

  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(port, host, resolve);
    });
  }

  /** Texts stand in OTLP's binary form as they are. */
  has(path: string, ...texts: string[]): boolean {
    return this.received.some((each) => each.path === path && texts.every((text) => each.body.includes(text)));
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

/** With the rights that the chart gives it. */
export async function startCollector(
  bed: Bed,
  processes: Processes,
  values: CollectorValues,
  { address, names }: { readonly address: string; readonly names: Readonly<Record<string, string>> },
): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: NAMESPACE };
  await bed.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, namespace: NAMESPACE } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules: values.clusterRole.rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: NAMESPACE },
      subjects: [{ kind: 'ServiceAccount', name: NAMESPACE, namespace: NAMESPACE }],
    },
  ]);
  const { env, wrapper } = await asPod(bed, bed.dir, NAMESPACE, NAMESPACE);
  const config = configFile(bed.dir, NAMESPACE, values.alternateConfig);
  processes.start(NAMESPACE, program, [`--config=${config}`], {
    env: { ...env, MY_POD_IP: address },
    wrapper: [...withHosts(hostsFile(join(bed.dir, 'hosts'), names)), ...wrapper],
  });
  await waitFor('the Collector', async () => {
    processes.assertRunning(NAMESPACE);
    return (await fetch(`http://${address}:13133/`).catch(() => undefined))?.ok;
  });
}

/** Hands what it is sent over gRPC on to `to`, as JSON over HTTP. */
export async function startTranslator(
  folder: string,
  processes: Processes,
  { address, to }: { readonly address: string; readonly to: string },
): Promise<void> {
  const config = configFile(folder, 'translator', {
    receivers: { otlp: { protocols: { grpc: { endpoint: `${address}:4317` } } } },
    exporters: { otlp_http: { endpoint: to, encoding: 'json', compression: 'none' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
    },
  });
  processes.start('translator', program, [`--config=${config}`]);
}

/** Sends as a pod of that address would. */
export function send(from: string, url: string, body: object): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', localAddress: from, headers: { 'content-type': 'application/json' } }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode!));
    })
      .once('error', reject)
      .end(JSON.stringify(body));
  });
}
