// A rendered Vault store, run: its objects at a real API server, its members on hosts of their own, its Jobs and scripts in
// root folders of their own, each with the identity of its ServiceAccount.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, PodSpec } from '../../imports/k8s.ts';
import { type Bed, startBed } from '../cluster/bed.ts';
import { type KubernetesObject, waitFor } from '../cluster/client.ts';
import { built } from '../cluster/targets.ts';
import { Box, type BoxProps } from './box.ts';
import { Host, type Result } from './container.ts';
import { HostNetwork } from './host-network.ts';
import { hostsFile } from './pods.ts';
import { Forwarder, RunningService } from './service.ts';

const namespace = 'shop';
const store = 'vault';
const names = ['vault-0', 'vault-1', 'vault-2'];
const accounts = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A name that the API server's certificate has. */
const API_SERVER = 'kubernetes.default.svc';

type BoxParts = Pick<BoxProps, 'files' | 'shared' | 'inside'> &
  Partial<Pick<BoxProps, 'env' | 'programs'>> & { objects?: readonly KubernetesObject[] };

/** How one run of a pod is different. */
export interface PodRun {
  readonly env?: Readonly<Record<string, string>>;
  /** In place of the image's, by container. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Called when a container is about to run; what it throws ends the pod there. */
  readonly before?: (container: string) => Promise<void> | void;
  readonly objects?: readonly KubernetesObject[];
}

let folder: string | undefined;

/** Vault, its plugin, and a shell that knows what busybox's does, as the image's. */
function programs(): string {
  if (folder) return folder;
  folder = mkdtempSync(join(tmpdir(), 'vault-programs-'));
  chmodSync(folder, 0o755);
  for (const name of ['vault', 'vault-plugin-auth-kubernetes']) cpSync(join(built('vault'), name), join(folder, name));
  symlinkSync('/usr/bin/bash', join(folder, 'sh'));
  return folder;
}

