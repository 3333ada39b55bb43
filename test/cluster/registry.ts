// An OCI registry over HTTP, that of go-containerregistry's `crane registry serve`.
import { join } from 'node:path';
import { waitFor } from './client.ts';
import type { Processes } from './processes.ts';
import type { Slot } from './slot.ts';
import { built } from './targets.ts';

export async function startRegistry(slot: Slot, processes: Processes): Promise<string> {
  const host = `127.0.0.1:${slot.port()}`;
  processes.start('registry', join(built('registry'), 'crane'), ['registry', 'serve', '--address', host]);
  await waitFor('registry', async () => {
    processes.assertRunning('registry');
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    return answer?.ok;
  });
  return host;
}
