// Pods on a network of their own: each is a network namespace on a bridge, with an address that is new at every start, and
// the cluster's DNS. Its containers run as on a node: their own root folder, their user, their files at the rendered paths.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Container, PodSpec } from '../../imports/k8s.ts';
import { Host, type Result, stopInTime } from './container.ts';
import { claimNet } from './host-network.ts';
import { removeAfterDeath } from './last-will.ts';

const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });

export class Network {
  readonly namespace: string;
  /** Of this process, on the bridge. */
  readonly address: string;
  /** Names inside of the namespace, to addresses. */
  readonly names = new Map<string, string>();
  readonly id: string;
  readonly #prefix: string;
  readonly #remove: () => void;
  readonly #dns: Socket;
  #last = 9;

  constructor(namespace: string) {
    this.namespace = namespace;
    const { device, net } = claimNet((free) => `link add ${free} type bridge`);
    this.id = device;
    this.#remove = removeAfterDeath(device);
    this.#prefix = net;
    this.address = `${net}.1`;
    ip(`addr add ${this.address}/24 dev ${this.id}`);
    ip(`link set ${this.id} up`);
    this.#dns = createSocket('udp4', (query, { port, address }) => this.#dns.send(this.#answer(query), port, address));
    this.#dns.bind(53, this.address);
  }

  nextAddress() {
    this.#last = this.#last < 250 ? this.#last + 1 : 10;
    return `${this.#prefix}.${this.#last}`;
  }

  get resolvConf() {
    const { namespace } = this;
    return `search ${namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver ${this.address}\noptions ndots:5\n`;
  }

  close() {
    this.#dns.close();
    this.#remove();
  }

  /** Name errors for what is not there, nothing but A records for what is. */
  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let end = 12;
    for (let length = query[end]!; length > 0; length = query[end]!) {
      labels.push(query.toString('latin1', end + 1, end + 1 + length));
      end += 1 + length;
    }
    const address = this.names.get(labels.join('.').toLowerCase());
    const isA = query.readUInt16BE(end + 1) === 1;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(address ? 0x8580 : 0x8583, 2);
    header.fill(0, 6);
    const question = query.subarray(12, end + 5);
    if (!address || !isA) return Buffer.concat([header, question]);
    header.writeUInt16BE(1, 6);
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)];
    return Buffer.concat([header, question, Buffer.from(record)]);
  }
}

// The machine's programs below the container's own folders, which are on another device than its volume.
const isolated = `
root=/mnt volume=$2 path=$3 user=$4 group=$5 programs=$6
mount -t tmpfs tmpfs "$root"
cp -a "$1/." "$root"
shift 6
mount --rbind /usr "$root/usr"
[ -z "$programs" ] || mount --bind "$programs" "$root/programs"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
if [ "$volume" ]; then
  mkdir -p "$root$path"
  mount --bind "$volume" "$root$path"
fi
exec chroot "$root" setpriv --reuid="$user" --regid="$group" --clear-groups --pdeathsig=KILL "$@"`;

export interface NetworkedPodProps {
  readonly network: Network;
  readonly name: string;
  /** DNS name of a Service that selects this pod alone, ready or not; its address stays where pods come and go. @default - none */
  readonly service?: string;
  /** Its DNS name below the namespace's. */
  readonly host: string;
  readonly spec: PodSpec;
  /** Where its volume is mounted. */
  readonly data: string;
  // biome-ignore lint/suspicious/noExplicitAny: rendered objects of every kind.
  readonly objects: readonly any[];
  readonly secrets: Readonly<Record<string, string>>;
  /** Variables that the image and the kubelet set. @default - none */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the image's programs that are not the machine's. @default - none */
  readonly programs?: string;
}

export class NetworkedPod {
  readonly name: string;
  readonly folder: string;
  readonly volume: string;
  serviceAddress = '';
  address = '';
  readonly #props: NetworkedPodProps;
  readonly #link: string;
  readonly #user: number;
  readonly #hardware: string;
  readonly #running = new Map<string, ChildProcess>();

