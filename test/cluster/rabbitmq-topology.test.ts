// Studio's broker before RabbitMQ's own operators: the cluster becomes servers, and every user, right, queue, exchange and
// binding is asked for at their Service. The server is a stand-in that writes down what it is asked; that a real one grants
// these very requests is shown by test/daemons/rabbitmq.test.ts.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import studio from '../../charts/environments/studio.ts';
import { requestsOf } from '../daemons/rabbitmq-topology.ts';
import { type Plain, rendered } from '../systems/environment.ts';
import { type Bed, startBed } from './bed.ts';
import { hasCondition, waitFor } from './client.ts';
import type { NodeSpec } from './kwok.ts';

const namespace = 'messaging';
const objects = rendered(studio).objects.filter(
  ({ apiVersion, metadata }) => apiVersion === 'rabbitmq.com/v1beta1' && metadata.namespace === namespace,
);
const cluster = objects.find(({ kind }) => kind === 'RabbitmqCluster');
const topology = objects.filter((object) => object !== cluster);
const account = { username: 'notifi', password: 'passwordOfNotifi' };

/** One address of loopback that no other run has. */
const address = `127.91.${process.pid % 250}.1`;
const hosts = join(tmpdir(), `topology-hosts-${process.pid}`);

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Plain;
  readonly by: string;
}
const asked: Asked[] = [];
/** As a server that has nothing yet. */
const management: Server = createServer(async (request, answer) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { method, url, headers } = request;
  const by = Buffer.from(headers.authorization!.replace('Basic ', ''), 'base64').toString();
  answer.setHeader('content-type', 'application/json');
  if (method === 'GET') {
    const isList = url!.includes('/bindings/');
    return answer
      .writeHead(isList ? 200 : 404)
      .end(isList ? '[]' : '{"error":"Object Not Found","reason":"Not Found"}');
  }
  asked.push({ method: method!, path: url!.replace('/api/', ''), body: JSON.parse(text), by });
  return answer.writeHead(201).end();
});

let bed: Bed;
beforeAll(async () => {
  writeFileSync(hosts, `127.0.0.1 localhost\n${address} ${cluster.metadata.name}.${namespace}.svc\n`);
  management.listen(15672, address);
  await once(management, 'listening');
  bed = await startBed({
    nodes: [...studio.nodes] as NodeSpec[],
    crds: ['rabbitmq'],
    storageClasses: ['local-path'],
    rabbitmq: { hosts },
  });
  const { objects: all } = rendered(studio);
  await bed.apply(all.filter(({ kind }) => ['Namespace', 'PriorityClass'].includes(kind)));
  const name = topology.find(({ kind }) => kind === 'User').spec.importCredentialsSecret.name;
  await bed.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData: account },
    cluster,
    ...topology,
  ]);
});
afterAll(async () => {
  management.close();
  await bed?.stop();
  rmSync(hosts, { force: true });
});

test('the cluster has its three servers, each on a machine of its own', async () => {
  const pods = await waitFor('three servers', async () => {
    const found = (await bed.list('pods')).filter(({ metadata }) => metadata.namespace === namespace);
    return found.length === 3 && found.every(({ status }) => status.phase === 'Running') && found;
  });
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(3);
  expect(new Set(pods.map(({ spec }) => spec.priorityClassName))).toEqual(new Set(['notifi-data']));
});

test('everything that is described becomes Ready', async () => {
  for (const { kind, metadata } of topology) {
    await waitFor(`${kind} ${metadata.name} is Ready`, async () => {
      const found = await bed.get(`${kind.toLowerCase()}.rabbitmq.com`, namespace, metadata.name);
      return found && hasCondition(found, 'Ready');
    });
  }
});

test('the server is asked for what the daemons are asked for, as its own default user', async () => {
  const expected = requestsOf(topology, account);
  expect(expected.length).toBe(topology.length);
  const found = expected.map(({ method, path }) => asked.find((each) => each.method === method && each.path === path));
  // A password is sent as what RabbitMQ keeps of it.
  const { password_hash: kept } = found.find((each) => each?.path.startsWith('users/'))!.body;
  const [salt, hash] = [Buffer.from(kept, 'base64').subarray(0, 4), Buffer.from(kept, 'base64').subarray(4)];
  expect(createHash('sha512').update(salt).update(account.password).digest().equals(hash)).toBe(true);
  expect(found.map((each) => [each?.path, each?.body])).toEqual(
    expected.map(({ path, body }) => {
      const { password, ...rest } = body as Plain;
      return [path, expect.objectContaining(rest)];
    }),
  );
  expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(expected.map(({ path }) => path)));
  const secret = (await bed.get('secret', namespace, `${cluster.metadata.name}-default-user`)) as Plain;
  const [user, password] = ['username', 'password'].map((key) => Buffer.from(secret.data[key], 'base64'));
  expect(new Set(asked.map(({ by }) => by))).toEqual(new Set([`${user}:${password}`]));
});
