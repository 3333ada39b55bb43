// mongod cannot be had here. The rendered script meets a stand-in for it (mongo-world.ts); what is shell, is run.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { External } from '../../constructs/external.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { mongodb } from '../../constructs/stores/mongodb.ts';
import { waitFor } from '../cluster/client.ts';
import { environment, render } from '../constructs/render.ts';
import { Host, program, run } from './container.ts';
import { MongoWorld } from './mongo-world.ts';

const [node] = environment.nodes;
const nodes = [1, 2, 3].map((n) => ({ ...node!, name: `node-${n}`, labels: { 'capability/mongodb': 'true' } }));

const rendered = (members: number, tenants: string[] = []) =>
  render(
    (chart) => {
      new HaStatefulStore(chart, 'mongodb', {
        engine: mongodb({ databases: ['notifi'], tenants, images: { mongo: 'mongo:7.0.40', mongodbExporter: 'x:1' } }),
        members,
        size: 'large',
        storage: '10Gi',
        backup: {
          rpoMinutes: 60,
          targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: 'set by the test' } })],
          uploader: 'rclone:1.75.1',
        },
      });
    },
    { nodes },
  );

const { objects } = rendered(3);
const secrets = {
  keyfile: 'k'.repeat(128),
  root: 'rootPassword',
  monitor: 'monitorPassword',
  dump: 'dumpPassword',
  'mongodb-notifi/password': 'notifiPassword',
};

const hosts = [0, 1, 2].map((n) => `mongodb-${n}.mongodb-headless.shop.svc:27017`);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mongodb-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the script that keeps the set', () => {
  let world: MongoWorld;
  beforeEach(() => {
    world = new MongoWorld(hosts);
  });

  /** One run in place of mongosh's; what it throws, or `done`. */
  function once(given: Readonly<Record<string, string>> = secrets, from = objects): string {
    const host = new Host(root, from, given);
    const sidecar = host.pod('StatefulSet').containers.find(({ name }) => name === 'replica-set')!;
    const { data } = from.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'mongodb-replica-set-files',
    );
    try {
      runInNewContext(data['scripts_replica-set.js'], {
        Mongo: world.Mongo,
        process: { env: host.variables(sidecar) },
        print: () => undefined,
      });
      return 'done';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** As the loop does; members that were added are filled meanwhile. */
  function untilDone(given = secrets, from = objects): string[] {
    const said: string[] = [];
    for (let round = 0; round < 10; round++) {
      said.push(once(given, from));
      for (const member of world.members.values()) if (member.state === 'startup2') member.state = 'secondary';
      if (said.at(-1) === 'done') return said;
    }
    return said;
  }

  const whole = [
    'replSetInitiate',
    'createUser root',
    `add ${hosts[1]}`,
    `add ${hosts[2]}`,
    'createUser monitor',
    'createUser dump',
    'createUser notifi',
  ];

  test('fresh members: begins the set alone, makes root, adds the others, then the users', () => {
    expect(untilDone()).toEqual([`${hosts[0]} begins the set`, 'done']);
    expect(world.changes).toEqual(whole);
    expect(world.config!.members).toEqual(hosts.map((host, _id) => ({ _id, host })));
    expect(world.users.get('notifi')).toEqual({
      password: 'notifiPassword',
      roles: [
        { role: 'dbAdmin', db: 'notifi' },
        { role: 'readWrite', db: 'notifi' },
      ],
    });
  });

  test('run again, it changes nothing', () => {
    untilDone();
    world.changes.length = 0;
    expect(once()).toBe('done');
    expect(world.changes).toEqual([]);
  });

  test('broken off at any command, it goes on where it was', () => {
    for (let broken = 1; broken <= whole.length; broken++) {
      world = new MongoWorld(hosts);
      const push = world.changes.push.bind(world.changes);
      let left = broken;
      world.changes.push = (...items) => {
        push(...items);
        left -= 1;
        if (left === 0) throw new Error('killed');
        return 0;
      };
      expect(untilDone().at(-1)).toBe('done');
      expect([...world.users.keys()].sort()).toEqual(['dump', 'monitor', 'notifi', 'root']);
      expect(world.changes.filter((change) => change === 'replSetInitiate')).toHaveLength(1);
    }
  });

  test.each([1, 2])('begins nothing while member %d does not answer: it may have the configuration', (n) => {
    world.member(n).up = false;
    expect(once()).toContain('ECONNREFUSED');
    expect(world.changes).toEqual([]);
    world.member(n).up = true;
    expect(untilDone().at(-1)).toBe('done');
  });

  test('nor while its own server does not', () => {
    world.member(0).up = false;
    expect(once()).toContain('ECONNREFUSED');
    expect(world.changes).toEqual([]);
  });

  test('the first member with an emptied volume waits to be filled, and begins no second set', () => {
    untilDone();
    world.changes.length = 0;
    world.member(1).state = 'primary';
    Object.assign(world.member(0), { state: 'fresh', setName: undefined });
    expect(once()).toBe(`${hosts[1]} has a configuration, the set will fill ${hosts[0]} again`);
    Object.assign(world.member(0), { state: 'startup2', setName: 'rs0' });
    expect(once()).toContain('neither primary nor secondary yet');
    world.member(0).state = 'secondary';
    expect(once()).toBe('done');
    expect(world.changes).toEqual([]);
  });

  test('as a secondary, it works at the primary', () => {
    untilDone();
    Object.assign(world.member(0), { state: 'secondary' });
    Object.assign(world.member(2), { state: 'primary' });
    world.users.delete('notifi');
    world.changes.length = 0;
    expect(once()).toBe('done');
    expect(world.changes).toEqual(['createUser notifi']);
  });

  test('without a primary it waits', () => {
    untilDone();
    Object.assign(world.member(0), { state: 'secondary' });
    expect(once()).toContain('Server selection timed out');
  });

  test("root's Secret with another password than the set's: says so, and makes no user", () => {
    untilDone();
    world.changes.length = 0;
    const changed = { ...secrets, root: 'another' };
    expect(once(changed)).toBe('root is refused: the Secret has another password than the set; put the old one back');
    Object.assign(world.member(0), { state: 'secondary' });
    Object.assign(world.member(1), { state: 'primary' });
    expect(once(changed)).toContain('is not the primary');
    expect(world.changes).toEqual([]);
  });

  test('a new password of a user is set, and no other', () => {
    untilDone();
    world.changes.length = 0;
    expect(once({ ...secrets, 'mongodb-notifi/password': 'rotated' })).toBe('done');
    expect(world.changes).toEqual(['updateUser notifi']);
    expect(world.users.get('notifi')!.password).toBe('rotated');
  });

  test('a user who may now make databases is granted that', () => {
    untilDone();
    world.changes.length = 0;
    expect(once(secrets, rendered(3, ['notifi']).objects)).toBe('done');
    expect(world.changes).toEqual(['updateUser notifi']);
    expect(world.users.get('notifi')!.roles.map(({ role }) => role)).toEqual([
      'dbAdminAnyDatabase',
      'readWriteAnyDatabase',
    ]);
  });

  test('one member becomes three', () => {
    const alone = rendered(1).objects;
    expect(untilDone(secrets, alone).at(-1)).toBe('done');
    expect(world.config!.members).toHaveLength(1);
    world.changes.length = 0;
    expect(once()).toBe('done');
    expect(world.changes).toEqual([`add ${hosts[1]}`, `add ${hosts[2]}`]);
  });

  test('a member that belongs to another set is not taken over', () => {
    untilDone(secrets, rendered(1).objects);
    Object.assign(world.member(1), { state: 'primary', setName: 'other' });
    expect(once()).toContain(`${hosts[1]} has the configuration of another set, other`);
  });

  test('a password that a URI cannot hold is refused before anything is done', () => {
    expect(once({ ...secrets, 'mongodb-notifi/password': 'a/b@c' })).toContain('password of notifi');
    expect(world.changes).toEqual([]);
  });
});