  constructor(props: NetworkedPodProps) {
    this.#props = props;
    this.name = props.name;
    this.folder = mkdtempSync(join(tmpdir(), `${props.name}-`));
    this.volume = join(this.folder, 'volume');
    this.#link = `${props.network.id}-${props.name.at(-1)}`;
    this.#user = props.spec.securityContext!.runAsUser!;
    execFileSync('chmod', ['755', this.folder]);
    this.#hardware = `02:00:00:00:00:${(16 + Number(props.name.at(-1))).toString(16)}`;
    this.emptyVolume();
    if (props.service) this.moveService();
  }

  get isRunning() {
    return this.#running.size > 0;
  }

  log(container: string) {
    return readFileSync(join(this.folder, `${container}.log`), 'utf8');
  }

  emptyVolume() {
    rmSync(this.volume, { recursive: true, force: true });
    mkdirSync(this.volume);
    execFileSync('chown', [`${this.#user}:${this.#user}`, this.volume]);
  }

  /** Its Service gets another address. */
  moveService() {
    const { network, service } = this.#props;
    this.serviceAddress = network.nextAddress();
    network.names.set(service!, this.serviceAddress);
  }

  /** As a new pod: with a new address. */
  start(...only: string[]) {
    const { network, host, spec } = this.#props;
    const link = this.#link;
    if (!this.isRunning) {
      this.address = network.nextAddress();
      ip(`netns add ${link}`);
      ip(`link add ${link} type veth peer name eth0 netns ${link}`);
      ip(`link set ${link} master ${network.id} up`);
      // Neighbours would go on sending to the hardware address of the former pod.
      ip(`-n ${link} link set eth0 address ${this.#hardware}`);
      ip(`-n ${link} addr add ${this.address}/24 dev eth0`);
      if (this.serviceAddress) ip(`-n ${link} addr add ${this.serviceAddress}/24 dev eth0`);
      ip(`-n ${link} link set eth0 up`);
      ip(`-n ${link} link set lo up`);
      network.names.set(host, this.address);
    }
    for (const container of spec.containers) {
      if (!only.length || only.includes(container.name)) this.#start(container);
    }
  }

  /** What a lost node does to it. */
  async kill() {
    await this.#end('SIGKILL', [...this.#running.keys()]);
    this.#leave();
  }

