// A rendered PostgreSQL store, run: its objects at a real API server, its members by Debian's Patroni and PostgreSQL, each
// on a host of its own.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import { type Bed, startBed } from '../cluster/bed.ts';
import { type KubernetesObject, waitFor } from '../cluster/client.ts';
import { Host } from './container.ts';
import { HostNetwork } from './host-network.ts';
import { hostsFile, RunningPod, withHosts } from './pods.ts';
import { bin } from './postgres.ts';
import { Forwarder, RunningService } from './service.ts';
import { configurationOf } from './spilo.ts';
import { Writer } from './writer.ts';

const namespace = 'shop';
const store = 'postgresql';
const names = ['postgresql-0', 'postgresql-1', 'postgresql-2'];

/** A name that the API server's certificate has. */
const API_SERVER = 'kubernetes.default.svc';

const password = () => randomBytes(16).toString('hex');

/** Values of the Secrets that the pods read. */
export const secrets = {
  superuser: password(),
  standby: password(),
  monitor: password(),
  'postgresql-notifi/password': password(),
  'postgresql-ledger/password': password(),
};

/** Of clusters in this process. */
let count = 0;

export class PostgresCluster {
  readonly folder = mkdtempSync('/var/tmp/patroni-');
  readonly members: readonly RunningPod[];
  /** What the Services lead to. */
  readonly leader: RunningService;
  readonly replicas: RunningService;
  /** Where the pooler has to listen. */
  readonly pooler: string;
  /** Of the members, named as they are, and this machine, where the API server is. */
  readonly network: HostNetwork;
  readonly #bed: Bed;
  readonly #objects: readonly KubernetesObject[];
  readonly #hosts: string;
  readonly #addresses: { readonly [name: string]: string };
  /** The members' way to the API server. */
  readonly #gate: Forwarder;
  readonly #gatePort: number;

