// From one old server to a new set: the rendered Job, run; mongod and its tools are stood in for by files of documents.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { mongodb } from '../../constructs/stores/mongodb.ts';
import { Workload } from '../../constructs/workload.ts';
import { environment, render } from '../constructs/render.ts';
import { Host, program } from './container.ts';

const [node] = environment.nodes;
const nodes = [1, 2, 3].map((n) => ({ ...node!, name: `node-${n}`, labels: { 'capability/mongodb': 'true' } }));
const { objects, problems, find, relations } = render(
  (chart) => {
    const store = new HaStatefulStore(chart, 'mongodb', {
      engine: mongodb({ databases: ['notifi'], images: { mongo: 'mongo:7.0.40', mongodbExporter: 'x:1' } }),
      members: 3,
      size: 'large',
      storage: '10Gi',
      backup: { none: 'a test' },
    });
    const old = new Credential(chart, 'old', { keys: { uri: 'given' } });
    const imported = store.importedFrom({
      uri: old.key('uri'),
      pods: { namespace: 'shop', labels: { app: 'mongodb-old' } },
      deadlineMinutes: 30,
    });
    new Workload(chart, 'client', { image: 'client:1.0.0', size: 'tiny', uses: [store.database('notifi'), imported] });
  },
  { nodes },
);

type Databases = Record<string, Record<string, string[]>>;

let root: string;
let host: Host;
const file = (name: string) => join(root, name);
const read = (name: string): Databases => JSON.parse(readFileSync(file(name), 'utf8'));
const write = (name: string, data: Databases) => writeFileSync(file(name), JSON.stringify(data));

const hosts = [0, 1, 2].map((n) => `mongodb-${n}.mongodb-headless.shop.svc:27017`).join(',');
const source = 'mongodb://root:old@mongodb-old-0.mongodb-old.shop.svc:27017/?authSource=admin&directConnection=true';
const target = `mongodb://root:rootPassword@${hosts}/?replicaSet=rs0&authSource=admin&w=majority`;

/** What the three programs do to servers that are files: strict about whom they are sent to, and what they are asked. */
const standIn = (folder: string) => `
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { createHash } from 'node:crypto';
const path = { [${JSON.stringify(source)}]: 'source', [${JSON.stringify(target)}]: 'target' };
const at = (uri) => { if (!path[uri]) throw new Error('unknown server ' + uri); return ${JSON.stringify(folder)} + '/' + path[uri]; };
const load = (uri) => { if (!existsSync(at(uri))) throw new Error('connect ECONNREFUSED'); return JSON.parse(readFileSync(at(uri))); };
const save = (uri, data) => writeFileSync(at(uri), JSON.stringify(data));
class Mongo {
  constructor(uri) { this.uri = uri; load(uri); }
  getDB(name) { return { runCommand: (command) => this.run(name, command) }; }
  run(name, command) {
    const data = load(this.uri);
    if (command.listDatabases && name === 'admin') return { databases: Object.keys(data).map((each) => ({ name: each })) };
    if (command.dbHash) {
      const hash = (documents) => createHash('md5').update(JSON.stringify(documents)).digest('hex');
      return { collections: Object.fromEntries(Object.entries(data[name] ?? {}).map(([key, value]) => [key, hash(value)])) };
    }
    if (command.find) {
      const found = (data[name]?.[command.find] ?? []).map((each) => JSON.parse(each)).filter(({ _id }) => _id === command.filter._id);
      return { cursor: { firstBatch: found } };
    }
    if (command.update && path[this.uri] === 'target') {
      const [{ u }] = command.updates;
      save(this.uri, { ...data, [name]: { ...data[name], [command.update]: [JSON.stringify(u)] } });
      return {};
    }
    throw new Error('no such command: ' + JSON.stringify(command));
  }
}
const [program, ...args] = process.argv.slice(2);
const option = (name) => args.find((arg) => arg.startsWith('--' + name + '='))?.slice(name.length + 3);
const uri = () => process.env.URI;
try {
  if (program === 'mongosh') {
    const print = (text) => console.log(text);
    runInNewContext(readFileSync(args.at(-1), 'utf8'), { Mongo, print, process: { env: process.env } });
  } else if (program === 'mongodump') {
    writeFileSync(option('archive'), JSON.stringify(load(uri())));
  } else {
    const excluded = args.filter((arg) => arg.startsWith('--nsExclude=')).map((arg) => arg.slice(12, -2));
    const dump = JSON.parse(readFileSync(option('archive')));
    const left = load(uri());
    for (const [name, collections] of Object.entries(dump)) if (!excluded.includes(name)) left[name] = { ...left[name], ...collections };
    if (!args.includes('--drop')) throw new Error('E11000 duplicate key');
    save(uri(), left);
  }
} catch (error) { console.error(error.message); process.exit(1); }
`;

