// Nodes without a kubelet: KWOK keeps them Ready and runs the Pods that the real scheduler puts on them.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { type StandIn, stageOf } from './stand-ins.ts';
import { built } from './targets.ts';

/** A machine of the cluster, as an environment describes it. */
export interface NodeSpec {
  readonly name: string;
  /** @default 'amd64' */
  readonly arch?: string;
  /** Cores that Pods may request, a Kubernetes quantity. */
  readonly cpu: string | number;
  /** Memory that Pods may request, a Kubernetes quantity. */
  readonly memory: string;
  readonly labels?: Record<string, string>;
  readonly taints?: { key: string; value?: string; effect: string }[];
}

export function nodeObject({ name, arch = 'amd64', cpu, memory, labels, taints }: NodeSpec): object {
  const resources = { cpu: String(cpu), memory, 'ephemeral-storage': '100Gi', pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/arch': arch,
        'kubernetes.io/os': 'linux',
        ...labels,
      },
    },
    spec: { taints: taints ?? [] },
    status: {
      allocatable: resources,
      capacity: resources,
      nodeInfo: { architecture: arch, operatingSystem: 'linux' },
    },
  };
}

/** Starts KWOK with its own stages for nodes and Pods and a stage per stand-in; their kinds must exist already. */
export async function startKwok(
  dir: string,
  plane: ControlPlane,
  slot: Slot,
  processes: Processes,
  standIns: StandIn[],
): Promise<void> {
  const kwok = built('kwok');
  const files = (await readdir(kwok)).filter((file) => file.endsWith('.yaml')).sort();
  const own = await Promise.all(files.map((file) => readFile(join(kwok, file), 'utf8')));
  const config = join(dir, 'stages.yaml');
  await writeFile(config, [...own, ...standIns.map((standIn) => JSON.stringify(stageOf(standIn)))].join('\n---\n'));
  processes.start('kwok', join(kwok, 'kwok'), [
    `--kubeconfig=${plane.kubeconfig}`,
    `--config=${config}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=40',
    `--server-address=127.0.0.1:${slot.port()}`,
  ]);
}
