// Containers that see their files where they are rendered: below a root folder of their own, with the machine's programs.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Container, PodSpec } from '../../imports/k8s.ts';
import { type Host, type Result, stopInTime } from './container.ts';

// The machine's programs below the container's own folders.
const isolated = `
root=$1 programs=$2 user=$3 group=$4 shared=$5 at=$6
shift 6
for folder in usr dev proc; do mount --rbind "/$folder" "$root/$folder"; done
mount --bind "$programs" "$root/programs"
if [ -n "$shared" ]; then mount --bind "$shared" "$root$at"; fi
exec /usr/sbin/chroot "$root" setpriv --reuid="$user" --regid="$group" --clear-groups --pdeathsig=KILL "$@"`;

export interface BoxProps {
  readonly folder: string;
  readonly hosts: string;
  readonly spec: PodSpec;
  readonly container: Container;
  /** What is not rendered: files by path, and variables. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly env: Readonly<Record<string, string>>;
  readonly host: Host;
  /** By name. */
  readonly configMaps: Readonly<Record<string, Record<string, string>>>;
  /** Holds the programs of the image that are not the machine's; first in PATH. */
  readonly programs: string;
  /** A folder of the pod's containers together, and where it is mounted. @default - none */
  readonly shared?: { readonly folder: string; readonly path: string };
  /** Ends in running the rest of a command line on its host. @default - this machine */
  readonly inside?: readonly string[];
}

/** One container of a pod, as a process with a root folder, a view of processes and a user of its own. */
export class Box {
  readonly root: string;
  readonly log: string;
  readonly #props: BoxProps;
  #process?: ChildProcess;

  constructor(props: BoxProps) {
    this.#props = props;
    const { folder, hosts, files } = props;
    this.root = join(folder, 'root');
    this.log = join(folder, 'log');
    for (const path of ['usr', 'proc', 'dev', 'tmp', 'etc', 'programs']) {
      mkdirSync(join(this.root, path), { recursive: true });
    }
    for (const link of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${link}`, join(this.root, link));
    for (const file of ['passwd', 'group', 'nsswitch.conf']) cpSync(`/etc/${file}`, join(this.root, 'etc', file));
    cpSync(hosts, join(this.root, 'etc/hosts'));
    chmodSync(join(this.root, 'tmp'), 0o1777);
    for (const [path, content] of [...this.#rendered(), ...Object.entries(files)]) this.write(path, content);
    for (const { mountPath, subPath } of props.container.volumeMounts ?? []) {
      const path = join(this.root, mountPath);
      if (subPath || mountPath === '/tmp') continue;
      mkdirSync(path, { recursive: true });
      chownSync(path, this.#user, this.#group);
    }
  }

  write(path: string, content: string | Buffer) {
    mkdirSync(join(this.root, dirname(path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  get isRunning() {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  start(more: readonly string[] = []) {
    const { command = [], args = [] } = this.#props.container;
    const log = openSync(this.log, 'a');
    this.#process = this.#spawn([...command, ...args, ...more], ['ignore', log, log]);
    closeSync(log);
  }

  /** The container's own command, or another one, to its end. */
  run(
    command: readonly string[] = [...(this.#props.container.command ?? []), ...(this.#props.container.args ?? [])],
    input = '',
  ): Promise<Result> {
    const child = this.#spawn(command, ['pipe', 'pipe', 'pipe']);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.stdin!.on('error', () => undefined).end(input);
    return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? 1, output })));
  }

  signal(signal: NodeJS.Signals) {
    process.kill(this.#first, signal);
  }

  /** What a lost node does to it. */
  async kill() {
    this.signal('SIGKILL');
    await once(this.#process!, 'exit');
  }

  /** What the kubelet does to it: SIGTERM, and SIGKILL when the pod's time is over. */
  async stop() {
    const { container, spec } = this.#props;
    this.signal('SIGTERM');
    await stopInTime(spec, once(this.#process!, 'exit'), async () => {
      this.signal('SIGKILL');
      return [`${container.name}: ${readFileSync(this.log, 'utf8')}`];
    });
  }

  /** With it the kernel ends the others of its pid namespace. */
  get #first(): number {
    if (!this.isRunning) throw new Error(`does not run: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
    const output = execFileSync('pgrep', ['--parent', `${this.#process!.pid}`], { encoding: 'utf8' });
    return Number(output.split('\n')[0]);
  }

  get #user() {
    return this.#props.spec.securityContext!.runAsUser!;
  }

  get #group() {
    return this.#props.spec.securityContext!.runAsGroup!;
  }

  #spawn(command: readonly string[], stdio: ['ignore', number, number] | ['pipe', 'pipe', 'pipe']) {
    const { container, env, host, programs, inside = [], shared = { folder: '', path: '' } } = this.#props;
    return spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', ...inside],
        ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
        ...[
          'sh',
          '-euc',
          isolated,
          'sh',
          this.root,
          programs,
          `${this.#user}`,
          `${this.#group}`,
          shared.folder,
          shared.path,
          ...command,
        ],
      ],
      { env: { ...host.variables(container), ...env, PATH: '/programs:/usr/bin' }, stdio },
    );
  }

  #rendered(): [string, string][] {
    const { spec, container, configMaps } = this.#props;
    return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }) => {
      const configMap = spec.volumes?.find((volume) => volume.name === name)?.configMap?.name;
      return configMap ? [[mountPath, configMaps[configMap]![subPath!]!] as [string, string]] : [];
    });
  }
}
