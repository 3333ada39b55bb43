// When an admission webhook is really asked. Its process answers, and its configuration has the authority, some time before
// the API server has read that, and before it has its own certificate: objects fail by then, or go by unread.
import { type Client, type KubectlError, type KubernetesObject, waitFor } from './client.ts';

/** What the API server and the webhooks say to objects, of which none is made: `taken`, or why not. */
export const dryRun = (client: Client, objects: readonly object[]): Promise<string> =>
  client
    .kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'],
      objects.map((object) => JSON.stringify(object)).join('\n---\n'),
    )
    .then(
      () => 'taken',
      ({ stderr }: KubectlError) => stderr,
    );

/** Waits until the webhook refuses each of the objects, which are wrong by a rule of its own; none is ever made. */
export async function awaitRefusal(client: Client, wrong: readonly KubernetesObject[]): Promise<void> {
  await Promise.all(
    wrong.map(async (object) => {
      let answer = '';
      const isRefused = async () => {
        answer = await dryRun(client, [object]);
        return answer.includes('denied the request');
      };
      await waitFor(`refusal by a webhook of a wrong ${object.kind}`, isRefused, 60).catch((error: Error) => {
        throw new Error(`${error.message}: ${answer.trim()}`);
      });
    }),
  );
}
