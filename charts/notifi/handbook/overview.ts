import { sizes } from '../../../constructs/sizes.ts';
import { machinesOf } from '../../platform/k3s-hosts.ts';
import { services } from '../services.ts';
import type { Entry } from '../table.ts';
import { planned, type Rendered } from './facts.ts';
import { tableOf } from './text.ts';

export function overview({ environment, notifi }: Rendered): string {
  const { machines } = machinesOf(environment);
  return `## What there is

### Nodes

${tableOf(
  ['node', 'address', 'arch', 'CPU for pods', 'memory', 'disk', 'takes'],
  machines.map(({ name, arch, cpu, memory, disk, taints, machine }) => [
    name,
    machine.address,
    arch,
    cpu,
    memory,
    disk,
    taints?.length ? 'the control plane and DaemonSets' : 'everything',
  ]),
)}

There is one server: while pi-node-1 is away, pods go on running, but nothing is scheduled, no leader of PostgreSQL is elected
and Flux stands still. \`cluster-init\` keeps the way to three servers open. \`workload-type\` is a label for people
(\`kubectl get nodes -L workload-type\`): no pod is bound by it, for what may only run on one machine goes down with it.

### Stores

Each member is on a node of its own, on that node's disk. The plan's volumes sum up to more than the Raspberry Pis' disks hold, and its
requests to more than is left when a node is lost; memory limits are as it has them, or near.

${tableOf(
  ['store', 'members', 'volume of each', 'in the plan', 'CPU and memory', 'in the plan'],
  Object.entries(notifi.stores).map(([name, { members, storage, size }]) => {
    const plan = planned[name as keyof typeof planned];
    const { cpu, memory } = typeof size === 'string' ? sizes[size] : size;
    return [
      name,
      `${members}`,
      storage,
      `${plan.members} x ${plan.storage}`,
      `${cpu}, ${memory}`,
      `${plan.cpu}, ${plan.memory}`,
    ];
  }),
)}

### Services

The ${Object.keys(services).length} services are one table, \`charts/notifi/services.ts\`; to add one is to add an entry and to push its image.
The plan describes ${described().length} of them, ${described().join(', ')}; the others it only counts, and what they
are and need is assumed.

### A registry of one's own

Images of the services come from ${environment.registries.own.prefix}. The plan's Harbor is off, and one switch: \`studioWith({ harbor: true })\` in
\`charts/environments/studio.ts\`. It runs on the amd64 machines alone, for which its images are, and fits there also while one of
them is gone; its database is dumped every night. Once images are pushed there, \`registries.own\` names it.`;
}

const described = () =>
  Object.entries<Entry>(services)
    .filter(([, { assumed }]) => !assumed)
    .map(([name]) => name);