describe('beside the server', () => {
  const tries = () => readFileSync(join(root, 'tries'), 'utf8').length;

  function start(pod: string) {
    const stubs = program(
      join(root, 'stubs'),
      'mongosh',
      `printf x >> ${root}/tries; [ "$(wc -c < ${root}/tries)" -ge 2 ]`,
    );
    const host = new Host(root, objects, secrets, [stubs]);
    const spec = host.pod('StatefulSet');
    const sidecar = spec.containers.find(({ name }) => name === 'replica-set')!;
    const { program: command, args, env } = host.start(sidecar, spec, { POD_NAME: pod });
    writeFileSync(join(root, 'tries'), '');
    // A container ends with its first process; here its group does.
    return spawn(command, args, { env: { ...env }, stdio: 'ignore', detached: true });
  }

  test('the first member tries until it is done, then rests, and ends when asked to', async () => {
    const child = start('mongodb-0');
    await waitFor('two tries', async () => tries() === 2);
    // One more would have come by now.
    await sleep(6500);
    expect(tries()).toBe(2);
    expect(child.exitCode).toBeNull();
    const before = performance.now();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    process.kill(-child.pid!);
  });

  test('the others leave it to the first, and rest at once', async () => {
    const child = start('mongodb-1');
    await waitFor(
      'its rest',
      async () => spawnSync('pgrep', ['--parent', `${child.pid}`, '--exact', 'sleep']).status === 0,
    );
    expect(tries()).toBe(0);
    process.kill(-child.pid!);
  });
});

