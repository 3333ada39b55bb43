import { stringify } from 'yaml';
import type { Environment, Handbook, Node } from '../../imports/environment.ts';
import { hosts } from '../versions.ts';

type Machine = Node & Required<Pick<Node, 'machine'>>;

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

/** The machines among the nodes; the first with the label of a control plane is the server. */
export function machinesOf({ name, nodes }: Environment): { server: Machine; machines: readonly Machine[] } {
  const machines = nodes.filter((node): node is Machine => node.machine !== undefined);
  const server = machines.find(({ labels = {} }) => CONTROL_PLANE in labels);
  if (!server) throw new Error(`${name}: no machine among the nodes is labelled ${CONTROL_PLANE}; label the server`);
  return { server, machines };
}

/**
 * What a person installs on the machines, by file: K3s' configuration of each, with the labels, taints and reserves that
 * the environment counts on, and a firewall. `edge` may reach the node ports.
 * @see https://docs.k3s.io/installation/configuration#configuration-file
 */
export function k3sHosts(environment: Environment, { edge }: { readonly edge: string }): Handbook {
  const { server, machines } = machinesOf(environment);
  return Object.fromEntries([
    ...machines.map((machine) => [`k3s/${machine.name}.yaml`, configOf(machine, server, environment)]),
    ['nftables.conf', firewall(environment, machines, edge)],
  ]);
}

function configOf(machine: Machine, server: Machine, { network }: Environment): string {
  const { address, reserved } = machine.machine;
  const common = {
    'node-name': machine.name,
    'node-ip': address,
    'token-file': '/etc/rancher/k3s/token',
    'node-label': Object.entries(machine.labels ?? {})
      // K3s sets these itself; a kubelet may not.
      .filter(([label]) => !label.startsWith('node-role.kubernetes.io/'))
      .map(([label, value]) => `${label}=${value}`),
    'node-taint': machine.taints?.map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`),
    'kubelet-arg': [`system-reserved=cpu=${reserved.cpu},memory=${reserved.memory}`],
  };
  const config =
    machine === server
      ? {
          ...common,
          'cluster-init': true,
          'write-kubeconfig-mode': '0600',
          'secrets-encryption': true,
          disable: ['traefik', 'servicelb'],
          'flannel-backend': 'host-gw',
          'cluster-cidr': network.pods,
          'service-cidr': network.services,
          'tls-san': [address],
          'etcd-snapshot-schedule-cron': '15 */6 * * *',
          'etcd-snapshot-retention': 28,
        }
      : { ...common, server: `https://${server.machine.address}:6443` };
  return `# /etc/rancher/k3s/config.yaml of ${machine.name}, for K3s ${hosts.k3s.version}
${stringify(config, { keepUndefined: false, lineWidth: 0 })}`;
}

/**
 * Lets in what the cluster itself sends, and of the LAN only SSH and the API. Node ports are kube-proxy's, which sends them on
 * to pods before they are input: what is not to reach them is dropped earlier.
 */
function firewall({ network }: Environment, machines: readonly Machine[], edge: string): string {
  const cluster = [...machines.map(({ machine }) => machine.address), network.pods, network.services].join(', ');
  return `#!/usr/sbin/nft -f
# /etc/nftables.conf of every machine
table inet hosts
delete table inet hosts

table inet hosts {
  chain node_ports {
    type filter hook prerouting priority mangle; policy accept;
    ip saddr != { ${cluster}, ${edge} } fib daddr type local meta l4proto { tcp, udp } th dport 30000-32767 drop comment "for the edge alone; kube-proxy takes them after this"
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
    ip saddr { ${cluster} } accept comment "machines and pods: API server, kubelet, node exporter"
    ip saddr { ${network.nodes.join(', ')} } tcp dport { 22, 6443 } accept comment "the LAN; never the Internet"
  }
}
`;
}
