// A rendered MinIO store, run: each member a pod with a network and a root folder of its own, behind a Service that leads to
// those that the rendered probes call ready.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PodSpec } from '../../imports/k8s.ts';
import { waitFor } from '../cluster/client.ts';
import { built } from '../cluster/targets.ts';
import { Box } from './box.ts';
import { Host, type Result, run } from './container.ts';
import { Network, NetworkedPod } from './network.ts';
import { hostsFile, withHosts } from './pods.ts';
import { S3Client, type S3Settings } from './s3-client.ts';
import { Forwarder } from './service.ts';

const PORT = 9000;

/** What the image says, and what the kubelet adds in every pod: with it MinIO waits for names that do not resolve yet. */
const env = {
  MINIO_ROOT_USER_FILE: 'access_key',
  MINIO_ROOT_PASSWORD_FILE: 'secret_key',
  MINIO_CONFIG_ENV_FILE: 'config.env',
  KUBERNETES_SERVICE_HOST: '127.0.0.1',
};

export class MinioCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'minio-'));
  readonly members: readonly NetworkedPod[];
  readonly network: Network;
  /** As kube-proxy would: each connection to any ready member. */
  readonly service: Forwarder;
  /** Maps the Service's name for programs that run beside the cluster. */
  readonly hosts: string;
  readonly secrets: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: rendered objects of every kind.
  readonly #objects: readonly any[];
  /** Ready members, at the address at which they were. */
  readonly #ready = new Map<NetworkedPod, string>();
  readonly #leaving = new Set<NetworkedPod>();
  #isOver = false;

  /** `secrets` by `<secret>/<key>`; those of the root are made here. `hosted` buckets are hosts too, as at AWS. */
  // biome-ignore lint/suspicious/noExplicitAny: rendered objects of every kind.
  constructor(objects: readonly any[], secrets: Readonly<Record<string, string>>, hosted: readonly string[] = []) {
    this.#objects = objects;
    this.secrets = { MINIO_ROOT_USER: 'root', MINIO_ROOT_PASSWORD: 'rootRootRootRoot', ...secrets };
    const { metadata, spec } = objects.find(
      ({ kind, spec }) => kind === 'StatefulSet' && /minio:/.test(spec.template.spec.containers[0].image),
    );
    const { name, namespace } = metadata;
    this.network = new Network(namespace);
    const host = `${name}.${namespace}.svc`;
    const names = [host, ...hosted.map((bucket) => `${bucket}.${host}`)];
    for (const each of names) this.network.names.set(`${each}.cluster.local`, this.network.address);
    const addresses = Object.fromEntries(names.map((each) => [each, this.network.address]));
    this.hosts = hostsFile(join(this.folder, 'hosts'), addresses);
    this.members = [...Array(spec.replicas).keys()].map(
      (n) =>
        new NetworkedPod({
          network: this.network,
          name: `${name}-${n}`,
          host: `${name}-${n}.${spec.serviceName}.${namespace}.svc.cluster.local`,
          spec: spec.template.spec,
          data: '/data',
          objects,
          secrets: this.secrets,
          env: { ...env, ...(hosted.length && { MINIO_DOMAIN: host }) },
          programs: built('minio'),
        }),
    );
    this.service = new Forwarder(async () => {
      const ready = this.members.filter((member) => this.isReady(member));
      const chosen = ready[Math.floor(Math.random() * ready.length)];
      return chosen && { host: chosen.address, port: PORT };
    });
    for (const member of this.members) void this.#attend(member);
  }

  async start() {
    await this.service.listen(this.network.address, PORT);
    for (const member of this.members) member.start();
    await this.awaitWhole();
  }

  isReady(member: NetworkedPod): boolean {
    return member.isRunning && this.#ready.get(member) === member.address;
  }

  /** As for a rolling update or a drain: no new connections, then all that the pod says of its end. */
  async stop(member: NetworkedPod) {
    this.#leaving.add(member);
    this.#ready.delete(member);
    await member.stop();
    this.#leaving.delete(member);
  }

  /** Until every member is ready, and any one could be spared. */
  async awaitWhole(seconds = 240) {
    const path = this.members.length > 1 ? 'cluster?maintenance=true' : 'cluster';
    const sparable = async ({ address }: NetworkedPod) => {
      const signal = AbortSignal.timeout(2000);
      const answer = await fetch(`http://${address}:${PORT}/minio/health/${path}`, { signal }).catch(() => undefined);
      return answer?.status === 200;
    };
    const whole = async () => {
      if (!this.members.every((member) => this.isReady(member))) return false;
      return (await Promise.all(this.members.map(sparable))).every(Boolean);
    };
    await waitFor('a whole cluster', whole, seconds).catch((error) => {
      const ends = this.members.map((member) => `${member.name}:\n${member.log(this.#container).slice(-1500)}`);
      throw new Error([error.message, ...ends].join('\n'));
    });
  }

  /** What a client's pod has in its environment. */
  variables(deployment: string): Record<string, string> {
    const host = new Host(this.folder, this.#objects, this.secrets);
    return host.variables(host.pod('Deployment', deployment).containers[0]!);
  }

  /** A client in the cluster, by what its pod has in its environment. */
  client(variables: Readonly<Record<string, string>>): S3Client {
    const resolve = (host: string) => {
      const address = this.network.names.get(`${host}.cluster.local`);
      if (!address) throw new Error(`${host}: no such name in the cluster`);
      return address;
    };
    return new S3Client(variables as unknown as S3Settings, resolve);
  }

  /** The rendered Job that makes the buckets. */
  async runBuckets(objects = this.#objects, secrets = this.secrets): Promise<Result> {
    const folder = mkdtempSync(join(this.folder, 'buckets-'));
    const host = new Host(folder, objects, secrets);
    const spec: PodSpec = host.pod('Job');
    const configMaps = Object.fromEntries(
      objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data }) => [metadata.name, data]),
    );
    const [container] = spec.containers;
    const { hosts } = this;
    const box = new Box({
      folder,
      hosts,
      spec,
      container: container!,
      files: {},
      env: {},
      host,
      configMaps,
      programs: built('minio'),
    });
    return await box.run();
  }

  /** The machine's rclone, with what a pod has in its environment. */
  rclone(variables: Readonly<Record<string, string>>, ...args: string[]): Promise<Result> {
    const [program, ...rest] = [...withHosts(this.hosts), 'rclone', ...args];
    return run({ program: program!, args: rest, env: { ...variables, PATH: process.env['PATH']!, HOME: this.folder } });
  }

  /** MinIO's own client, as root at one member. */
  async mc(...args: string[]): Promise<string> {
    const member = this.members.find((one) => this.isReady(one)) ?? this.members[0]!;
    const { MINIO_ROOT_USER: user, MINIO_ROOT_PASSWORD: password } = this.secrets;
    const folder = join(this.folder, 'mc');
    mkdirSync(folder, { recursive: true });
    const { stdout } = await promisify(execFile)(join(built('minio'), 'mc'), ['--config-dir', folder, ...args], {
      env: { MC_HOST_store: `http://${user}:${password}@${member.address}:${PORT}`, HOME: folder },
      timeout: 180_000,
    });
    return stdout;
  }

  async remove() {
    this.#isOver = true;
    await this.service.close();
    await Promise.allSettled(this.members.map((member) => member.remove()));
    this.network.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #container() {
    return this.#objects.find(({ kind }) => kind === 'StatefulSet').spec.template.spec.containers[0].name;
  }

  /** The kubelet's probes: ready at the first success after the start, unready at the third failure in a row. */
  async #attend(member: NetworkedPod) {
    let known = '';
    let failures = 0;
    while (!this.#isOver) {
      const { address } = member;
      const isThere = member.isRunning && !this.#leaving.has(member);
      if (isThere && address !== known && (await member.probe('startupProbe'))) known = address;
      if (isThere && address === known) {
        failures = (await member.probe('readinessProbe')) ? 0 : failures + 1;
        if (failures === 0 && !this.#leaving.has(member)) this.#ready.set(member, address);
        if (failures >= 3) this.#ready.delete(member);
        await this.#until(5000, () => member.address !== address || !member.isRunning);
      } else await sleep(500);
    }
  }

  async #until(milliseconds: number, isOver: () => boolean) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end && !isOver() && !this.#isOver) await sleep(100);
  }
}
