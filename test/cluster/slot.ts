// Each bed on a machine takes a slot of its own: a block of ports and a service network that no other bed uses.
import { createServer, type Server } from 'node:net';

const first = 20_000;
const size = 16;
const slots = 128;

export interface Slot {
  /** A network on loopback: a ClusterIP is then an address of this machine, and no call to one leaves it. */
  readonly serviceCidr: string;
  /** The next unused port of the slot on 127.0.0.1. */
  port(): number;
  release(): Promise<void>;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

/**
 * Claims a slot by listening on its first port for as long as the bed lives. The ports lie below the range that the
 * kernel gives to outgoing connections, so a free port stays free until its component listens on it.
 */
export async function claimSlot(): Promise<Slot> {
  const start = process.pid % slots;
  for (let step = 0; step < slots; step++) {
    const slot = (start + step) % slots;
    const base = first + slot * size;
    const claim = await listen(base);
    if (!claim) continue;
    claim.unref();
    const probes = await Promise.all(Array.from({ length: size - 1 }, (_, offset) => listen(base + 1 + offset)));
    await Promise.all(probes.map((probe) => probe && close(probe)));
    if (probes.includes(undefined)) {
      await close(claim);
      continue;
    }
    let next = base;
    return {
      serviceCidr: `127.${100 + slot}.0.0/16`,
      port() {
        next += 1;
        if (next >= base + size) throw new Error(`a bed has ${size - 1} ports, raise the size of a slot in slot.ts`);
        return next;
      },
      release: () => close(claim),
    };
  }
  throw new Error(`no ${size} free ports in a row from ${first} to ${first + slots * size - 1} on 127.0.0.1`);
}
