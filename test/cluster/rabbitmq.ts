// RabbitMQ's cluster operator: makes StatefulSet, Services, ConfigMaps, Secrets and rights of a RabbitmqCluster.
import { join } from 'node:path';
import { waitFor } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';

const name = 'rabbitmq-cluster-operator';

export async function startRabbitmq(plane: ControlPlane, slot: Slot, processes: Processes): Promise<void> {
  const health = `127.0.0.1:${slot.port()}`;
  const args = ['--metrics-bind-address=0', `--health-probe-bind-address=${health}`];
  processes.start(name, join(built('rabbitmq'), name), args, {
    // Where it keeps its lease.
    env: { KUBECONFIG: plane.kubeconfig, OPERATOR_NAMESPACE: 'kube-system' },
  });
  await waitFor(name, async () => {
    processes.assertRunning(name);
    const answer = await fetch(`http://${health}/healthz`).catch(() => undefined);
    return answer?.ok;
  });
}
