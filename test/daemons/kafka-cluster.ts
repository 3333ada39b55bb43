// A rendered Kafka store, run: each member by the program that the image begins with, which turns the rendered variables
// into properties and formats the volume, and then by the broker itself.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { waitFor } from '../cluster/client.ts';
import { Host, program, type Result } from './container.ts';
import { HostNetwork } from './host-network.ts';
import { kafkaJars } from './kafka-jars.ts';
import { hostsFile } from './pods.ts';

// biome-ignore lint/suspicious/noExplicitAny: rendered objects of every kind.
type Plain = any;

const CLIENT = 'client';

// In the order of the image's own start: a volume that is formatted already is no failure.
const launch = `
root=$1 jars=$2
said=$(java -Xmx128m -cp "$jars/*" kafka.docker.KafkaDockerWrapper setup --default-configs-dir "$root/etc" \\
  --mounted-configs-dir "$root/mnt/shared/config" --final-configs-dir "$root/opt/kafka/config" 2>&1) ||
  case $said in *'already formatted'*) ;; *) echo "$said"; exit 1 ;; esac
exec java $KAFKA_HEAP_OPTS -Dlog4j2.configurationFile="$root/opt/kafka/config/log4j2.yaml" -cp "$jars/*" \\
  kafka.Kafka "$root/opt/kafka/config/server.properties"`;

export class Member {
  readonly name: string;
  readonly log: string;
  readonly volume: string;
  readonly #command: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #process?: ChildProcess;

  constructor(props: {
    name: string;
    root: string;
    command: readonly string[];
    env: Readonly<Record<string, string>>;
  }) {
    const { name, root, command, env } = props;
    this.name = name;
    this.log = join(root, 'log');
    this.volume = join(root, 'var/lib/kafka/data');
    this.#command = command;
    this.#env = env;
  }

  start() {
    const log = openSync(this.log, 'a');
    const [program, ...args] = this.#command;
    this.#process = spawn(program!, args, { env: { ...this.#env }, stdio: ['ignore', log, log] });
    closeSync(log);
  }

  get pid() {
    return this.#process!.pid!;
  }

