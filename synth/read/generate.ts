import { basename } from 'node:path';
import type { KubeObject } from '../manifest.ts';
import { type Json, map, text, texts } from '../resolve/json.ts';

export type Generated = 'ConfigMap' | 'Secret';

/**
 * What one entry of `configMapGenerator` or `secretGenerator` makes, under the name that references use: without the hash.
 * `read` gives the text of an input. https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/
 */
export function generated(kind: Generated, generator: Json, read: (path: string) => string): KubeObject {
  const data: Record<string, string> = {};
  for (const literal of texts(generator.literals)) {
    const [key, value] = pair(literal);
    data[key] = value;
  }
  for (const entry of texts(generator.files)) {
    const [key, path] = entry.includes('=') ? pair(entry) : [basename(entry), entry];
    data[key] = read(path);
  }
  for (const path of [...texts(generator.envs), ...texts([generator.env])]) {
    for (const line of read(path)
      .split('\n')
      .map((each) => each.trim())) {
      if (!line || line.startsWith('#')) continue;
      const [key, value] = pair(line);
      data[key] = value;
    }
  }
  const namespace = text(generator.namespace);
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name: text(generator.name) ?? '', ...(namespace && { namespace }) },
    ...(kind === 'Secret' && { type: text(generator.type) ?? 'Opaque' }),
    [field(kind)]: data,
  };
}

/** A generator of an overlay over the object of its base: `merge` keeps the base's keys, `replace` does not. */
export function overlaid(base: KubeObject, made: KubeObject, behavior: string): KubeObject {
  const at = field(made.kind);
  return { ...base, [at]: { ...(behavior === 'merge' ? map(base[at]) : {}), ...map(made[at]) } };
}

const field = (kind: string) => (kind === 'Secret' ? 'stringData' : 'data');

const pair = (text: string): [key: string, value: string] => {
  const [key = ''] = text.split('=', 1);
  return [key, text.slice(key.length + 1)];
};
