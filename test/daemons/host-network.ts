// Hosts of the test's own: a network namespace each, with an address and a cable to one switch. Nothing leaves it, but for
// what this machine is asked where it has a cable too.
import { execFileSync } from 'node:child_process';

const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });

/** Of networks in this process. */
let count = 0;

/** One that no test run beside this one has, where two of them do not look at the same moment. */
function freeNet(): number {
  const taken = execFileSync('ip', ['-4', '-oneline', 'address'], { encoding: 'utf8' });
  const first = (process.pid + 83 * count) % 250;
  const nets = Array.from({ length: 250 }, (_, n) => 1 + ((first + n) % 250));
  const free = nets.find((net) => !taken.includes(`10.99.${net}.`));
  if (!free) throw new Error('every network of 10.99.0.0/16 is taken: `ip link` shows by what');
  return free;
}

export class HostNetwork {
  /** By host. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of this machine, if it is on the network. */
  readonly machine: string;
  readonly #switch: string;

  constructor(name: string, hosts: readonly string[], { withMachine = false } = {}) {
    count += 1;
    this.#switch = `${name}-${process.pid}-${count}`;
    // This machine has a route to each of its networks.
    const net = `10.99.${withMachine ? freeNet() : 0}`;
    this.addresses = Object.fromEntries(hosts.map((host, index) => [host, `${net}.${index + 1}`]));
    this.machine = `${net}.254`;
    ip(`netns add ${this.#switch}`);
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
    if (!withMachine) return;
    const cable = `m${process.pid}-${count}`;
    ip(`-n ${this.#switch} link add machine type veth peer name ${cable} netns ${process.pid}`);
    ip(`-n ${this.#switch} link set machine master switch up`);
    ip(`address add ${this.machine}/24 dev ${cable}`);
    ip(`link set ${cable} up`);
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

  remove() {
    for (const host of Object.keys(this.addresses)) ip(`netns delete ${this.namespace(host)}`);
    ip(`netns delete ${this.#switch}`);
  }

  private namespace(host: string) {
    return `${this.#switch}-${host}`;
  }

  /** Names of devices have up to 15 letters. */
  private port(host: string) {
    return `port${Object.keys(this.addresses).indexOf(host)}`;
  }
}