test('the key that the server is given can be read by itself alone', async () => {
  const host = new Host(root, objects, secrets);
  const pod = host.pod('StatefulSet');
  const [keyfile] = pod.initContainers!;
  expect(await run(host.start(keyfile!, pod))).toMatchObject({ code: 0 });
  // The kubelet may run it again.
  expect(await run(host.start(keyfile!, pod))).toMatchObject({ code: 0 });
  const path = join(root, 'run/mongod/keyfile');
  expect(statSync(path).mode & 0o777).toBe(0o400);
  expect(readFileSync(path, 'utf8')).toBe(secrets.keyfile);
});

describe('ready', () => {
  /** An answer to `hello` as it goes over the wire. */
  const answer = (...fields: readonly [string, boolean][]) => {
    const elements = fields.map(([name, value]) => Buffer.from(`\x08${name}\0${value ? '\x01' : '\0'}`, 'latin1'));
    const body = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.alloc(1)]);
    body.writeInt32LE(body.length);
    const head = Buffer.alloc(21);
    for (const [value, at] of [
      [head.length + body.length, 0],
      [2013, 12],
    ] as const) {
      head.writeInt32LE(value, at);
    }
    return Buffer.concat([head, body]);
  };

  async function probe(reply?: Buffer): Promise<{ code: number; asked: Buffer }> {
    let asked = Buffer.alloc(0);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        asked = Buffer.concat([asked, data]);
        if (reply && asked.length === asked.readInt32LE(0)) socket.write(reply);
      });
    });
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const files = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'mongodb-files');
    const script = join(root, 'serving.sh');
    writeFileSync(script, files.data['scripts_serving.sh'].replace('27017', `${port}`));
    const { code } = await run({ program: 'bash', args: [script], env: { PATH: process.env['PATH']! } });
    server.close();
    return { code, asked };
  }

  test('asks in the words of the protocol', async () => {
    const { asked } = await probe(answer(['secondary', true]));
    expect(asked.readInt32LE(0)).toBe(asked.length);
    expect(asked.readInt32LE(12)).toBe(2013);
    const document = asked.subarray(21);
    expect(document.readInt32LE(0)).toBe(document.length);
    expect(document.subarray(4).toString('latin1')).toBe('\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0');
  });

  test.each([
    ['a primary', answer(['isWritablePrimary', true], ['secondary', false]), true],
    ['a secondary', answer(['isWritablePrimary', false], ['secondary', true]), true],
    ['a member that is still being filled', answer(['isWritablePrimary', false], ['secondary', false]), false],
    ['a server that does not answer', undefined, false],
  ])('%s: %#', async (_, reply, isReady) => {
    const { code } = await probe(reply);
    expect(code === 0).toBe(isReady);
  });
});

describe('backup', () => {
  let bucket: string;
  let host: Host;
  beforeEach(() => {
    bucket = join(root, 'bucket');
    mkdirSync(bucket);
    host = new Host(join(root, 'pod'), objects, secrets);
    mkdirSync(host.root);
  });

  /** The marks that mongodump leaves in an archive at the end of each collection. */
  const archive = (...collections: string[]) =>
    gzipSync(
      Buffer.concat(
        collections.map((name) => Buffer.from(`\x02collection\0\0\0\0\0${name}\0\x08EOF\0\x01\x12CRC\0`, 'latin1')),
      ),
    );

  function dump(content: Buffer, after = '') {
    writeFileSync(join(root, 'archive'), content);
    const script = `for arg; do case $arg in
      --config=*) cat "\${arg#--config=}" > ${root}/config;;
      --archive=*) cp ${root}/archive "\${arg#--archive=}";; esac; done
      echo "$@" > ${root}/args; ${after}`;
    host.path.unshift(program(join(root, 'stubs'), 'mongodump', script));
    return host.run('CronJob', { TARGET: bucket });
  }

  test('takes every database and the oplog with it, as a user who only reads, by an address that no process list shows', async () => {
    expect(await dump(archive('orders', 'system.users', 'oplog'))).toMatchObject({ code: 0 });
    expect(readdirSync(bucket)).toContainEqual(expect.stringMatching(/^mongodb-backup-\d{8}T\d{6}Z\.archive\.gz$/));
    const args = readFileSync(join(root, 'args'), 'utf8');
    expect(args).toMatch(/^--config=\/dev\/fd\/\d+ --oplog --gzip --archive=mongodb-backup-\S+\n$/);
    expect(readFileSync(join(root, 'config'), 'utf8')).toBe(
      `uri: mongodb://dump:dumpPassword@${hosts.join(',')}/?replicaSet=rs0&authSource=admin&readPreference=secondaryPreferred\n`,
    );
  });

  const good = archive('orders', 'system.users', 'oplog');
  test.each([
    ['mongodump fails', good, 'echo "no reachable servers" >&2; exit 1', 'no reachable servers'],
    ['the users are missing', archive('orders', 'oplog'), '', 'system'],
    ['the oplog is missing', archive('orders', 'system.users'), '', 'oplog'],
    ['the archive is cut off', good.subarray(0, good.length - 12), '', 'unexpected end of file'],
    ['a byte of it is wrong', Buffer.concat([good.subarray(0, -6), Buffer.alloc(6)]), '', 'crc error'],
  ])('fails when %s', async (_, content, after, message) => {
    const { code, output } = await dump(content, after);
    expect(code).not.toBe(0);
    expect(output).toContain(message);
    expect(readdirSync(bucket)).toEqual([]);
  });
});