  get isRunning() {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** SIGKILL is what a lost node does to it, SIGTERM what the kubelet does. */
  async end(signal: 'SIGKILL' | 'SIGTERM') {
    if (!this.isRunning) throw new Error(`${this.name}: does not run\n${readFileSync(this.log, 'utf8').slice(-3000)}`);
    const ended = new Promise((resolve) => this.#process!.once('exit', resolve));
    this.#process!.kill(signal);
    await ended;
  }

  pause() {
    this.#process!.kill('SIGSTOP');
  }

  resume() {
    this.#process!.kill('SIGCONT');
  }

  emptyVolume() {
    rmSync(this.volume, { recursive: true });
    mkdirSync(this.volume);
  }
}

export class KafkaCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'kafka-'));
  readonly members: readonly Member[];
  readonly network: HostNetwork;
  readonly #objects: readonly Plain[];
  readonly #jars: string;
  readonly #hosts: string;

  constructor(objects: readonly Plain[], version: string) {
    this.#objects = objects;
    this.#jars = kafkaJars(version);
    const { metadata, spec } = objects.find(({ kind }) => kind === 'StatefulSet');
    const names: string[] = [...Array(spec.replicas).keys()].map((n) => `${metadata.name}-${n}`);
    this.network = new HostNetwork('kafka', [...names, CLIENT]);
    const { addresses } = this.network;
    this.#hosts = hostsFile(
      join(this.folder, 'hosts'),
      Object.fromEntries(
        names.map((name) => [`${name}.${spec.serviceName}.${metadata.namespace}.svc`, addresses[name]!]),
      ),
    );
    this.members = names.map((name, index) => this.member(name, index));
  }

  /** As the Job is told. */
  get servers(): string {
    const isJobs = ({ kind, metadata }: Plain) => kind === 'ConfigMap' && metadata.name === 'kafka-topics';
    return this.#objects.find(isJobs).data.SERVERS;
  }

  /** What a client's pod has in its environment. */
  variables(deployment: string): Record<string, string> {
    const host = new Host(join(this.folder, deployment), this.#objects, {});
    return host.variables(host.pod('Deployment', deployment).containers[0]!);
  }

  /** The Job that makes topics, as rendered here or in `objects`, where its image's tools are. */
  async runTopics(objects = this.#objects): Promise<Result> {
    const bin = join(this.folder, 'bin');
    for (const [tool, main] of Object.entries(tools)) {
      program(bin, tool, `exec java -Xmx256m -cp '${this.#jars}/*' ${main} "$@" 2> >(grep -v SLF4J >&2)`);
    }
    const host = new Host(join(this.folder, 'topics'), objects, {}, [bin]);
    host.wrapper.push(...this.network.on(CLIENT, this.#hosts));
    return await host.run('Job');
  }

  /** One of Kafka's programs, on a host that is no member unless one is named. */
  command(main: string, args: readonly string[], host = CLIENT): string[] {
    return [...this.network.on(host, this.#hosts), 'java', '-Xmx256m', '-cp', `${this.#jars}/*`, main, ...args];
  }

  async ask(main: string, args: readonly string[]): Promise<string> {
    const [program, ...rest] = this.command(main, ['--bootstrap-server', this.servers, ...args]);
    const { stdout } = await promisify(execFile)(program!, rest, { maxBuffer: 2 ** 28, timeout: 300_000 });
    return stdout;
  }

  /** Topics by name: partitions, replicas, settings. */
  async topics(): Promise<Record<string, string>> {
    const described = await this.ask(tools['kafka-topics.sh'], ['--describe', '--exclude-internal']);
    const lines = described.split('\n').filter((line) => line.startsWith('Topic: '));
    return Object.fromEntries(
      lines.map((line) => {
        const [name, , ...rest] = line.split('\t');
        return [name!.slice('Topic: '.length), rest.join(' ').trim()];
      }),
    );
  }

  /** The member whose controller leads. */
  async controller(): Promise<Member> {
    const status = await this.ask('org.apache.kafka.tools.MetadataQuorumCommand', ['describe', '--status']);
    return this.members[Number(/^LeaderId:\s+(\d+)/m.exec(status)![1])]!;
  }

  /** Until every partition has all its copies. */
  async awaitWhole(seconds = 240) {
    await waitFor(
      'every copy in sync',
      async () => {
        const lagging = await this.ask(tools['kafka-topics.sh'], ['--describe', '--under-replicated-partitions']).catch(
          () => 'x',
        );
        return lagging.trim() === '';
      },
      seconds,
    );
  }

  /** Which of these values a consumer does not find in a topic, reading it from its beginning for up to five minutes. */
  async missing(topic: string, values: readonly string[]): Promise<string[]> {
    const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
    const args = ['--bootstrap-server', this.servers, '--topic', topic, '--from-beginning'];
    const [program, ...rest] = this.command(main, args);
    const client = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    const left = new Set(values);
    const patience = setTimeout(() => client.kill('SIGKILL'), 300_000);
    // Others go on writing: it is never at the end.
    createInterface(client.stdout).on('line', (value) => {
      if (left.delete(value) && left.size === 0) client.kill('SIGKILL');
    });
    await new Promise((resolve) => client.once('close', resolve));
    clearTimeout(patience);
    return [...left];
  }

  /** Whether a client could connect to a port of a member. */
  async listens({ name }: Member, port: number): Promise<boolean> {
    const [program, ...args] = this.network.on(CLIENT, this.#hosts);
    const address = this.network.addresses[name];
    const connect = promisify(execFile)(program!, [...args, 'bash', '-c', `exec 3<> /dev/tcp/${address}/${port}`]);
    return await connect.then(
      () => true,
      () => false,
    );
  }

  /** Memory that a member has in use, in bytes. */
  memory({ pid }: Member): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
  }

  async stop() {
    await Promise.all(this.members.filter(({ isRunning }) => isRunning).map((member) => member.end('SIGKILL')));
    this.network.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private member(name: string, index: number): Member {
    const root = join(this.folder, name);
    const host = new Host(root, this.#objects, {});
    const pod = host.pod('StatefulSet');
    const container = pod.containers[0]!;
    const fields: Record<string, string> = {
      'metadata.name': name,
      "metadata.labels['apps.kubernetes.io/pod-index']": String(index),
    };
    const ofPod: Record<string, string> = {};
    for (const { name: variable, valueFrom } of container.env ?? []) {
      if (valueFrom?.fieldRef) ofPod[variable] = fields[valueFrom.fieldRef.fieldPath]!;
    }
    const env = Object.entries({ ...host.start(container, pod).env, ...ofPod }).map(([variable, value]) => [
      variable,
      value.replaceAll(/\$\((\w+)\)/g, (whole, other) => ofPod[other] ?? whole),
    ]);
    // The image's own defaults, which the variables replace.
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/server.properties'), 'node.id=99\n');
    writeFileSync(join(root, 'etc/log4j2.yaml'), '{}\n');
    writeFileSync(join(root, 'etc/tools-log4j2.yaml'), '{}\n');
    const command = [...this.network.on(name, this.#hosts), 'sh', '-euc', launch, 'sh', root, this.#jars];
    return new Member({ name, root, command, env: Object.fromEntries(env) });
  }
}

export const tools = {
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
  'kafka-configs.sh': 'kafka.admin.ConfigCommand',
} as const;
