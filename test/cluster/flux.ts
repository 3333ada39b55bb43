// Flux's source- and kustomize-controller as they run in a cluster, with admin rights as bootstrap gives them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';

/**
 * source-controller sees sources with this label only, or it would fetch every chart repository that a tree names from
 * the internet; the others are stood in for. It is Flux's own label for dividing work between controllers.
 */
export const fetched = { 'sharding.fluxcd.io/key': 'bed' };

export interface FluxOptions {
  /** How soon kustomize-controller looks again at a dependency that is not Ready. */
  readonly requeueDependency: string;
  /** Feature gate CancelHealthCheckOnNewRevision: a push does not wait for the health checks of the one before. */
  readonly cancelHealthChecks: boolean;
}

export async function startFlux(
  dir: string,
  plane: ControlPlane,
  slot: Slot,
  processes: Processes,
  options: FluxOptions,
): Promise<void> {
  const storage = join(dir, 'artifacts');
  await mkdir(storage);
  const artifacts = `127.0.0.1:${slot.port()}`;
  const health = new Map<string, string>();
  const start = (name: 'source-controller' | 'kustomize-controller', args: string[]) => {
    health.set(name, `127.0.0.1:${slot.port()}`);
    processes.start(
      name,
      join(built(name), name),
      [...args, '--metrics-addr=0', `--health-addr=${health.get(name)}`, '--events-addr=', '--log-encoding=console'],
      { env: { KUBECONFIG: plane.kubeconfig, RUNTIME_NAMESPACE: 'flux-system', TMPDIR: dir } },
    );
  };
  start('source-controller', [
    `--watch-label-selector=${Object.entries(fetched)[0]!.join('=')}`,
    `--storage-path=${storage}`,
    `--storage-addr=${artifacts}`,
    `--storage-adv-addr=${artifacts}`,
  ]);
  start('kustomize-controller', [
    `--requeue-dependency=${options.requeueDependency}`,
    `--feature-gates=CancelHealthCheckOnNewRevision=${options.cancelHealthChecks}`,
  ]);
  for (const [name, address] of health) {
    await waitFor(name, async () => {
      processes.assertRunning(name);
      const answer = await fetch(`http://${address}/readyz`).catch(() => undefined);
      return answer?.ok;
    });
  }
}
