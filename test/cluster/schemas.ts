// npm run schemas [-- <folder>]: imports/schemas/ from the OpenAPI v3 of a real API server with every CRD of the bed,
// or from a folder that holds its documents (`kubectl get --raw /openapi/v3/apis/apps/v1 > apps.json`, any file names).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBed } from './bed.ts';
import { type CrdSet, crdSets } from './crds.ts';
import { kindsOf, type OpenApi, schemasOf, share } from './derive.ts';

const target = fileURLToPath(new URL('../../imports/schemas/', import.meta.url));

async function documents(folder: string | undefined): Promise<OpenApi[]> {
  if (folder) return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  const bed = await startBed({ nodes: [], crds: Object.keys(crdSets) as CrdSet[] });
  try {
    return Object.values((await bed.openapi()).v3) as OpenApi[];
  } finally {
    await bed.stop();
  }
}

/** One entry per line: a new field shows as one changed line of its definition. */
const lines = (entries: readonly [string, unknown][]) =>
  entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n');

const sorted = <T>(record: Readonly<Record<string, T>>) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

const described = (await documents(process.argv[2])).filter(({ paths, components }) => paths && components);
const kinds = kindsOf(described);
const files = sorted(schemasOf(described, kinds));
// Whatever was there before goes, or a kind that is served no longer would stay known.
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
let bytes = 0;
for (const [file, definitions] of files) {
  const text = `{"$id": "${file}", "$defs": {\n${lines(sorted(share(definitions)))}\n}}\n`;
  writeFileSync(join(target, file), text);
  bytes += text.length;
}
writeFileSync(join(target, 'kinds.json'), `{\n${lines(sorted(kinds))}\n}\n`);
console.log(`${described.length} documents, ${files.length} schema files, ${Math.round(bytes / 1024)} kB`);
