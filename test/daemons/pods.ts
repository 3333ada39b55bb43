// Pods that run: each is a process with a pid, mount, network and user view of its own, the identity that
// its ServiceAccount gives it at a real API server, and the names of the cluster's DNS.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../cluster/client.ts';
import type { Start } from './container.ts';

/** Ends in running the rest of the command line where `hosts` is the machine's table of names. */
export const withHosts = (hosts: string) => [
  ...['unshare', '--mount', '--', 'sh', '-euc', 'mount --bind "$1" /etc/hosts; shift; exec "$@"', 'sh', hosts],
];

/** Ends in running the rest as user postgres, with a folder /tmp of its own. */
export const asPostgres = [
  'sh',
  '-euc',
  'mount -t tmpfs tmpfs /tmp; exec setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig=KILL "$@"',
  'sh',
];

const isolated = `
run=$(readlink -f /var/run)
mount -t tmpfs tmpfs "$run"
mkdir -p "$run/secrets/kubernetes.io/serviceaccount" "$run/postgresql"
cp "$1"/* "$run/secrets/kubernetes.io/serviceaccount"
chown postgres "$run/postgresql"
mount --bind "$2" /etc/hosts
shift 2
exec setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig=KILL "$@"`;

export interface PodProps {
  readonly name: string;
  readonly address: string;
  /** Ends in running the rest of a command line on its host. */
  readonly inside: readonly string[];
  /** Holds the token, the API server's certificate and the namespace. */
  readonly identity: string;
  readonly hosts: string;
  /** Takes its log. */
  readonly folder: string;
  readonly start: Start;
}

export class RunningPod {
  readonly name: string;
  readonly address: string;
  readonly log: string;
  readonly #props: PodProps;
  #process?: ChildProcess;

  constructor(props: PodProps) {
    this.name = props.name;
    this.address = props.address;
    this.log = join(props.folder, `${props.name}.log`);
    this.#props = props;
    mkdirSync(props.folder, { recursive: true });
  }

  start() {
    const { inside, identity, hosts, start } = this.#props;
    const log = openSync(this.log, 'a');
    this.#process = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', ...inside],
        ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
        ...['sh', '-euc', isolated, 'sh', identity, hosts, start.program, ...start.args],
      ],
      { env: { ...start.env }, stdio: ['ignore', log, log] },
    );
    closeSync(log);
  }

  /** What a lost node does to it. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** What the kubelet does to it: SIGTERM to its first process, and time to stop. */
  async stop() {
    await this.#end('SIGTERM');
  }

  pause() {
    for (const pid of this.#pids()) process.kill(pid, 'SIGSTOP');
  }

  resume() {
    for (const pid of this.#pids()) process.kill(pid, 'SIGCONT');
  }

  get isRunning() {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** By its first process: with that, the kernel ends the others. */
  async #end(signal: 'SIGKILL' | 'SIGTERM') {
    const pids = this.#pids();
    process.kill(pids[0]!, signal);
    await waitFor(`end of ${this.name}`, async () => !this.isRunning && !pids.some(exists));
  }

  /** Every process of it, the first one first. */
  #pids(): number[] {
    if (!this.isRunning) throw new Error(`${this.name} does not run: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
    const [first] = execFileSync('pgrep', ['--parent', `${this.#process!.pid}`], { encoding: 'utf8' }).split('\n');
    const all = execFileSync('pgrep', ['--ns', first!, '--nslist', 'pid', '.'], { encoding: 'utf8' });
    return [
      Number(first),
      ...all
        .split('\n')
        .filter(Boolean)
        .map(Number)
        .filter((pid) => pid !== Number(first)),
    ];
  }
}

function exists(pid: number) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Writes a table of names. */
export function hostsFile(path: string, names: Readonly<Record<string, string>>) {
  writeFileSync(
    path,
    ['127.0.0.1 localhost', ...Object.entries(names).map(([name, address]) => `${address} ${name}`), ''].join('\n'),
  );
  return path;
}
