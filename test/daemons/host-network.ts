// Hosts of the test's own: a network namespace each, with an address and a cable to one switch. Nothing leaves it, but for
// what this machine is asked where it has a cable too.
import { execFileSync, spawnSync } from 'node:child_process';
import { removeAfterDeath } from './last-will.ts';

const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });

/** Of networks in this process. */
let count = 0;

/**
 * Claims a net of 24 bits that this machine has a route to, by the name of the device that `line` makes: two test runs do not
 * meet, also where they look at the same moment.
 */
export function claimNet(line: (device: string) => string): { readonly device: string; readonly net: string } {
  const taken = execFileSync('ip', ['-4', '-oneline', 'address'], { encoding: 'utf8' });
  for (let n = 1; n <= 250; n += 1) {
    const [device, net] = [`fleet-${n}`, `10.99.${n}`];
    if (taken.includes(` ${net}.`)) continue;
    const { status, stderr } = spawnSync('ip', line(device).split(' '), { encoding: 'utf8' });
    if (status === 0) return { device, net };
    if (!stderr.includes('File exists')) throw new Error(`ip ${line(device)}: ${stderr}`);
  }
  throw new Error('every network of 10.99.0.0/16 is taken: `ip link` shows by what');
}

export class HostNetwork {
  /** By host. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of this machine, if it is on the network. */
  readonly machine: string;
  /** With what runs on its hosts. */
  readonly remove: () => void;
  readonly #switch: string;

  constructor(name: string, hosts: readonly string[], { withMachine = false } = {}) {
    count += 1;
    this.#switch = `${name}-${process.pid}-${count}`;
    this.remove = removeAfterDeath(this.#switch);
    ip(`netns add ${this.#switch}`);
    const cable =
      withMachine && claimNet((device) => `link add ${device} type veth peer name machine netns ${this.#switch}`);
    const net = cable ? cable.net : '10.99.0';
    this.addresses = Object.fromEntries(hosts.map((host, index) => [host, `${net}.${index + 1}`]));
    this.machine = `${net}.254`;
    ip(`-n ${this.#switch} link add switch type bridge`);
    ip(`-n ${this.#switch} link set switch up`);
    for (const [host, address] of Object.entries(this.addresses)) {
      const namespace = this.namespace(host);
      ip(`netns add ${namespace}`);
      ip(`-n ${this.#switch} link add ${this.port(host)} type veth peer name eth0 netns ${namespace}`);
      ip(`-n ${this.#switch} link set ${this.port(host)} master switch up`);
      ip(`-n ${namespace} address add ${address}/24 dev eth0`);
      ip(`-n ${namespace} link set lo up`);
      ip(`-n ${namespace} link set eth0 up`);
    }
    if (!cable) return;
    ip(`-n ${this.#switch} link set machine master switch up`);
    ip(`address add ${this.machine}/24 dev ${cable.device}`);
    ip(`link set ${cable.device} up`);
  }

  /** Ends in running the rest of the command line on `host`. */
  inside(host: string): string[] {
    return ['nsenter', `--net=/run/netns/${this.namespace(host)}`, '--'];
  }

  /** Ends in running the rest of the command line on `host`, where the file `names` is its table of names. */
  on(host: string, names: string): string[] {
    const script = 'mount --bind "$1" /etc/hosts; shift; exec setpriv --pdeathsig=KILL "$@"';
    return ['ip', 'netns', 'exec', this.namespace(host), 'sh', '-euc', script, 'sh', names];
  }

  unplug(host: string) {
    ip(`-n ${this.#switch} link set ${this.port(host)} down`);
  }

  plug(host: string) {
    ip(`-n ${this.#switch} link set ${this.port(host)} up`);
  }

  private namespace(host: string) {
    return `${this.#switch}-${host}`;
  }

  /** Names of devices have up to 15 letters. */
  private port(host: string) {
    return `port${Object.keys(this.addresses).indexOf(host)}`;
  }
}
