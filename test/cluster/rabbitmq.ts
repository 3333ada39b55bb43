// RabbitMQ's cluster operator: makes StatefulSet, Services, ConfigMaps, Secrets and rights of a RabbitmqCluster.
import { join } from 'node:path';
import { waitFor } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';

const name = 'rabbitmq-cluster-operator';

/** Where an operator of RabbitMQ keeps its lease, in seconds: nobody else wants it, and who loses it ends for good. */
export const lease = { OPERATOR_NAMESPACE: 'kube-system', LEASE_DURATION: '600', RENEW_DEADLINE: '500' };

export async function startRabbitmq(plane: ControlPlane, slot: Slot, processes: Processes): Promise<void> {
  const health = `127.0.0.1:${slot.port()}`;
  const args = ['--metrics-bind-address=0', `--health-probe-bind-address=${health}`];
  processes.start(name, join(built('rabbitmq'), name), args, {
    env: { KUBECONFIG: plane.kubeconfig, ...lease },
  });
  await waitFor(name, async () => {
    processes.assertRunning(name);
    const answer = await fetch(`http://${health}/healthz`).catch(() => undefined);
    return answer?.ok;
  });
}