  /** A control plane with the rendered objects, and members that are yet to be started. */
  static async start(objects: readonly KubernetesObject[]): Promise<PostgresCluster> {
    const nodes = ['1', '2', '3'].map((n) => ({ name: `node-${n}`, arch: 'arm64', cpu: '4', memory: '8Gi' }));
    const bed = await startBed({ nodes, crds: [], storageClasses: ['local-path'] });
    const network = new HostNetwork('postgres', names, { withMachine: true });
    try {
      await bed.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
      await bed.apply(objects.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.')));
      await waitFor('pods of the StatefulSet', async () => {
        const pods = await bed.list('pods');
        return names.every((name) => pods.some(({ metadata }) => metadata.name === name));
      });
      const { cluster } = JSON.parse(readFileSync(bed.kubeconfig, 'utf8')).clusters[0];
      const { hostname: host, port } = new URL(cluster.server);
      const gate = new Forwarder(async () => ({ host, port: Number(port) }));
      const token = await bed.kubectl(['create', 'token', store, `--namespace=${namespace}`, '--duration=24h']);
      const made = new PostgresCluster(bed, network, objects, gate, await gate.listen(network.machine, 0), {
        token,
        namespace,
        'ca.crt': readFileSync(cluster['certificate-authority'], 'utf8'),
      });
      await Promise.all([
        made.leader.listen(made.#addresses['postgresql.shop.svc']!, 5432),
        made.replicas.listen(made.#addresses['postgresql-replicas.shop.svc']!, 5432),
      ]);
      return made;
    } catch (error) {
      network.remove();
      await bed.stop();
      throw error;
    }
  }

  private constructor(
    bed: Bed,
    network: HostNetwork,
    objects: readonly KubernetesObject[],
    gate: Forwarder,
    gatePort: number,
    identity: Readonly<Record<string, string>>,
  ) {
    this.#bed = bed;
    this.network = network;
    this.#objects = objects;
    this.#gate = gate;
    this.#gatePort = gatePort;
    // Test runs side by side do not meet.
    const net = `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 250}`;
    const first = 100 + 10 * count;
    count += 1;
    const { addresses } = network;
    this.pooler = `${net}.${first + 2}`;
    this.#addresses = {
      'postgresql.shop.svc': `${net}.${first}`,
      'postgresql-replicas.shop.svc': `${net}.${first + 1}`,
      'postgresql-pooler.shop.svc': this.pooler,
      ...Object.fromEntries(names.map((name) => [`${name}.postgresql-headless.shop.svc`, addresses[name]!])),
      [API_SERVER]: network.machine,
    };
    chmodSync(this.folder, 0o755);
    this.#hosts = hostsFile(join(this.folder, 'hosts'), this.#addresses);
    mkdirSync(join(this.folder, 'identity'));
    for (const [file, text] of Object.entries(identity)) writeFileSync(join(this.folder, 'identity', file), text);

    const certificate = this.certificate();
    this.members = names.map((name) => this.member(name, addresses[name]!, certificate));
    const [leader, replicas] = [store, `${store}-replicas`].map((name) => {
      const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name)!;
      return new RunningService({ client: bed, service, addresses, isReady: (pod) => this.isReady(pod) });
    });
    this.leader = leader!;
    this.replicas = replicas!;
  }

  /** Runs rendered containers with the cluster's names. */
  host(name: string): Host {
    const root = join(this.folder, 'roots', name);
    mkdirSync(root, { recursive: true });
    const host = new Host(root, this.#objects, secrets, [bin]);
    host.wrapper.push(...withHosts(this.#hosts));
    return host;
  }

  /** Begins a command line of psql that knows the cluster's names. */
  get psql(): string[] {
    return [...withHosts(this.#hosts), join(bin, 'psql'), '-XqAt', '-v', 'ON_ERROR_STOP=1'];
  }

  /** A client that writes, with what `env` says of user and database; beside a member it speaks to that one alone. */
  writer(env: Readonly<Record<string, string>>, first = 1, beside?: RunningPod): Writer {
    if (!beside) return new Writer(this.psql, env, first);
    return new Writer([...this.network.inside(beside.name), ...this.psql], { ...env, PGHOST: beside.address }, first);
  }

  /** Name of the member without which the leader acknowledges nothing. */
  async synchronousStandby(): Promise<string> {
    const sql = "SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'";
    return waitFor('the synchronous standby', async () => (await this.query(sql).catch(() => []))[0]);
  }

  /** Until every member has the same rows in a table. */
  async expectAlike(table: string, env: Readonly<Record<string, string>>) {
    const sum = `SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t)) FROM ${table} t`;
    const rowsOf = async (there: Readonly<Record<string, string>>) =>
      (await this.query(sum, { ...env, ...there }).catch(() => []))[0];
    const rows = await waitFor('the rows', () => rowsOf({}));
    for (const { name, address } of this.members) {
      await waitFor(`the rows at ${name}`, async () => (await rowsOf({ PGHOST: address })) === rows);
    }
  }

  /** What the members said last. */
  ends(): string {
    return this.members.map(({ log, name }) => `${name}:\n${readFileSync(log, 'utf8').slice(-6000)}`).join('\n');
  }

  /** Everything that the members said. */
  logs(): string {
    return this.members.map(({ log }) => readFileSync(log, 'utf8')).join();
  }

  /** Whether a member still leads, in its own opinion, for a client beside it. */
  async leads({ name, address }: RunningPod): Promise<boolean> {
    const [program, ...args] = [...this.network.inside(name), ...this.psql, '-c', 'SELECT pg_is_in_recovery()'];
    const env = { PGHOST: address, PGUSER: 'postgres', PGPASSWORD: secrets.superuser, PGCONNECT_TIMEOUT: '5' };
    const asked = promisify(execFile)(program!, args, { env: { PATH: process.env['PATH'], ...env }, timeout: 10_000 });
    return await asked.then(
      ({ stdout }) => stdout.trim() === 'f',
      () => false,
    );
  }

  /** The one member that the Service of clients leads to. */
  async awaitLeader(other?: RunningPod): Promise<RunningPod> {
    const leader = async () => {
      const [name, ...more] = await this.leader.endpoints().catch(() => []);
      return !more.length && name !== other?.name && this.members.find((member) => member.name === name);
    };
    return waitFor(`a leader${other ? ` other than ${other.name}` : ''}`, leader);
  }

  /**
   * A leader, a synchronous standby and a third member, by Patroni's own account, and all of them ready. Meanwhile the
   * kubelet's part is played: a member whose liveness probe fails as often as is rendered is ended and started again.
   */
  async awaitWhole() {
    const kubelet = this.kubelet();
    const whole = async () => {
      await kubelet();
      const [name] = await this.leader.endpoints().catch(() => []);
      const leader = this.members.find((member) => member.name === name);
      const answer = leader && (await this.rest(leader, '/cluster').catch(() => undefined));
      if (!answer) return false;
      const { members } = (await answer.json()) as { members: { role: string; state: string }[] };
      const up = members.filter(({ state }) => state === 'running' || state === 'streaming');
      const roles = up.map(({ role }) => role).sort();
      return (
        roles.join() === 'leader,replica,sync_standby' && (await this.replicas.endpoints().catch(() => [])).length === 2
      );
    };
    await waitFor('a leader, a synchronous standby and a replica', whole, 300);
  }

  /** Nodes that the scheduler gave the members, and claims that are bound. */
  async placed() {
    const pods = (await this.#bed.list('pods')).filter(({ metadata }) => names.includes(metadata.name));
    const claims = (await this.#bed.list('persistentvolumeclaims')).filter(({ status }) => status.phase === 'Bound');
    return { nodes: new Set(pods.map(({ spec }) => spec.nodeName)).size, claims: claims.length };
  }

  async labels({ name }: RunningPod): Promise<Record<string, string>> {
    return (await this.#bed.get('pod', namespace, name))!['metadata'].labels;
  }

  /** Patroni's own interface. */
  rest({ address }: RunningPod, path: string, seconds = 1) {
    return fetch(`http://${address}:8008${path}`, { signal: AbortSignal.timeout(seconds * 1000) });
  }

  /** Rows of a query, as the superuser at the leader if nothing else is said; columns parted by `|`. */
  async query(sql: string, env: Readonly<Record<string, string>> = {}, ...more: string[]): Promise<string[]> {
    const superuser = { PGHOST: 'postgresql.shop.svc', PGUSER: 'postgres', PGPASSWORD: secrets.superuser };
    const [program, ...args] = this.psql;
    const { stdout } = await promisify(execFile)(program!, [...args, '-c', sql, ...more], {
      env: { PATH: process.env['PATH'], ...superuser, PGDATABASE: 'postgres', PGCONNECT_TIMEOUT: '5', ...env },
      timeout: 120_000,
    });
    return stdout.split('\n').filter(Boolean);
  }

  /** What psql says to a statement at one member within five seconds, by its exit code. */
  async attempt({ address }: RunningPod, sql: string): Promise<number | null> {
    const env = { PATH: process.env['PATH'], PGHOST: address, PGUSER: 'postgres', PGPASSWORD: secrets.superuser };
    const [program, ...args] = this.psql;
    const client = spawn(program!, [...args, '-c', sql], { env: { ...env, PGDATABASE: 'notifi' }, stdio: 'ignore' });
    const patience = setTimeout(() => client.kill('SIGKILL'), 5000);
    const code = await new Promise<number | null>((resolve) => client.once('close', resolve));
    clearTimeout(patience);
    return code;
  }

  /** The Secrets have other values; a member knows them from its next start on. */
  reseal(values: Partial<typeof secrets>) {
    for (const { name } of this.members) {
      const file = join(this.folder, `${name}.yml`);
      let text = readFileSync(file, 'utf8');
      for (const [key, value] of Object.entries(values))
        text = text.replaceAll(secrets[key as keyof typeof secrets], value);
      writeFileSync(file, text);
    }
    Object.assign(secrets, values);
  }

  emptyVolume({ name }: RunningPod) {
    const volume = join(this.folder, name);
    for (const entry of readdirSync(volume)) rmSync(join(volume, entry), { recursive: true });
  }

  /** Cuts the members off from the API server for a while. */
  async withoutApiServer(during: () => Promise<unknown>) {
    await this.#gate.close();
    try {
      await during();
    } finally {
      await this.#gate.listen(this.network.machine, this.#gatePort);
    }
  }

  async stop() {
    await Promise.all(this.members.filter(({ isRunning }) => isRunning).map((member) => member.kill()));
    await Promise.all([this.leader.close(), this.replicas.close(), this.#gate.close()]);
    this.network.remove();
    await this.#bed.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** To be called again and again: looks at every member once in a period of the rendered probe. */
  private kubelet(): () => Promise<void> {
    const { httpGet, periodSeconds = 10, timeoutSeconds, failureThreshold = 3 } = this.probe('livenessProbe');
    const failed = new Map<RunningPod, number>();
    let next = performance.now() + periodSeconds * 1000;
    return async () => {
      if (performance.now() < next) return;
      next = performance.now() + periodSeconds * 1000;
      for (const member of this.members) {
        const alive = await this.rest(member, httpGet!.path!, timeoutSeconds).then(
          ({ ok }) => ok,
          () => false,
        );
        failed.set(member, alive ? 0 : (failed.get(member) ?? 0) + 1);
        if (failed.get(member)! < failureThreshold) continue;
        process.stdout.write(`postgres: ${member.name} does not answer its liveness probe, and is started again\n`);
        await member.kill();
        member.start();
        failed.set(member, 0);
      }
    };
  }

  private probe(which: 'livenessProbe' | 'readinessProbe') {
    return this.host('members').pod('StatefulSet').containers[0]![which]!;
  }

  /** As the kubelet would ask. */
  private async isReady(name: string): Promise<boolean> {
    const member = this.members.find((candidate) => candidate.name === name)!;
    const answer = await this.rest(member, this.probe('readinessProbe').httpGet!.path!).catch(() => undefined);
    return answer?.status === 200;
  }

  private member(name: string, address: string, certificate: { cert: string; key: string }): RunningPod {
    const { folder } = this;
    const volume = join(folder, name);
    const file = join(folder, `${name}.yml`);
    const host = this.host('members');
    const env = { ...host.variables(host.pod('StatefulSet').containers[0]!), POD_NAMESPACE: namespace };
    mkdirSync(volume, { mode: 0o700 });
    writeFileSync(file, dump(configurationOf(env, { name, address, folder: volume, certificate })), { mode: 0o600 });
    for (const path of [volume, file]) own(path);
    const variables = {
      PATH: process.env['PATH']!,
      HOME: volume,
      LC_ALL: 'C.UTF-8',
      KUBERNETES_SERVICE_HOST: API_SERVER,
      KUBERNETES_SERVICE_PORT: `${this.#gatePort}`,
    };
    const start = { program: 'patroni', args: [file], env: variables };
    const inside = this.network.inside(name);
    return new RunningPod({
      name,
      address,
      inside,
      identity: join(folder, 'identity'),
      hosts: this.#hosts,
      folder,
      start,
    });
  }

  private certificate() {
    const [cert, key] = ['server.crt', 'server.key'].map((file) => join(this.folder, file)) as [string, string];
    const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=spilo', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', ...made], { stdio: 'ignore' });
    own(key);
    return { cert, key };
  }
}

const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])));

const own = (path: string) => chownSync(path, uid!, gid!);