/** A program that hands over to the stand-in, with the address that it was given by a file. */
const handOver = (name: string) =>
  `for arg; do case $arg in --config=*) export URI=$(sed 's/^uri: //' "\${arg#--config=}") ;; esac; done
${process.execPath} ${file('stand-in.mjs')} ${name} "$@"`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'import-'));
  writeFileSync(file('stand-in.mjs'), standIn(root));
  host = new Host(join(root, 'pod'), objects, { root: 'rootPassword', 'old/uri': source });
  for (const name of ['mongosh', 'mongodump', 'mongorestore']) {
    host.path.unshift(program(join(root, 'stubs'), name, handOver(name)));
  }
  program(join(root, 'stubs'), 'sleep', `echo . >> ${root}/slept; [ $(wc -l < ${root}/slept) -lt 20 ] || kill $PPID`);
  write('source', { admin: { users: ['old'] }, notifi: { users: ['1', '2'] }, tenant_7: { records: ['3'] } });
  write('target', { admin: { users: ['new'] } });
});
afterEach(() => rmSync(root, { recursive: true }));

const run = () => host.run('Job', {}, 'mongodb-import');

test('is rendered: who uses it waits for it, the old server lets it in, and nothing else any more', () => {
  expect(problems).toEqual([]);
  expect(relations).toContainEqual(expect.objectContaining({ uses: expect.arrayContaining(['shop/mongodb/import']) }));
  const { podSelector, ingress } = find('NetworkPolicy', 'mongodb-import-source').spec;
  expect(podSelector).toEqual({ matchLabels: { app: 'mongodb-old' } });
  expect(ingress[0].from[0].podSelector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'mongodb-import' });
  expect(find('Job', 'mongodb-import').spec.activeDeadlineSeconds).toBe(1800);
});

describe('the import', () => {
  test('brings every database, tenants too, and no users', async () => {
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('import: done') });
    expect(read('target')).toMatchObject({
      admin: { users: ['new'] },
      notifi: { users: ['1', '2'] },
      tenant_7: { records: ['3'] },
    });
  });

  test('run again changes nothing, whatever was written since', async () => {
    await run();
    const since = { ...read('target'), notifi: { users: ['1', '2', '9'] } };
    write('target', since);
    expect(await run()).toMatchObject({ code: 0 });
    expect(read('target')).toEqual(since);
  });

  test('needs the old server no more, once it is done', async () => {
    await run();
    rmSync(file('source'));
    expect(await run()).toMatchObject({ code: 0, output: 'import: done\n' });
    expect(read('target')['notifi']).toEqual({ users: ['1', '2'] });
  });

  test('refuses a set that has data from elsewhere, and leaves it alone', async () => {
    write('target', { admin: {}, notifi: { users: ['9'] } });
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toContain('refused: notifi would be overwritten');
    expect(read('target')['notifi']).toEqual({ users: ['9'] });
  });

  test('that stopped half-way begins again over what it brought', async () => {
    program(join(root, 'stubs'), 'mongorestore', 'echo "connection lost" >&2; exit 1');
    expect((await run()).code).not.toBe(0);
    write('target', { ...read('target'), notifi: { users: ['1'] } });
    program(join(root, 'stubs'), 'mongorestore', handOver('mongorestore'));
    rmSync(join(root, 'pod/dump'), { recursive: true });
    expect(await run()).toMatchObject({ code: 0 });
    expect(read('target')['notifi']).toEqual({ users: ['1', '2'] });
  });

  test('fails while somebody still writes to the old server', async () => {
    program(join(root, 'stubs'), 'mongodump', `${handOver('mongodump')}; sed -i 's/"2"/"2","late"/' ${file('source')}`);
    const { code, output } = await run();
    expect(code).not.toBe(0);
    expect(output).toContain('failed: notifi differs; somebody writes to the old server');
    expect(JSON.parse(read('target')['fleet']!['imports']![0]!)).toMatchObject({ state: 'begun' });
  });

  test('waits for a set that is not there yet', async () => {
    const later = readFileSync(file('target'), 'utf8');
    rmSync(file('target'));
    program(join(root, 'stubs'), 'sleep', `[ -e ${file('target')} ] || echo '${later}' > ${file('target')}`);
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('waits for both servers') });
    expect(existsSync(file('target'))).toBe(true);
  });
});
