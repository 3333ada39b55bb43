import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Client, KubernetesObject } from '../cluster/client.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Passes every connection on to where `pick` says at that moment, or resets it. */
export class Forwarder {
  /** Says of a connection after how many bytes from the client it is cut. @default - none is */
  cut: () => number = () => Number.POSITIVE_INFINITY;
  /** Connections so far. */
  count = 0;
  readonly #pick: () => Promise<Address | undefined>;
  readonly #sockets = new Set<Socket>();
  #server?: Server;

  constructor(pick: () => Promise<Address | undefined>) {
    this.#pick = pick;
  }

  /** Answers the port; 0 finds a free one. */
  listen(host: string, port: number): Promise<number> {
    const server = createServer((client) => void this.#forward(client));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve((server.address() as { port: number }).port));
    });
  }

  close(): Promise<unknown> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
  }

  async #forward(client: Socket) {
    this.#keep(client);
    this.count += 1;
    const target = await this.#pick().catch(() => undefined);
    if (!target || client.destroyed) return client.resetAndDestroy();
    const server = this.#keep(connect(target.port, target.host));
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    let left = this.cut();
    client.on('data', (chunk) => {
      left -= chunk.length;
      if (left < 0) for (const socket of [client, server]) socket.resetAndDestroy();
    });
    client.pipe(server).pipe(client);
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    return socket.on('close', () => this.#sockets.delete(socket));
  }
}

export interface ServiceProps {
  readonly client: Client;
  /** As rendered. */
  readonly service: KubernetesObject;
  /** Of pods by name. */
  readonly addresses: Readonly<Record<string, string>>;
  /** As the pod's rendered probe says. */
  readonly isReady: (pod: string) => Promise<boolean>;
}

/** A Service as kube-proxy would be one: leads to the pods that its selector matches at the API server and that are ready. */
export class RunningService extends Forwarder {
  readonly #props: ServiceProps;
  readonly #pods: () => Promise<KubernetesObject[]>;

  constructor(props: ServiceProps) {
    const { port } = props.service['spec'].ports[0];
    super(async () => {
      // A kubelet gives a pod up at the third failure: on a busy machine an answer comes too late now and then.
      for (let failures = 0; failures < 3; failures += 1) {
        const [name] = await this.endpoints();
        if (name !== undefined) return { host: props.addresses[name]!, port };
      }
      return undefined;
    });
    this.#props = props;
    const { metadata, spec } = props.service as { metadata?: { namespace: string }; spec?: { selector: object } };
    const selector = Object.entries(spec!.selector).map((entry) => entry.join('='));
    const path = `/api/v1/namespaces/${metadata!.namespace}/pods?labelSelector=${encodeURIComponent(selector.join())}`;
    this.#pods = listing(props.client.kubeconfig, path);
  }

  /** Names of the pods it would send to now. */
  async endpoints(): Promise<string[]> {
    const { addresses, isReady } = this.#props;
    const found = await this.#pods();
    const names = found.map(({ metadata }) => metadata.name as string).filter((name) => name in addresses);
    const ready = await Promise.all(names.map(isReady));
    return names.filter((_, index) => ready[index]);
  }
}

/** Asks without a kubectl: one for every connection would take more of the machine than what is tested. */
function listing(kubeconfig: string, path: string): () => Promise<KubernetesObject[]> {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { server, 'certificate-authority': authority } = clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, ca: readFileSync(authority) });
  const headers = { authorization: `Bearer ${users[0].user.token}` };
  return () =>
    new Promise((resolve, reject) => {
      const asked = request(new URL(path, server), { agent, headers, timeout: 15_000 }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        response.on('error', reject).on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(body).items);
          else reject(new Error(`${path}: ${response.statusCode} ${body}`));
        });
      });
      asked.on('timeout', () => asked.destroy(new Error(`${path}: no answer`)));
      asked.on('error', reject).end();
    });
}
