// A rendered Redis store, run: every container of every member by Debian's redis-server, redis-sentinel and haproxy.
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodSpec } from '../../imports/k8s.ts';
import { Network, NetworkedPod } from './network.ts';
import { RedisConnection, type Reply } from './redis-client.ts';

export const PASSWORD = 'passwordPasswordPasswordPassword12345678';

export class RedisCluster {
  readonly network: Network;
  readonly members: readonly NetworkedPod[];
  readonly name: string;

  // biome-ignore lint/suspicious/noExplicitAny: rendered objects of every kind.
  constructor(objects: readonly any[], password = PASSWORD) {
    const { metadata, spec } = objects.find(({ kind }) => kind === 'StatefulSet');
    const { name, namespace } = metadata;
    this.name = name;
    this.network = new Network(namespace);
    const pod: PodSpec = spec.template.spec;
    // There is no exporter on this machine.
    const runs = { ...pod, containers: pod.containers.filter((container) => container.name !== 'exporter') };
    this.members = [...Array(spec.replicas).keys()].map((n) => {
      return new NetworkedPod({
        service: `${name}-${n}.${namespace}.svc.cluster.local`,
        network: this.network,
        name: `${name}-${n}`,
        host: `${name}-${n}.${spec.serviceName}.${namespace}.svc.cluster.local`,
        spec: runs,
        data: '/data',
        objects,
        secrets: { password },
      });
    });
  }

  start(members = this.members) {
    for (const member of members) member.start();
  }

  /** As if their Services had been deleted and made again. */
  moveServices() {
    for (const member of this.members) member.moveService();
  }

  /** What the sentinels decided last. */
  history(): string {
    const decisions = (member: NetworkedPod) =>
      member
        .log('sentinel')
        .split('\n')
        .filter((line) => line.includes(' # '))
        .slice(-15);
    return this.members.flatMap((member) => [member.name, ...decisions(member)]).join('\n');
  }

  async remove() {
    await Promise.allSettled(this.members.map((member) => member.remove()));
    this.network.close();
  }

  /** What the sentinels say, the majority of them; a majority of those that are unplugged says nothing here. */
  async leader(): Promise<NetworkedPod> {
    const named = await Promise.all(
      this.members.map(async (member) => {
        const reply = await this.ask(member, 26379, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name).catch(() => []);
        return (reply as string[])[0];
      }),
    );
    const leader = this.members.find(
      (member) => named.filter((address) => address === member.serviceAddress).length > this.members.length / 2,
    );
    if (!leader) throw new Error(`no leader: ${named}`);
    return leader;
  }

  /** The first sentinel that answers names the leader, which has to agree: what drivers do. */
  async bySentinel(): Promise<RedisConnection> {
    for (const member of this.members) {
      const reply = await this.ask(member, 26379, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name).catch(() => []);
      const [address] = reply as string[];
      const named = this.members.find(({ serviceAddress }) => serviceAddress === address);
      if (!named?.isRunning) continue;
      const connection = await RedisConnection.open(named.address, 6379, PASSWORD);
      const [role] = (await connection.ask('ROLE')) as string[];
      if (role === 'master') return connection;
      connection.close();
    }
    throw new Error('no sentinel knows the leader');
  }

  /** A ready member at random, as a Service does. */
  async byService(port = 6380): Promise<RedisConnection> {
    const ready = await Promise.all(this.members.map((member) => member.isReady()));
    const endpoints = this.members.filter((_, index) => ready[index]);
    const chosen = endpoints[Math.floor(Math.random() * endpoints.length)];
    if (!chosen) throw new Error('no endpoints');
    return RedisConnection.open(chosen.address, port, PASSWORD);
  }

  async ask(member: NetworkedPod, port: number, ...words: (string | number)[]): Promise<Reply> {
    if (!member.isRunning) throw new Error(`${member.name} does not run`);
    const connection = await RedisConnection.open(member.address, port, PASSWORD);
    try {
      return await connection.ask(...words);
    } finally {
      connection.close();
    }
  }

  /** Every member has what the leader has and may be promoted, and every sentinel knows. Gives the leader. */
  async settled(seconds = 180): Promise<NetworkedPod> {
    let leader: NetworkedPod | undefined;
    await eventually(seconds, `${this.name} settles`, async () => {
      leader = await this.leader();
      const [info, writable] = await Promise.all([
        this.ask(leader, 6379, 'INFO', 'replication'),
        this.ask(leader, 6379, 'CONFIG', 'GET', 'min-replicas-to-write'),
      ]);
      const knowledge = await Promise.all(
        this.members.map(async (member) => {
          const replicas = (await this.ask(member, 26379, 'SENTINEL', 'REPLICAS', this.name)) as string[][];
          const sentinels = (await this.ask(member, 26379, 'SENTINEL', 'SENTINELS', this.name)) as string[][];
          const eligible = replicas
            .map(fieldsOf)
            .filter(
              (one) => one['flags'] === 'slave' && one['role-reported'] === 'slave' && one['slave-priority'] === '100',
            );
          return eligible.length === this.members.length - 1 && sentinels.length === this.members.length - 1;
        }),
      );
      const ready = await Promise.all(this.members.map((member) => member.isReady()));
      return (
        `${info}`.includes(`role:master\r\nconnected_slaves:${this.members.length - 1}\r\n`) &&
        (writable as string[])[1] === '1' &&
        [...knowledge, ...ready].every(Boolean)
      );
    });
    return leader!;
  }
}

const fieldsOf = (flat: string[]): Record<string, string> =>
  Object.fromEntries(flat.flatMap((word, index) => (index % 2 ? [] : [[word, flat[index + 1]!]])));

export async function eventually(seconds: number, what: string, check: () => Promise<boolean>) {
  const end = performance.now() + seconds * 1000;
  let last: unknown = 'not yet';
  while (performance.now() < end) {
    try {
      if (await check()) return;
      last = 'not yet';
    } catch (error) {
      last = error;
    }
    await sleep(200);
  }
  throw new Error(`${what}: not within ${seconds} s: ${last}`);
}
