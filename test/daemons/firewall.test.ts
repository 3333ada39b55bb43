// The firewall that is rendered for machines, in a real kernel: a node, before which a rule as kube-proxy writes it sends a node
// port on to a pod, is called by the edge, by another machine of the cluster, by a pod and by somebody else in the LAN.
import { execFileSync, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import studio from '../../charts/environments/studio.ts';
import { k3sHosts } from '../../charts/platform/k3s-hosts.ts';
import type { Node } from '../../imports/environment.ts';
import { waitFor } from '../cluster/client.ts';
import { HostNetwork } from './host-network.ts';

const POD = '10.42.0.2';
const network = new HostNetwork('firewall', ['node', 'machine', 'edge', 'guest', 'pod']);
const { node, machine, edge } = network.addresses as Record<string, string>;

const run = (host: string, line: string, input?: string) => {
  const [program, ...args] = [...network.inside(host), ...line.split(' ')];
  return execFileSync(program!, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] });
};

/** Answers at ports of a host, with the caller's address. */
function listen(host: string, ...ports: readonly number[]) {
  const server = `require('net').createServer((socket) => socket.end(socket.remoteAddress))`;
  const script = `for (const port of ${JSON.stringify(ports)}) ${server}.listen(port, '0.0.0.0')`;
  const [program, ...args] = [...network.inside(host), 'setpriv', '--pdeathsig=KILL', process.execPath, '-e', script];
  spawn(program!, args, { stdio: 'ignore' });
}

/** Whether the port of the node answers; a dropped call has none. */
function reaches(host: string, port: number): boolean {
  const script = `const socket = require('net').connect(${port}, '${node}');
setTimeout(() => process.exit(1), 1000);
socket.on('error', () => process.exit(1)).on('data', () => process.exit(0))`;
  const [program, ...args] = [...network.inside(host), process.execPath, '-e', script];
  try {
    execFileSync(program!, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  // The pod is behind its node, and answers through it.
  run('pod', `ip address flush dev eth0`);
  run('pod', `ip address add ${POD}/32 dev eth0`);
  run('pod', `ip route add ${node} dev eth0`);
  run('pod', `ip route add default via ${node}`);
  run('node', `ip route add ${POD} dev eth0`);
  run(
    'node',
    'sysctl --quiet --write net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0',
  );
  run(
    'node',
    'nft --file -',
    `table ip kube-proxy {
  chain services {
    type nat hook prerouting priority dstnat;
    fib daddr type local tcp dport { 30080, 30443 } dnat to ${POD}:8443
  }
}`,
  );
  listen('pod', 8443);
  listen('node', 22, 6443, 10250, 9100);
  await waitFor('servers', async () => [30080, 10250].every((port) => reaches('guest', port)));
});
afterAll(() => network.remove());

test('without it, everybody in the LAN reaches everything', () => {
  for (const port of [22, 6443, 10250, 9100, 30080, 30443])
    expect([port, reaches('guest', port)]).toEqual([port, true]);
});

describe('with it', () => {
  beforeAll(() => {
    const nodes = [node!, machine!].map((address, i) => {
      const one: Node = studio.nodes[i]!;
      return { ...one, machine: { ...one.machine!, address } };
    });
    const lan = { ...studio.network, nodes: [node!.replace(/\d+$/, '0/24')] };
    const { 'nftables.conf': rules } = k3sHosts({ ...studio, nodes, network: lan }, { edge: edge! });
    // Again, as on a change of it.
    for (let i = 0; i < 2; i += 1) run('node', 'nft --file -', rules);
  });

  test.each<[string, readonly number[], readonly number[]]>([
    ['guest', [22, 6443], [9100, 10250, 30080, 30443]],
    ['edge', [22, 6443, 30080, 30443], [9100, 10250]],
    ['machine', [22, 6443, 9100, 10250, 30080, 30443], []],
    ['pod', [6443, 9100, 10250], []],
  ])('%s reaches %j, and not %j', (host, open, closed) => {
    for (const port of open) expect([port, reaches(host, port)]).toEqual([port, true]);
    for (const port of closed) expect([port, reaches(host, port)]).toEqual([port, false]);
  });
});
