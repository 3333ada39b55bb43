// Qdrant itself cannot be had here: its HTTP API is played, by the words of its documentation. What runs are the rendered
// scripts of backup and restore.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { External } from '../../constructs/external.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { qdrant } from '../../constructs/stores/qdrant.ts';
import { environment, render } from '../constructs/render.ts';
import { Host, type Result, run, type Start } from './container.ts';

const { objects, problems } = render(
  (chart) => {
    new HaStatefulStore(chart, 'qdrant', {
      engine: qdrant({ images: { qdrant: 'qdrant:1.19.0', curl: 'curl:8.17.0' } }),
      members: 3,
      storage: '10Gi',
      size: 'medium',
      backup: {
        rpoMinutes: 60,
        targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
        uploader: 'rclone:1.75.1',
      },
    });
  },
  { nodes: [{ ...environment.nodes[0]!, count: 3, labels: { 'capability/page-size': '4Ki' } }] },
);

const KEY = 'keyKeyKeyKey';

/** A member that holds collections, and snapshots of them. */
class Member {
  readonly requests: string[] = [];
  readonly snapshots = new Map<string, string>();
  readonly uploaded = new Map<string, string>();
  readonly name: string;
  readonly collections: readonly string[];
  /** What arrives is not what the checksum is of. */
  truncates = false;
  /** Called when a snapshot is asked for, and never answered. */
  onDownload?: () => void;
  readonly #server: Server;

  constructor(name: string, collections: readonly string[]) {
    this.name = name;
    this.collections = collections;
    this.#server = createServer(async (request, response) => {
      const [status, body] = await this.#answer(request);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<[number, object | string]> {
    const { method, url = '', headers } = request;
    const body = await text(request);
    this.requests.push(`${method} ${url}`);
    if (headers['api-key'] !== KEY) return [401, 'Must provide an API key'];
    const ok = (result: unknown): [number, object] => [200, { result, status: 'ok', time: 0.1 }];
    if (url === '/collections') return ok({ collections: this.collections.map((name) => ({ name })) });
    if (url === '/aliases') return ok({ aliases: [{ alias_name: 'live', collection_name: 'posts' }] });
    const [, collection, name] = /^\/collections\/([^/]+)\/snapshots(?:\/([^/]+))?$/.exec(url) ?? [];
    if (name?.startsWith('upload?')) {
      this.uploaded.set(collection!, body);
      return ok(true);
    }
    if (method === 'POST') {
      const content = `shards of ${collection} on ${this.name}`;
      this.snapshots.set(`${collection}-1.snapshot`, content);
      const checksum = createHash('sha256').update(content).digest('hex');
      return ok({
        name: `${collection}-1.snapshot`,
        creation_time: '2026-11-21T10:00:00',
        size: content.length,
        checksum,
      });
    }
    if (method === 'DELETE') return ok(this.snapshots.delete(name!));
    if (this.onDownload) {
      this.onDownload();
      return new Promise(() => undefined);
    }
    const content = this.snapshots.get(name!);
    return content === undefined ? [404, 'Not found'] : [200, this.truncates ? content.slice(0, -1) : content];
  }
}

let folder: string;
let members: Member[];
let addresses: string[];

beforeAll(() => expect(problems).toEqual([]));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qdrant-'));
  members = [0, 1, 2].map((n) => new Member(`member ${n}`, n === 2 ? ['posts'] : ['posts', 'people-and_places']));
  addresses = await Promise.all(members.map((member) => member.listen()));
});
afterEach(() => {
  for (const member of members) member.close();
  rmSync(folder, { recursive: true });
});

/** The container that runs curl, of a CronJob. */
function container(name: string): Start {
  const host = new Host(folder, objects, { 'api-key': KEY });
  host.path.push(join(folder, 'bin'));
  const pod = host.pod('CronJob', name);
  const curl = [...(pod.initContainers ?? []), ...pod.containers].find(({ image }) => image!.startsWith('curl'))!;
  const bash = { ...curl, command: ['bash', ...curl.command!.slice(1)] };
  mkdirSync(join(folder, 'backup'), { recursive: true });
  return host.start(bash, pod, { MEMBERS: addresses.join(' ') });
}

const script = (name: string): Promise<Result> => run(container(name));

const files = () =>
  readdirSync(join(folder, 'backup'))
    .map((name) => name.replace(/\d{8}T\d{6}Z/, 'STAMP'))
    .sort();

test('every collection of every member is a file, and comes back to where it was', async () => {
  expect(await script('qdrant-backup')).toMatchObject({ code: 0 });
  expect(files()).toEqual([
    'qdrant-backup-STAMP-0-people-and_places.snapshot',
    'qdrant-backup-STAMP-0-posts.snapshot',
    'qdrant-backup-STAMP-1-people-and_places.snapshot',
    'qdrant-backup-STAMP-1-posts.snapshot',
    'qdrant-backup-STAMP-2-posts.snapshot',
    'qdrant-backup-STAMP-aliases.json',
    'qdrant-backup-STAMP.sha256',
  ]);
  for (const { snapshots } of members) expect([...snapshots]).toEqual([]);

  expect(await script('qdrant-backup-restore')).toMatchObject({ code: 0, output: expect.stringContaining('"live"') });
  for (const { name, collections, uploaded } of members) {
    expect([...uploaded.keys()].sort()).toEqual([...collections].sort());
    for (const [collection, body] of uploaded) expect(body).toContain(`shards of ${collection} on ${name}`);
  }
});

test('a snapshot that does not arrive whole fails the Job, and does not stay on the volume', async () => {
  members[1]!.truncates = true;
  const { code, output } = await script('qdrant-backup');
  expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('FAILED') });
  expect([...members[1]!.snapshots]).toEqual([]);
  expect(files()).not.toContain('qdrant-backup-STAMP.sha256');
});

test('a snapshot whose Job is given up while it arrives does not stay on the volume', async () => {
  const { program, args, env } = container('qdrant-backup');
  const asked = new Promise<void>((resolve) => {
    members[0]!.onDownload = resolve;
  });
  const job = spawn(program, args, { env, stdio: 'ignore' });
  await asked;
  expect([...members[0]!.snapshots.keys()]).toHaveLength(1);
  job.kill('SIGTERM');
  const code = await new Promise((resolve) => job.once('exit', resolve));
  expect({ code, left: [...members[0]!.snapshots.keys()] }).toEqual({ code: 1, left: [] });
});

test('a member that does not answer fails the Job', async () => {
  members[2]!.close();
  expect((await script('qdrant-backup')).code).not.toBe(0);
});
