// Hosts of the test's own: a network namespace each, with an address and a cable to one switch. Nothing leaves it.
import { execFileSync } from 'node:child_process';

const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });

export class HostNetwork {
  /** By host. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly #switch: string;

  constructor(name: string, hosts: readonly string[]) {
    this.#switch = `${name}-${process.pid}`;
    this.addresses = Object.fromEntries(hosts.map((host, index) => [host, `10.99.0.${index + 1}`]));
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