  /** What the kubelet does to it: what is to be done before, SIGTERM, and SIGKILL when its time is over. */
  async stop() {
    const { spec } = this.#props;
    const names = [...this.#running.keys()];
    const end = async () => {
      const preStops = spec.containers.flatMap(({ name, lifecycle }) => {
        const command = lifecycle?.preStop?.exec?.command;
        return command && names.includes(name) ? [this.exec(name, command)] : [];
      });
      await Promise.all(preStops);
      await this.#end('SIGTERM', names);
    };
    await stopInTime(spec, end(), async () => {
      const last = names.filter((name) => this.#running.has(name));
      await this.#end('SIGKILL', last);
      return last.map((name) => `${name}: ${this.log(name)}`);
    });
    this.#leave();
  }

  /** One container dies, and the kubelet starts it again after a while; the pod and its address stay. */
  async crash(container: string, milliseconds: number) {
    await this.#end('SIGKILL', [container]);
    await sleep(milliseconds);
    this.#start(this.#props.spec.containers.find(({ name }) => name === container)!);
  }

  pause() {
    for (const { pid } of this.#running.values()) process.kill(-pid!, 'SIGSTOP');
  }

  resume() {
    for (const { pid } of this.#running.values()) process.kill(-pid!, 'SIGCONT');
  }

  unplug() {
    ip(`link set ${this.#link} down`);
  }

  plug() {
    ip(`link set ${this.#link} up`);
  }

  /** `kubectl exec`. */
  async exec(container: string, command: readonly string[], input: Buffer | string = ''): Promise<Result> {
    const pid = this.#running.get(container)?.pid;
    const enter = ['--target', `${pid}`, '--mount', '--net', '--root', '--wd', '--setuid', `${this.#user}`];
    try {
      const running = promisify(execFile)('nsenter', [...enter, '--', ...command], { env: this.#env(container) });
      running.child.stdin!.on('error', () => undefined).end(input);
      const { stdout, stderr } = await running;
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  /** Whether every readiness probe that runs a command succeeds. */
  async isReady(): Promise<boolean> {
    if (!this.isRunning) return false;
    const probed = this.#props.spec.containers.filter(({ readinessProbe }) => readinessProbe?.exec);
    const results = await Promise.all(
      probed.map(({ name, readinessProbe }) => this.exec(name, ['timeout', '5', ...readinessProbe!.exec!.command!])),
    );
    return results.every(({ code }) => code === 0);
  }

  /** What a probe of its first container by HTTP says, as the kubelet hears it. */
  async probe(which: 'startupProbe' | 'readinessProbe' | 'livenessProbe'): Promise<boolean> {
    const [{ [which]: probe, ports = [] }] = this.#props.spec.containers as [Container];
    const { path, port } = probe!.httpGet!;
    const number = ports.find(({ name }) => name === port)?.containerPort ?? port;
    const signal = AbortSignal.timeout((probe!.timeoutSeconds ?? 1) * 1000);
    return await fetch(`http://${this.address}:${number}${path}`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async remove() {
    if (this.isRunning) await this.kill();
    rmSync(this.folder, { recursive: true });
  }

  #start(container: Container) {
    const { network, spec, data, programs = '' } = this.#props;
    const { name, command = [], args = [], volumeMounts = [] } = container;
    const volume = volumeMounts.some(({ mountPath }) => mountPath === data) ? this.volume : '';
    const root = join(this.folder, name);
    rmSync(root, { recursive: true, force: true });
    for (const folder of ['usr', 'proc', 'dev', 'tmp', 'etc', 'programs'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const link of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${link}`, join(root, link));
    for (const file of ['ld.so.cache', 'nsswitch.conf', 'passwd', 'group'])
      cpSync(`/etc/${file}`, join(root, 'etc', file));
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    writeFileSync(join(root, 'etc/resolv.conf'), network.resolvConf);
    for (const [path, content] of this.#files(container)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    execFileSync('chmod', ['-R', 'a+rX', join(root, 'etc')]);

    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const { runAsUser, runAsGroup } = spec.securityContext!;
    const child = spawn(
      'nsenter',
      [
        ...[`--net=/run/netns/${this.#link}`, 'unshare', '--mount', '--propagation', 'private', '--'],
        ...['sh', '-euc', isolated, 'sh', root, volume, data, `${runAsUser}`, `${runAsGroup}`],
        ...[programs, ...command, ...args],
      ],
      { env: this.#env(name), stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    this.#running.set(name, child);
  }

  #env(name: string): Record<string, string> {
    const { objects, secrets, spec, env } = this.#props;
    const container = spec.containers.find((one) => one.name === name)!;
    const variables = new Host(this.folder, objects, secrets).variables(container);
    const fields: Record<string, string> = { 'metadata.name': this.name, 'status.podIP': this.address };
    for (const { name: variable, valueFrom } of container.env ?? []) {
      const path = valueFrom?.fieldRef?.fieldPath;
      if (path) variables[variable] = fields[path]!;
    }
    return { ...env, ...variables, PATH: `/programs:${process.env['PATH']}` };
  }

  #files({ volumeMounts = [] }: Container): [string, string][] {
    const { objects, spec } = this.#props;
    return volumeMounts.flatMap(({ name, mountPath, subPath }) => {
      const configMap = spec.volumes?.find((volume) => volume.name === name)?.configMap?.name;
      const object =
        configMap && objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMap);
      return object ? [[mountPath, object.data[subPath!]] as [string, string]] : [];
    });
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM', names: readonly string[]) {
    await Promise.all(
      names.map(async (name) => {
        const child = this.#running.get(name);
        // Another signal has ended it meanwhile.
        if (!child) return;
        const isOver = child.exitCode !== null || child.signalCode !== null;
        const ended = isOver || new Promise((resolve) => child.once('exit', resolve));
        // What the first process leaves behind goes with its container.
        const group = (which: typeof signal) => {
          try {
            process.kill(-child.pid!, which);
          } catch {
            // Nothing is left.
          }
        };
        group(signal);
        await ended;
        group('SIGKILL');
        this.#running.delete(name);
      }),
    );
  }

  #leave() {
    const { network, host } = this.#props;
    network.names.delete(host);
    ip(`link del ${this.#link}`);
    ip(`netns del ${this.#link}`);
  }
}