export class VaultCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'vault-'));
  readonly members: readonly string[] = names;
  /** Of the members, named as they are, and this machine, where the API server and all others are. */
  readonly network = new HostNetwork('vault', names, { withMachine: true });
  readonly service: RunningService;
  readonly address: string;
  readonly bed: Bed;
  /** Whether the API server answers members and Jobs; what they ask while it does not waits until it does again. */
  apiAnswers = true;
  readonly #boxes = new Map<string, Box>();
  readonly #hosts: string;
  readonly #ca: string;
  readonly #apiService: Forwarder;
  #objects: readonly KubernetesObject[];

  static async start(objects: readonly KubernetesObject[]): Promise<VaultCluster> {
    const nodes = ['1', '2', '3'].map((n) => ({ name: `node-${n}`, arch: 'arm64', cpu: '4', memory: '8Gi' }));
    const bed = await startBed({ nodes, crds: [], storageClasses: ['local-path'] });
    let cluster: VaultCluster | undefined;
    try {
      const isCore = ({ apiVersion, kind }: KubernetesObject) =>
        !/monitoring|external-secrets/.test(apiVersion) && kind !== 'NetworkPolicy';
      await bed.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
      await bed.apply(objects.filter(isCore));
      await waitFor('pods of the StatefulSet', async () => {
        const pods = await bed.list('pods');
        return names.every((name) => pods.some(({ metadata }) => metadata.name === name));
      });
      cluster = new VaultCluster(bed, objects);
      await cluster.#prepare();
      return cluster;
    } catch (error) {
      await (cluster ?? bed).stop();
      throw error;
    }
  }

  private constructor(bed: Bed, objects: readonly KubernetesObject[]) {
    this.bed = bed;
    this.#objects = objects;
    chmodSync(this.folder, 0o755);
    // Test runs side by side do not meet.
    this.address = `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 250}.100`;
    const { cluster } = JSON.parse(readFileSync(bed.kubeconfig, 'utf8')).clusters[0];
    this.#ca = readFileSync(cluster['certificate-authority'], 'utf8');
    this.#hosts = hostsFile(join(this.folder, 'hosts'), {
      'vault.shop.svc': this.address,
      [API_SERVER]: this.network.machine,
      ...Object.fromEntries(names.map((name) => [`${name}.vault-headless.shop.svc`, this.addresses[name]!])),
    });
    this.service = new RunningService({
      client: bed,
      service: objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === store)!,
      addresses: this.addresses,
      // Asked anew for every connection, and one that is cut off shall not hold up the others.
      isReady: async (name) => (await this.probe(name, 'readinessProbe', 500)) === 200,
    });
    const { hostname: host, port } = new URL(cluster.server);
    this.#apiService = new Forwarder(async () => {
      while (!this.apiAnswers) await sleep(50);
      return { host, port: Number(port) };
    });
  }

  async #prepare() {
    await this.service.listen(this.address, 8200);
    await this.#apiService.listen(this.network.machine, 443);
    for (const name of this.members) await this.#member(name);
  }

  /** Of the members. */
  get addresses(): Readonly<Record<string, string>> {
    return this.network.addresses;
  }

  /** As the kubelet would start it, or start it again: what it had on its volume is there. */
  start(name: string) {
    this.#boxes.get(name)!.start(['-config=/plugins.hcl']);
  }

  box(name: string): Box {
    return this.#boxes.get(name)!;
  }

  async #member(name: string) {
    const pod = this.#pod('StatefulSet', store);
    const container = pod.containers[0]!;
    const values: Record<string, string> = { 'metadata.name': name, 'metadata.namespace': namespace };
    const fields = (container.env ?? []).flatMap(({ name: variable, valueFrom }) => {
      const path = valueFrom?.fieldRef?.fieldPath;
      return path ? [{ name: variable, value: values[path]! }] : [];
    });
    // In the order they are rendered in: later ones refer to earlier ones.
    const env = (container.env ?? []).map((entry) => fields.find((field) => field.name === entry.name) ?? entry);
    const files = {
      [`${accounts}/token`]: await this.token(pod.serviceAccountName!),
      [`${accounts}/ca.crt`]: this.#ca,
      [`${accounts}/namespace`]: namespace,
      '/plugins.hcl': 'plugin_directory = "/programs"\n',
    };
    const inside = this.network.inside(name);
    this.#boxes.set(name, this.#box(name, pod, { ...container, env }, { files, inside }));
  }

  emptyVolume(name: string) {
    const volume = join(this.box(name).root, 'vault/data');
    execFileSync('find', [volume, '-mindepth', '1', '-delete']);
  }

  /** The container of a Job's or CronJob's pod that runs Vault's image, with files that another one left. */
  async job(
    kind: 'Job' | 'CronJob',
    name: string,
    { files, env, objects = this.#objects }: Partial<BoxParts> = {},
  ): Promise<Result & { root: string }> {
    const pod = this.#pod(kind, name, objects);
    const container = [...(pod.initContainers ?? []), ...pod.containers].find(({ image }) =>
      image!.startsWith('vault:'),
    )!;
    const token = await this.token(pod.serviceAccountName!, 'vault');
    const all = { ...files, '/var/run/secrets/vault/token': token };
    const box = this.#box(`${name}-${Math.random()}`, pod, container, { files: all, env, objects });
    return { ...(await box.run()), root: box.root };
  }

  /** All containers of a Job's or CronJob's pod, one after another, up to the first that fails; they share what is in memory. */
  async pod(kind: 'Job' | 'CronJob', name: string, run: PodRun = {}): Promise<Result & { memory: string }> {
    const { env, programs: other = {}, before, objects = this.#objects } = run;
    const pod = this.#pod(kind, name, objects);
    const files = { '/var/run/secrets/vault/token': await this.token(pod.serviceAccountName!, 'vault') };
    const id = `${name}-${Math.random()}`;
    const memory = join(this.folder, `${id}-memory`);
    mkdirSync(memory);
    chmodSync(memory, 0o777);
    let output = '';
    for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
      await before?.(container.name);
      const own = other[container.name];
      const path = pod.volumes!.find(({ emptyDir }) => emptyDir?.medium === 'Memory')!.name;
      const shared = { folder: memory, path: container.volumeMounts!.find(({ name }) => name === path)!.mountPath };
      const parts = { files, env, objects, shared, ...(own && { programs: own }) };
      const result = await this.#box(`${id}-${container.name}`, pod, container, parts).run();
      output += result.output;
      if (result.code) return { code: result.code, output, memory };
    }
    return { code: 0, output, memory };
  }

  /** What a workload's pods do before they start. */
  async wait(workload: string, container: string): Promise<Result> {
    const pod = this.#pod('Deployment', workload);
    const files = { '/var/run/secrets/vault/token': await this.token(workload, 'vault') };
    const waiting = pod.initContainers!.find(({ name }) => name === container)!;
    return this.#box(`${workload}-${Math.random()}`, pod, waiting, { files }).run();
  }

  /** A script or program in a member, at its own address: `kubectl exec`. */
  exec(name: string, command: readonly string[], { input = '', token = '' } = {}): Promise<Result> {
    const env = ['VAULT_ADDR=http://127.0.0.1:8200', ...(token ? [`VAULT_TOKEN=${token}`] : [])];
    return this.box(name).run(['env', ...env, ...command], input);
  }

  token(account: string, audience?: string): Promise<string> {
    const flags = audience ? [`--audience=${audience}`] : [];
    return this.bed.kubectl(['create', 'token', account, `--namespace=${namespace}`, '--duration=24h', ...flags]);
  }

  /** At the Service of clients, or at one member. */
  async request(
    method: string,
    path: string,
    {
      body,
      token,
      at = this.address,
      accept,
      patience = 30_000,
    }: { body?: object; token?: string; at?: string; accept?: string; patience?: number } = {},
  ) {
    const response = await fetch(`http://${at}:8200/v1/${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { ...(token && { 'X-Vault-Token': token }), ...(accept && { Accept: accept }) },
      signal: AbortSignal.timeout(patience),
    });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) };
  }

  /** A probe's status, as the kubelet would get it. */
  async probe(name: string, which: 'livenessProbe' | 'readinessProbe', patience?: number): Promise<number> {
    const { httpGet, timeoutSeconds = 1 } = this.#pod('StatefulSet', store).containers[0]![which]!;
    const options = { at: this.addresses[name]!, patience: patience ?? timeoutSeconds * 1000 };
    const answer = await this.request('GET', httpGet!.path!.replace('/v1/', ''), options).catch(() => undefined);
    return answer?.status ?? 0;
  }

  /** Whether a member answers a client beside it as the leader. */
  async leads(name: string): Promise<boolean> {
    // One that looks for the leader does not answer at all.
    const { output } = await this.exec(name, ['env', 'VAULT_CLIENT_TIMEOUT=10', 'vault', 'status', '-format=json']);
    return /"ha_mode": *"active"/.test(output);
  }

  /** Another template for the members, which nobody restarts for it. */
  async change() {
    const set = async () => (await this.bed.get('statefulset', namespace, store))!['status'];
    const { updateRevision: former } = await set();
    const annotations = { 'example.org/changed': former };
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
    await this.bed.kubectl(['patch', 'statefulset', store, `--namespace=${namespace}`, `--patch=${patch}`]);
    return waitFor('another revision', async () => {
      const { updateRevision } = await set();
      return updateRevision !== former && (updateRevision as string);
    });
  }

  async revisions(): Promise<string[]> {
    const pods = await Promise.all(names.map((name) => this.bed.get('pod', namespace, name)));
    return pods.map((pod) => pod?.['metadata'].labels['controller-revision-hash']);
  }

  /** `kubectl delete pod`, up to the start of its successor. */
  async replace(name: string) {
    const id = async () => (await this.bed.get('pod', namespace, name))?.['metadata'].uid as string | undefined;
    const former = await id();
    await this.box(name).stop();
    // kubectl would wait for ever where the successor is there before it looks.
    await this.bed.kubectl(['delete', 'pod', name, `--namespace=${namespace}`, '--wait=false']);
    await waitFor(`another ${name}`, async () => ![undefined, former].includes(await id()));
    this.start(name);
  }

  async leader(): Promise<string | undefined> {
    for (const name of this.members) {
      const at = this.addresses[name]!;
      const answer = await this.request('GET', 'sys/health', { at, patience: 500 }).catch(() => undefined);
      if (answer?.status === 200) return name;
    }
    return undefined;
  }

  get pluginSum(): string {
    return createHash('sha256')
      .update(readFileSync(join(programs(), 'vault-plugin-auth-kubernetes')))
      .digest('hex');
  }

  async stop() {
    await Promise.all([this.service.close(), this.#apiService.close()]);
    for (const box of this.#boxes.values()) if (box.isRunning) await box.kill();
    this.network.remove();
    await this.bed.stop();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(programs(), { recursive: true, force: true });
  }

  #pod(kind: string, name: string, objects = this.#objects): PodSpec {
    return new Host(this.folder, objects, {}).pod(kind, name);
  }

  #box(name: string, spec: PodSpec, container: Container, parts: BoxParts): Box {
    const { files, env, shared, inside, objects = this.#objects } = parts;
    const configMaps = Object.fromEntries(
      objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, ...rest }) => [metadata.name, rest['data']]),
    );
    const api = { KUBERNETES_SERVICE_HOST: API_SERVER, KUBERNETES_SERVICE_PORT: '443' };
    const path = join(this.folder, name);
    mkdirSync(path);
    return new Box({
      folder: path,
      hosts: this.#hosts,
      spec,
      container,
      files,
      env: { ...api, HOME: '/tmp', ...env },
      host: new Host(path, objects, {}),
      configMaps,
      programs: parts.programs ?? programs(),
      shared,
      ...(inside && { inside }),
    });
  }
}
