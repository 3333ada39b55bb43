import type { PodSpec } from '../../imports/k8s.ts';
import { type Network, NetworkedPod } from './network.ts';

/** Containers that do what their shell script says, by name; two seconds are given to their end. */
export const specOf = (scripts: Readonly<Record<string, string>>): PodSpec => ({
  securityContext: { runAsUser: 65_534, runAsGroup: 65_534 },
  terminationGracePeriodSeconds: 2,
  containers: Object.entries(scripts).map(([name, script]) => ({ name, command: ['sh', '-c', script] })),
});

export const podOf = (network: Network, scripts: Readonly<Record<string, string>>) =>
  new NetworkedPod({
    network,
    name: 'sleeper-0',
    host: 'sleeper-0.shop.svc.cluster.local',
    spec: specOf(scripts),
    data: '/data',
    objects: [],
    secrets: {},
  });