describe('restore', () => {
  const rootUri = `mongodb://root:rootPassword@${hosts.join(',')}/?replicaSet=rs0&authSource=admin`;
  let bucket: string;
  let host: Host;
  beforeEach(() => {
    bucket = join(root, 'bucket');
    mkdirSync(bucket);
    host = new Host(join(root, 'pod'), objects, secrets);
    mkdirSync(host.root);
    host.path.unshift(
      program(
        join(root, 'stubs'),
        'mongosh',
        `[ "$1 $2 $3 $4" = '--nodb --norc --quiet --eval' ] || exit 64; printf '%s\\0' "$5" >> ${root}/evals`,
      ),
    );
  });

  /** What is in the bucket, brought back, by what stands in for mongorestore. */
  function restore(then: string, stamp = '') {
    const file = `mongodb-backup-20271120T020000Z`;
    writeFileSync(join(bucket, `${file}.archive.gz`), 'archive');
    execFileSync('sh', ['-c', `cd ${bucket} && sha256sum ${file}.* > ${file}.sha256`]);
    const script = `for arg; do case $arg in
      --config=*) cat "\${arg#--config=}" > ${root}/config;;
      --archive=*) cp "\${arg#--archive=}" ${root}/restored;; esac; done
      echo "$@" > ${root}/args; touch ${root}/evals; cp ${root}/evals ${root}/before; ${then}`;
    program(join(root, 'stubs'), 'mongorestore', script);
    return host.run('CronJob', { TARGET: bucket, STAMP: stamp }, 'mongodb-backup-restore');
  }

  /** The commands that the shell was given, in a set that has root; the roles that root has after them. */
  function replay(file: string, world: MongoWorld): string[] {
    const evals = readFileSync(join(root, file), 'utf8').split('\0').slice(0, -1);
    for (const code of evals) runInNewContext(code, { Mongo: world.Mongo, process: { env: { ROOT: rootUri } } });
    return world.users.get('root')!.roles.map(({ role }) => role);
  }

  function begun(): MongoWorld {
    const world = new MongoWorld(hosts);
    Object.assign(world.member(0), { state: 'primary', setName: 'rs0' });
    world.users.set('root', { password: 'rootPassword', roles: [{ role: 'root', db: 'admin' }] });
    return world;
  }

  test('replaces the data and replays the operations, with rights that root has only meanwhile; users stay', async () => {
    expect(await restore('')).toMatchObject({ code: 0 });
    expect(readFileSync(join(root, 'restored'), 'utf8')).toBe('archive');
    expect(readFileSync(join(root, 'config'), 'utf8')).toBe(`uri: ${rootUri}\n`);
    expect(readFileSync(join(root, 'args'), 'utf8')).toMatch(
      /^--config=\S+ --gzip --archive=\S+ --oplogReplay --drop --nsExclude=admin\.\* --nsExclude=config\.\*\n$/,
    );
    expect(replay('before', begun())).toEqual(['root', 'replay']);
    expect(replay('evals', begun())).toEqual(['root']);
  });

  test('a failed one gives the rights back too, and says that it failed', async () => {
    const { code, output } = await restore('echo "E11000 duplicate key" >&2; exit 1');
    expect(code).not.toBe(0);
    expect(output).toContain('E11000');
    expect(replay('evals', begun())).toEqual(['root']);
  });

  test('one that was killed leaves the rights behind, and the next one takes them back', async () => {
    const world = begun();
    await restore('');
    replay('before', world);
    expect(replay('evals', world)).toEqual(['root']);
    expect([...world.roles]).toEqual([]);
  });

  test('brings back the one that is asked for, or none', async () => {
    expect(await restore('', '20271120T020000Z')).toMatchObject({ code: 0 });
    const { code, output } = await restore('', '20261120T020000Z');
    expect(code).not.toBe(0);
    expect(output).toContain('has no whole backup mongodb-backup-20261120T020000Z');
  });
});
