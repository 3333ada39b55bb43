// RabbitMQ's messaging topology operator: asks the server of a RabbitmqCluster for the users, queues, ... that are described.
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import { lease } from './rabbitmq.ts';
import { built } from './targets.ts';

const name = 'messaging-topology-operator';

/** Starts it with a table of names of its own, in which the cluster's Service leads to a server. */
export function startRabbitmqTopology(plane: ControlPlane, processes: Processes, hosts: string): void {
  processes.start(name, join(built('rabbitmq-topology'), name), ['--metrics-bind-address=0'], {
    env: { KUBECONFIG: plane.kubeconfig, ...lease, ENABLE_WEBHOOKS: 'false' },
    wrapper: ['unshare', '--mount', '--', 'sh', '-euc', 'mount --bind "$1" /etc/hosts; shift; exec "$@"', 'sh', hosts],
  });
}
