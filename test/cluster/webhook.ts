// When an admission webhook is really asked. Its process answers, and its configuration has the authority, some time before
// the API server has read that, and before it has its own certificate: objects fail by then, or go by unread.
import { type Client, type KubectlError, type KubernetesObject, waitFor } from './client.ts';

/** Waits until the webhook refuses each of the objects, which are wrong by a rule of its own; none is ever made. */
export async function awaitRefusal(client: Client, wrong: readonly KubernetesObject[]): Promise<void> {
  await Promise.all(
    wrong.map(async (object) => {
      let answer = '';
      const isRefused = async () => {
        answer = await client.kubectl(['create', '--dry-run=server', '--filename=-'], JSON.stringify(object)).then(
          () => 'taken',
          ({ stderr }: KubectlError) => stderr,
        );
        return answer.includes('denied the request');
      };
      await waitFor(`refusal by a webhook of a wrong ${object.kind}`, isRefused, 60).catch((error: Error) => {
        throw new Error(`${error.message}: ${answer.trim()}`);
      });
    }),
  );
}
