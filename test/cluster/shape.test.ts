// The strict shapes against the API server they were derived from: every sample is broken in every place and way, and
// both say what they think of it. What we refuse and the server takes would be a false alarm, and fails the test.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { isCustom } from '../../imports/kinds.ts';
import { shapeRules } from '../../synth/check/shape.ts';
import type { KubeObject } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import { type Bed, startBed } from './bed.ts';
import { type CrdSet, crdSets } from './crds.ts';

type Key = string | number;
type Json = Record<Key, unknown>;

const samples = loadAll(readFileSync('test/cluster/samples.yaml', 'utf8')) as KubeObject[];
const values = [
  7,
  -1,
  0,
  70_000,
  1.5,
  2 ** 31,
  'x y!',
  '',
  true,
  [],
  {},
  null,
  '80',
  'Abc',
  'a'.repeat(300),
  '10%',
  '${V}',
];
const identity = /^(apiVersion|kind|metadata(\.name|\.namespace)?)$/;

/** All of them take a minute and a half; without SOAK=1 every fifth is tried. */
const soak = Boolean(process.env['SOAK']);

let bed: Bed;
let send: (method: string, path: string, type: string, object: object) => Promise<{ status: number; message: string }>;
const resources = new Map<string, string>();

beforeAll(async () => {
  bed = await startBed({ nodes: [], crds: Object.keys(crdSets) as CrdSet[] });
  // kubectl takes a tenth of a second per object; twenty thousand objects need one connection.
  const { clusters, users } = load(readFileSync(bed.kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority': string } }];
    users: [{ user: { token: string } }];
  };
  const { server, 'certificate-authority': ca } = clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: readFileSync(ca) });
  const authorization = `Bearer ${users[0].user.token}`;
  send = (method, path, type, object) =>
    new Promise((done, failed) => {
      const headers = { authorization, 'content-type': type };
      request(server + path, { method, agent, headers }, async (answer) => {
        let text = '';
        for await (const chunk of answer) text += chunk;
        done({ status: answer.statusCode ?? 0, message: JSON.parse(text).message });
      })
        .on('error', failed)
        .end(JSON.stringify(object));
    });
  for (const apiVersion of new Set(samples.map((sample) => sample.apiVersion))) {
    const list = JSON.parse(await bed.kubectl(['get', '--raw', root(apiVersion)]));
    for (const { name, kind } of list.resources) if (!name.includes('/')) resources.set(`${apiVersion} ${kind}`, name);
  }
});
afterAll(() => bed?.stop());

const root = (apiVersion: string) => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

/** What the server says as Flux asks (server-side apply), and where that is content, to a strict create: undefined is yes. */
async function refusal(object: object, { apiVersion, kind, metadata }: KubeObject): Promise<string | undefined> {
  const folder = metadata.namespace ? `/namespaces/${metadata.namespace}` : '';
  const path = `${root(apiVersion)}${folder}/${resources.get(`${apiVersion} ${kind}`)}`;
  const query = 'dryRun=All&fieldManager=test&fieldValidation=Strict';
  const name = encodeURIComponent(metadata.name);
  const applied = await send('PATCH', `${path}/${name}?force=true&${query}`, 'application/apply-patch+yaml', object);
  if (applied.status >= 300) return applied.message;
  const created = await send('POST', `${path}?${query}`, 'application/json', object);
  return created.status >= 300 ? created.message : undefined;
}

function ours(object: KubeObject): string[] {
  const index = resolve(
    { manifests: [{ object, path: '', chart: '', unit: '' }], declared: [] },
    { provides: [], closed: true },
  );
  const context = { index, closed: true, committed: () => undefined };
  return shapeRules
    .filter(({ severity }) => severity === 'error')
    .flatMap((rule) => [...rule.check(context)].map(({ message }) => `${rule.name} ${message}`));
}

/** The object broken once: a field dropped, renamed or given another value, a strange field added, an entry repeated. */
function* broken(sample: KubeObject): Iterable<[what: string, object: KubeObject]> {
  const change = (path: Key[], how: (parent: Json, key: Key) => void) => {
    const copy = structuredClone(sample);
    const parent = path.slice(0, -1).reduce((value, key) => value[key] as Json, copy as Json);
    how(parent, path.at(-1)!);
    return copy;
  };
  for (const [path, value] of fieldsOf(sample)) {
    const field = path.join('.');
    if (identity.test(field) || /^spec\.values(\.|$)/.test(field)) continue;
    const drop = (parent: Json, key: Key) =>
      Array.isArray(parent) ? parent.splice(Number(key), 1) : delete parent[key];
    yield [`${field} dropped`, change(path, drop)];
    for (const other of values) {
      // Only the operator, when it reads the object, notices that a number does not fit into 32 bits.
      if (other === value || (other === 2 ** 31 && isCustom(sample.apiVersion))) continue;
      yield [`${field} = ${JSON.stringify(other)}`, change(path, (parent, key) => (parent[key] = other))];
    }
    if (typeof path.at(-1) === 'number') {
      yield [`${field} twice`, change(path, (parent) => (parent as unknown as unknown[]).push(structuredClone(value)))];
    } else {
      const rename = (parent: Json, key: Key) => {
        parent[`${key}X`] = parent[key];
        delete parent[key];
      };
      yield [`${field} renamed`, change(path, rename)];
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const name of ['strange', 'A b']) {
      yield [`${field}.${name} added`, change(path, (parent, key) => ((parent[key] as Json)[name] = 'x'))];
    }
  }
}

function* fieldsOf(value: unknown, path: Key[] = []): Iterable<[path: Key[], value: unknown]> {
  if (path.length) yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value))
    yield* fieldsOf(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

test('the server takes every sample, and so do the rules', async () => {
  for (const sample of samples) {
    expect({ kind: sample.kind, server: await refusal(sample, sample), ours: ours(sample) }).toEqual({
      kind: sample.kind,
      ours: [],
    });
  }
});

test('nothing is refused that the server takes, and hardly anything the other way round', async () => {
  const count = { refused: 0, taken: 0, missed: 0 };
  const falseAlarms: string[] = [];
  for (const sample of samples) {
    const variants = [...broken(sample)].filter((_, number) => soak || number % 5 === 0);
    const workers = Array.from({ length: 16 }, async () => {
      for (let next = variants.pop(); next; next = variants.pop()) {
        const [what, object] = next;
        const [theirs, faults] = [await refusal(object, sample), ours(object)];
        if (!theirs && faults.length) falseAlarms.push(`${sample.kind} ${what}: ${faults}`);
        count[theirs ? (faults.length ? 'refused' : 'missed') : 'taken']++;
      }
    });
    await Promise.all(workers);
  }
  const total = count.refused + count.taken + count.missed;
  console.log(`${total} broken objects of ${samples.length} kinds: ${JSON.stringify(count)}`);
  expect(falseAlarms).toEqual([]);
  expect(count.missed / total).toBeLessThan(0.03);
});
