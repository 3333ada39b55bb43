// What a test asks of a cluster, through kubectl: the same client, the same strictness as a person's.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { built } from './targets.ts';

/** Any object as the API server returns it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read fields of every kind
  [field: string]: any;
}

export interface Client {
  readonly kubeconfig: string;
  /** Runs kubectl and answers its output; rejects with its errors. */
  kubectl(args: string[], input?: string): Promise<string>;
  /** Applies objects or YAML text server-side with strict validation. */
  apply(manifests: string | object[]): Promise<void>;
  /** Answers undefined where the object is absent. */
  get(kind: string, namespace: string | undefined, name: string): Promise<KubernetesObject | undefined>;
  /** Objects of a kind in every namespace. */
  list(kind: string): Promise<KubernetesObject[]>;
}

interface Condition {
  type: string;
  status: string;
}

export function hasCondition(object: KubernetesObject, type: string): boolean {
  return (
    object['status']?.conditions?.some((entry: Condition) => entry.type === type && entry.status === 'True') ?? false
  );
}

/** Polls until the predicate answers something true, and answers that; `what` is the subject of the error. */
export async function waitFor<T>(
  what: string,
  predicate: () => Promise<T | undefined | false>,
  seconds = 180,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(100);
  }
}

/** What kubectl printed to stderr, whole; the message holds its beginning. */
export class KubectlError extends Error {
  readonly stderr: string;

  constructor(args: string[], stderr: string) {
    super(`kubectl ${args.join(' ')}: ${stderr.trim().slice(0, 2000)}`);
    this.stderr = stderr;
  }
}

function run(program: string, args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new KubectlError(args.slice(1), stderr));
    });
    // kubectl may refuse its arguments before it has read all of its input.
    child.stdin.on('error', () => undefined).end(input);
  });
}

export function createClient(kubeconfig: string): Client {
  const program = join(built('kube'), 'kubectl');
  const kubectl = (args: string[], input = '') => run(program, [`--kubeconfig=${kubeconfig}`, ...args], input);
  const json = async (args: string[]) => JSON.parse((await kubectl(args)) || 'null');
  return {
    kubeconfig,
    kubectl,
    async apply(manifests) {
      const input =
        typeof manifests === 'string' ? manifests : manifests.map((item) => JSON.stringify(item)).join('\n---\n');
      await kubectl(['apply', '--server-side', '--force-conflicts', '--validate=strict', '--filename=-'], input);
    },
    async get(kind, namespace, name) {
      const scope = namespace ? [`--namespace=${namespace}`] : [];
      return (await json(['get', kind, name, ...scope, '--ignore-not-found', '--output=json'])) ?? undefined;
    },
    list: async (kind) => (await json(['get', kind, '--all-namespaces', '--output=json'])).items,
  };
}
