import { readFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
import { type Client, KubectlError, type KubernetesObject } from './client.ts';

/** Objects of a file; what only kustomize reads is no object of the API server. */
async function objectsOf(file: string): Promise<KubernetesObject[]> {
  const documents = loadAll(await readFile(file, 'utf8')) as (KubernetesObject | null)[];
  return documents
    .filter((object) => object !== null)
    .filter(({ apiVersion }) => !/^kustomize\.config/.test(apiVersion));
}

/**
 * Asks the API server whether it would take every object of the files, unknown fields refused, and answers its refusals,
 * one per object. Namespaces are created for real first: nothing inside an absent one can be tried.
 */
export async function strictApply(client: Client, files: string[]): Promise<string[]> {
  const read = await Promise.all(files.map(async (file) => ({ file, objects: await objectsOf(file) })));
  const namespaces = read.flatMap(({ objects }) => objects.filter(({ kind }) => kind === 'Namespace'));
  if (namespaces.length > 0) await client.apply(namespaces);
  const applied = read.filter(({ objects }) => objects.length > 0).map(({ file }) => `--filename=${file}`);
  if (applied.length === 0) throw new Error(`strictApply: no object in ${files.join(', ') || 'no file'}`);
  try {
    await client.kubectl([
      'apply',
      '--server-side',
      '--force-conflicts',
      '--dry-run=server',
      '--validate=strict',
      ...applied,
    ]);
    return [];
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    // A refusal may go over several lines; each begins with one of these words.
    return error.stderr
      .split(/^(?=Error from server|error: |The )/m)
      .map((text) => text.trim())
      .filter((text) => !/^(Warning|$)/.test(text));
  }
}
