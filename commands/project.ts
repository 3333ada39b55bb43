import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Environment } from '../imports/environment.ts';
import { didYouMean } from '../synth/check/nearest.ts';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Relative to where the command runs, so that messages are short. */
export const clusters = relative(process.cwd(), join(root, 'clusters')) || '.';
const environments = join(root, 'charts/environments');

/** A mistake of the person at the keyboard: printed as it is, without a stack. */
export class Refusal extends Error {}

/** What `action` throws is a mistake of the person at the keyboard. */
export function refusing<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}

/** For commands whose exit code 1 is an answer: whatever keeps them from answering ends them with 2. */
export async function answering(action: () => Promise<void>) {
  try {
    await action();
  } catch (error) {
    throw Object.assign(error as Error, { exitCode: 2 });
  }
}

/** Names of all environments. */
export const allEnvironments = (): string[] =>
  readdirSync(environments)
    .flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
    .sort();

/** Names of the wanted environments, each of which has to exist; of all, when none is named. */
export function environmentNames(wanted: readonly string[]): string[] {
  const all = allEnvironments();
  const unknown = wanted.filter((name) => !all.includes(name));
  if (!unknown.length) return wanted.length ? [...new Set(wanted)] : all;
  const lines = unknown.map((name) => `${name}: no such environment${didYouMean(name, all)}`);
  throw new Refusal(`${lines.join('\n')}\nthere are ${all.join(', ')}; npm run new -- env <name> makes another`);
}

/** The literal in `charts/environments/<name>.ts`, read anew for every generation of watch mode. */
export async function load(name: string, generation?: number): Promise<Environment> {
  const url = pathToFileURL(join(environments, `${name}.ts`)).href;
  const { default: environment } = await import(generation ? `${url}?v=${generation}` : url);
  if (environment?.name === name) return environment;
  throw new Error(
    `its name is ${environment?.name ?? 'missing'}, and has to be that of its file; export default { name: '${name}', ... } satisfies Environment`,
  );
}
