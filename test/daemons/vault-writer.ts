// Writes numbered secrets one after the other, and prints which were acknowledged. A program of its own, so that it can run
// beside a member that is cut off: its argument is the first number.
import { setTimeout as sleep } from 'node:timers/promises';

const { VAULT_ADDR, VAULT_TOKEN } = process.env as Record<string, string>;

for (let n = Number(process.argv[2]); ; n += 1) {
  const answer = await fetch(`${VAULT_ADDR}/v1/secret/data/jwt/n/${n}`, {
    method: 'POST',
    headers: { 'X-Vault-Token': VAULT_TOKEN! },
    // Written once: what comes twice is refused.
    body: JSON.stringify({ data: { n }, options: { cas: 0 } }),
    signal: AbortSignal.timeout(3000),
  }).catch(() => undefined);
  await answer?.text().catch(() => undefined);
  if (answer?.status === 200) console.log(n);
  await sleep(20);
}
