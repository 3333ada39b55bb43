// A rendered RabbitmqCluster, run: the cluster operator makes of it what its pods would read, and Debian's server reads that,
// each member on a host of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, PodSpec } from '../../imports/k8s.ts';
import { type Bed, startBed } from '../cluster/bed.ts';
import { type KubernetesObject, waitFor } from '../cluster/client.ts';
import { HostNetwork } from './host-network.ts';
import { hostsFile } from './pods.ts';

const MANAGEMENT = 15672;
const CLIENT = 'client';

// The machine's server with the pod's files. What the first process leaves behind goes with it.
const isolated = `
mount --bind "$1" /etc/hosts
mount --bind "$2" /etc/rabbitmq
mount --bind "$3" /var/lib/rabbitmq
exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups --pdeathsig=KILL /usr/lib/rabbitmq/bin/rabbitmq-server`;

/** What the operator made. */
interface Made {
  readonly pod: PodSpec;
  readonly service: string;
  /** ConfigMaps and Secrets by name, their values as text. */
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Member {
  readonly name: string;
  readonly log: string;
  readonly address: string;
  process?: ChildProcess;
}

export class RabbitmqServers {
  readonly folder = mkdtempSync('/var/tmp/rabbitmq-');
  readonly members: readonly Member[];
  readonly network: HostNetwork;
  readonly #name: string;
  readonly #namespace: string;
  readonly #made: Made;
  readonly #hosts: string;

  /** Has the operator look at the rendered cluster, and takes what it makes. */
  static async of(objects: readonly KubernetesObject[]): Promise<RabbitmqServers> {
    const cluster = objects.find(({ kind }) => kind === 'RabbitmqCluster')!;
    const { name, namespace } = cluster.metadata;
    const nodes = ['1', '2', '3'].map((n) => ({ name: `node-${n}`, arch: 'amd64', cpu: '4', memory: '8Gi' }));
    const bed = await startBed({ nodes, crds: ['rabbitmq'], storageClasses: ['local-path'], rabbitmq: true });
    try {
      await bed.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
      await bed.apply(objects.filter(({ apiVersion }) => apiVersion.startsWith('rabbitmq.com/')));
      const set = await waitFor('the StatefulSet', () => bed.get('statefulset', namespace, `${name}-server`));
      const data = Object.fromEntries([...(await dataOf(bed, 'configmaps')), ...(await dataOf(bed, 'secrets'))]);
      return new RabbitmqServers(cluster, {
        pod: set['spec'].template.spec,
        service: set['spec'].serviceName,
        data,
      });
    } finally {
      await bed.stop();
    }
  }

