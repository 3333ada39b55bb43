import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Container, PodSpec } from '../../imports/k8s.ts';

// biome-ignore lint/suspicious/noExplicitAny: rendered objects of every kind.
type Plain = any;

export interface Result {
  readonly code: number;
  readonly output: string;
}

/** How a container would be started. */
export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs containers of rendered pods as processes: their command, their variables, their files, below `root` instead of /.
 * Secrets come from `secrets` by key, or by `<secret>/<key>`; `path` is searched before the machine's own programs, and
 * `wrapper` begins every command line.
 */
export class Host {
  readonly root: string;
  readonly #objects: readonly Plain[];
  readonly #secrets: Readonly<Record<string, string>>;
  readonly path: string[];
  readonly wrapper: string[] = [];

  constructor(root: string, objects: readonly Plain[], secrets: Readonly<Record<string, string>>, path: string[] = []) {
    this.root = root;
    this.#objects = objects;
    this.#secrets = secrets;
    this.path = path;
  }

  /** The containers of a CronJob's or Job's pod in order, up to the first that fails. */
  async run(kind: 'CronJob' | 'Job', env: Readonly<Record<string, string>> = {}, name?: string): Promise<Result> {
    const pod = this.pod(kind, name);
    let output = '';
    for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
      const result = await run(this.start(container, pod, env));
      output += result.output;
      if (result.code) return { code: result.code, output };
    }
    return { code: 0, output };
  }

  /** The first object of a kind, or the one of that name. */
  pod(kind: string, name?: string): PodSpec {
    const { spec } = this.#objects.find(
      (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
    );
    return (spec.jobTemplate?.spec ?? spec).template.spec;
  }

  /** Puts its files in place, and says how to start a container. */
  start(container: Container, pod: PodSpec, env: Readonly<Record<string, string>> = {}): Start {
    const mounts = this.mount(container, pod);
    const local = (text: string) => mounts.reduce((moved, path) => moved.replaceAll(path, join(this.root, path)), text);
    const command = [...(container.command ?? []), ...(container.args ?? [])].map(local);
    const [program, ...args] = [...this.wrapper, ...command];
    const variables = Object.entries(this.variables(container)).map(([name, value]) => [name, local(value)]);
    const PATH = [...this.path, process.env['PATH']].join(':');
    return { program: program!, args, env: { ...Object.fromEntries(variables), ...env, PATH } };
  }

  /** Makes what is mounted, and returns where; /tmp is the machine's own. */
  private mount({ volumeMounts = [] }: Container, { volumes = [] }: PodSpec): string[] {
    for (const { name, mountPath, subPath } of volumeMounts) {
      const volume = volumes.find((candidate) => candidate.name === name);
      const path = join(this.root, mountPath);
      mkdirSync(subPath ? dirname(path) : path, { recursive: true });
      if (volume?.configMap) writeFileSync(path, this.configMap(volume.configMap.name!)[subPath!]!);
      if (volume?.secret) writeFileSync(path, this.secret(volume.secret.secretName!, subPath!));
    }
    return volumeMounts.map(({ mountPath }) => mountPath).filter((path) => path !== '/tmp');
  }

  /** What the container's environment would be. */
  variables({ envFrom = [], env = [] }: Container): Record<string, string> {
    const whole = envFrom.flatMap(({ configMapRef }) => Object.entries(this.configMap(configMapRef!.name!)));
    const variables: Record<string, string> = Object.fromEntries(whole);
    for (const { name, value, valueFrom } of env) {
      const { name: secret, key } = valueFrom?.secretKeyRef ?? {};
      if (secret && key) variables[name] = this.secret(secret, key);
      // The kubelet fills in what stands before.
      if (value) variables[name] = value.replaceAll(/\$\((\w+)\)/g, (whole, other) => variables[other] ?? whole);
    }
    return variables;
  }

  private secret(name: string, key: string): string {
    const value = this.#secrets[`${name}/${key}`] ?? this.#secrets[key];
    if (value === undefined) throw new Error(`${name}/${key}: no such Secret here`);
    return value;
  }

  private configMap(name: string): Record<string, string> {
    return this.#objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === name).data;
  }
}

export async function run({ program, args, env }: Start): Promise<Result> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

/**
 * What the kubelet does to a pod that was asked to `end`: once its time is over, it has it killed. That is printed, with the
 * ends of the logs that `kill` gives.
 */
export async function stopInTime(
  { terminationGracePeriodSeconds: seconds = 30 }: PodSpec,
  end: Promise<unknown>,
  kill: () => Promise<readonly string[]>,
) {
  const timer = new AbortController();
  const late = sleep(seconds * 1000, true, { signal: timer.signal });
  const isLate = await Promise.race([end.then(() => false), late]).finally(() => timer.abort());
  if (!isLate) return;
  for (const log of await kill()) process.stdout.write(`killed after ${seconds} s: ${log.slice(-2000)}\n`);
  await end;
}

/** A program for `path` that does what `script` says. */
export function program(folder: string, name: string, script: string) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return folder;
}
