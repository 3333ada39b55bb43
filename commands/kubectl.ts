import { spawn } from 'node:child_process';
import type { KubeObject } from '../synth/manifest.ts';
import { Refusal } from './project.ts';

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The person's own kubectl, with its configuration and its rights; no other way leads to a cluster. */
export class Kubectl {
  /** As it was named, else the current one. */
  readonly context: string;
  readonly #arguments: readonly string[];

  private constructor(context: string) {
    this.context = context;
    this.#arguments = [`--context=${context}`, '--request-timeout=30s'];
  }

  /** Refused: no kubectl, no such context, no answer. */
  static async open(context: string | undefined): Promise<Kubectl> {
    const configured = await run(['config', 'get-contexts', '--output=name'], '');
    const contexts = configured.stdout.split('\n').filter(Boolean);
    const chosen = context ?? (await run(['config', 'current-context'], '')).stdout.trim();
    if (!contexts.includes(chosen)) {
      const known = contexts.length ? `there are ${contexts.join(', ')}` : 'kubectl knows none; set KUBECONFIG';
      throw new Refusal(
        chosen ? `--context ${chosen}: no such context; ${known}` : `no context is chosen: --context <name>; ${known}`,
      );
    }
    return new Kubectl(chosen);
  }

  /** Runs it, however it ends. */
  async run(words: readonly string[], input = ''): Promise<Answer> {
    const answer = await run([...this.#arguments, ...words], input);
    if (answer.code !== 0 && isUnanswered(answer.stderr))
      throw new Refusal(`context ${this.context}: the cluster does not answer: ${lastLine(answer.stderr)}`);
    return answer;
  }

  /** What it prints; refused where it fails. */
  async ask(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    if (code !== 0) throw new Refusal(`kubectl ${words.join(' ')}: ${lastLine(stderr)}`);
    return stdout;
  }

  /** Objects of a kind in all namespaces; none where the cluster does not have the kind. */
  async list(kind: string, ...words: readonly string[]): Promise<KubeObject[]> {
    const command = ['get', kind, '--all-namespaces', '--output=json', ...words];
    const { code, stdout, stderr } = await this.run(command);
    if (code !== 0 && /the server doesn't have a resource type/.test(stderr)) return [];
    if (code !== 0) throw new Refusal(`kubectl ${command.join(' ')}: ${lastLine(stderr)}`);
    return itemsOf(stdout);
  }
}

/** What kubectl prints as JSON: nothing, a list, or objects one after the other. */
export const itemsOf = (stdout: string): KubeObject[] =>
  stdout.split(/(?<=^\})\n(?=\{)/m).flatMap((document) => {
    if (!document.trim()) return [];
    const printed = JSON.parse(document);
    return Array.isArray(printed.items) ? printed.items : [printed];
  });

const NO_ANSWER =
  /unable to connect to the server|was refused - did you specify|couldn't get current server API group list|i\/o timeout|no such host|tls: |x509: |Unauthorized|must be logged in|connection refused|context deadline exceeded|Client\.Timeout|no route to host|getting credentials: exec/i;

/** Whether kubectl got no answer; what the API server says of a webhook that it cannot reach is one. */
export const isUnanswered = (stderr: string) =>
  stderr.split('\n').some((line) => !line.startsWith('Error from server') && NO_ANSWER.test(line));

export const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

/** More than any cluster needs for one answer; kubectl's own timeout is for one request. */
const PATIENCE = 300_000;

function run(words: readonly string[], input: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', words, { env: process.env });
    // The option of spawn would keep this process waiting where there is no kubectl.
    setTimeout(() => child.kill(), PATIENCE).unref();
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new Refusal('kubectl: not found; clusters are asked through it: https://kubernetes.io/docs/tasks/tools/')
          : error,
      ),
    );
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    // It may refuse its arguments before it has read all of its input.
    child.stdin.on('error', () => undefined).end(input);
  });
}