  private constructor({ metadata, spec }: KubernetesObject, made: Made) {
    this.#name = metadata.name;
    this.#namespace = metadata.namespace;
    this.#made = made;
    const names: string[] = [...Array(spec.replicas).keys()].map((n) => `${this.#name}-server-${n}`);
    this.network = new HostNetwork('rabbitmq', [...names, CLIENT], { withMachine: true });
    const { addresses } = this.network;
    const domain = `${made.service}.${this.#namespace}`;
    const table = names.map((name) => [`${name}.${domain}`, addresses[name]!]);
    this.#hosts = hostsFile(join(this.folder, 'hosts'), Object.fromEntries(table));
    this.members = names.map((name) => ({
      name,
      log: join(this.folder, `${name}.log`),
      address: addresses[name]!,
    }));
    // In place of the API server, which a server asks for its peers: the names that it would be told.
    const nodes = names.map(
      (name, n) => `cluster_formation.classic_config.nodes.${n + 1} = rabbit@${name}.${domain}\n`,
    );
    const peers = `cluster_formation.peer_discovery_backend = classic_config\n${nodes.join('')}`;
    for (const { name } of this.members) {
      const [etc, home] = [join(this.folder, name, 'etc'), join(this.folder, name, 'home')];
      for (const [path, content] of [...this.#files(), ['/etc/rabbitmq/conf.d/99-peers.conf', peers] as const]) {
        const target = join(etc, path.replace('/etc/rabbitmq/', ''));
        mkdirSync(join(target, '..'), { recursive: true });
        writeFileSync(target, content);
      }
      // As its init container does.
      writeFileSync(join(etc, 'enabled_plugins'), this.data('plugins-conf', 'enabled_plugins'));
      mkdirSync(home);
      writeFileSync(join(home, '.erlang.cookie'), this.data('erlang-cookie', '.erlang.cookie'), { mode: 0o400 });
      execFileSync('chown', ['--recursive', 'rabbitmq:rabbitmq', home]);
    }
    execFileSync('chmod', ['--recursive', 'a+rX', this.folder]);
    for (const { name } of this.members) execFileSync('chmod', ['400', join(this.folder, name, 'home/.erlang.cookie')]);
  }

  /** Of a ConfigMap or Secret that the operator made. */
  data(suffix: string, key: string): string {
    const value = this.#made.data[`${this.#name}-${suffix}`]?.[key];
    if (value === undefined) throw new Error(`${this.#name}-${suffix}: the operator made no ${key}`);
    return value;
  }

  start(member: Member) {
    const { log, name } = member;
    const out = openSync(log, 'a');
    const folder = join(this.folder, name);
    const [program, ...args] = [
      ...['setpriv', '--pdeathsig', 'KILL', '--', ...this.network.inside(name)],
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...['sh', '-euc', isolated, 'sh', this.#hosts, join(folder, 'etc'), join(folder, 'home')],
    ];
    const env = { ...this.#env(name), RABBITMQ_LOGS: '-' };
    member.process = spawn(program!, args, { env, cwd: folder, stdio: ['ignore', out, out] });
    closeSync(out);
  }

  /** What a lost node does to it. */
  async kill({ process: running }: Member) {
    const ended = new Promise((resolve) => running!.once('exit', resolve));
    const [first] = execFileSync('pgrep', ['--parent', `${running!.pid}`], { encoding: 'utf8' }).split('\n');
    process.kill(Number(first), 'SIGKILL');
    await ended;
  }

  isRunning({ process: running }: Member): boolean {
    return running !== undefined && running.exitCode === null && running.signalCode === null;
  }

  /** Ends in running the rest of a command line on a member's host, or on one that is no member. */
  inside(member?: Member): string[] {
    return this.network.inside(member?.name ?? CLIENT);
  }

  /** One of RabbitMQ's own tools, at a member. */
  tool(member: Member, name: string, ...words: string[]): string {
    const [first] = execFileSync('pgrep', ['--parent', `${member.process!.pid}`], { encoding: 'utf8' }).split('\n');
    const user = ['setpriv', '--reuid=rabbitmq', '--regid=rabbitmq', '--init-groups'];
    const enter = ['--target', first!, '--mount', '--net', '--pid', '--', ...user];
    const program = `/usr/lib/rabbitmq/bin/${name}`;
    return execFileSync('nsenter', [...enter, program, ...words], { encoding: 'utf8', env: this.#env(member.name) });
  }

  /** The management API, as the operators speak to it. Answers undefined for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every kind.
  async api(method: string, path: string, body?: object, at = this.members[0]!): Promise<any> {
    const [user, password] = ['username', 'password'].map((key) => this.data('default-user', key));
    const response = await fetch(`http://${at.address}:${MANAGEMENT}/api/${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /**
   * Until every member runs and knows the others. One that ended is started again, as the kubelet does: servers of this
   * version that start at the same moment may stumble over each other's feature flags.
   */
  async awaitWhole(seconds = 300) {
    let restarts = 0;
    await waitFor(
      'all members in one cluster',
      async () => {
        for (const member of this.members) {
          if (this.isRunning(member)) continue;
          restarts += 1;
          if (restarts > 5) throw new Error(`${member.name}: ${readFileSync(member.log, 'utf8').slice(-4000)}`);
          process.stdout.write(`rabbitmq: ${member.name} ended, and is started again\n`);
          this.start(member);
        }
        const views = await Promise.all(
          this.members.map((member) => this.api('GET', 'nodes', undefined, member).catch(() => [])),
        );
        return views.every(
          (nodes: { running: boolean }[]) => nodes.filter(({ running }) => running).length === this.members.length,
        );
      },
      seconds,
    );
  }

  async stop() {
    await Promise.all(this.members.filter((member) => this.isRunning(member)).map((member) => this.kill(member)));
    this.network.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #container(): Container {
    return this.#made.pod.containers.find(({ name }) => name === 'rabbitmq')!;
  }

  /** What is mounted below /etc/rabbitmq, by path. */
  #files(): [string, string][] {
    const { volumes = [] } = this.#made.pod;
    return (this.#container.volumeMounts ?? [])
      .filter(({ mountPath, subPath }) => mountPath.startsWith('/etc/rabbitmq/') && subPath)
      .map(({ name, mountPath, subPath }) => {
        const { sources = [] } = volumes.find((volume) => volume.name === name)!.projected!;
        const source = sources
          .map(({ configMap, secret }) => (configMap ?? secret)!)
          .find(({ items }) => items?.some(({ path }) => path === subPath))!;
        const { key } = source.items!.find(({ path }) => path === subPath)!;
        return [mountPath, this.#made.data[source.name!]?.[key] ?? ''];
      });
  }

  #env(pod: string): Record<string, string> {
    const fields: Record<string, string> = { 'metadata.name': pod, 'metadata.namespace': this.#namespace };
    const variables: Record<string, string> = {};
    for (const { name, value, valueFrom } of this.#container.env ?? []) {
      const text = valueFrom?.fieldRef ? fields[valueFrom.fieldRef.fieldPath]! : (value ?? '');
      variables[name] = text.replaceAll(/\$\((\w+)\)/g, (whole, other) => variables[other] ?? whole);
    }
    // The image has no such folder at its root here.
    return {
      ...variables,
      RABBITMQ_ENABLED_PLUGINS_FILE: '/etc/rabbitmq/enabled_plugins',
      // As the image has them.
      HOME: '/var/lib/rabbitmq',
      LANG: 'C.UTF-8',
      PATH: process.env['PATH']!,
      ERL_CRASH_DUMP: '/dev/null',
    };
  }
}

/** Name and content of every ConfigMap or Secret. */
async function dataOf(bed: Bed, kind: 'configmaps' | 'secrets'): Promise<[string, Record<string, string>][]> {
  const decoded = (value: string) => (kind === 'secrets' ? Buffer.from(value, 'base64').toString() : value);
  return (await bed.list(kind)).map(({ metadata, data = {} }) => [
    metadata.name,
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decoded(value as string)])),
  ]);
}
