import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../imports/schemas/', import.meta.url));
const read = (file: string) => JSON.parse(readFileSync(join(source, file), 'utf8'));

/**
 * imports/schemas/ as every validator of JSON Schema reads it, one file for each kind: `apps_v1_deployment.json`,
 * `v1_v1_service.json`. There, fields that several objects have together are a `$ref` in the place of `properties`, which the
 * standard does not know.
 */
export function writeStandardSchemas(folder: string) {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(source).filter((name) => name !== 'kinds.json')) {
    const { $defs } = read(file);
    writeFileSync(join(folder, file), JSON.stringify({ $defs: standard($defs, $defs) }));
  }
  const groups = Object.entries<{ namespaced?: string[]; cluster?: string[] }>(read('kinds.json'));
  for (const [apiVersion, { namespaced = [], cluster = [] }] of groups) {
    const [version, group = version] = apiVersion.split('/').reverse();
    for (const kind of [...namespaced, ...cluster]) {
      const $ref = `${apiVersion.replace('/', '_')}.json#/$defs/${kind}`;
      writeFileSync(join(folder, `${group}_${version}_${kind.toLowerCase()}.json`), JSON.stringify({ $ref }));
    }
  }
}

const LOCAL = '#/$defs/';

function standard(node: unknown, definitions: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(node)) return node.map((item) => standard(item, definitions));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      const $ref = key === 'properties' ? value.$ref : undefined;
      const shared = typeof $ref === 'string' && $ref.startsWith(LOCAL) ? definitions[$ref.slice(LOCAL.length)] : value;
      return [key, standard(shared, definitions)];
    }),
  );
}
