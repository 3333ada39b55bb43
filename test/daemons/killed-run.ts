// A test run that will be killed: it starts a pod, a box and a process on a host, each of which sleeps for the seconds that
// its argument says, and a PostgreSQL.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Box } from './box.ts';
import { Host } from './container.ts';
import { HostNetwork } from './host-network.ts';
import { Network } from './network.ts';
import { hostsFile } from './pods.ts';
import { Postgres } from './postgres.ts';
import { podOf, specOf } from './sleepers.ts';

const sleep = `sleep ${process.argv[2]}`;
const folder = mkdtempSync(join(tmpdir(), 'killed-'));
const network = new Network('shop');
const pod = podOf(network, { one: `${sleep} & exec ${sleep}` });
pod.start();

const programs = join(folder, 'programs');
mkdirSync(programs);
const spec = specOf({ one: `exec ${sleep}` });
const box = new Box({
  folder,
  hosts: hostsFile(join(folder, 'hosts'), {}),
  spec,
  container: spec.containers[0]!,
  files: {},
  env: {},
  host: new Host(folder, [], {}),
  configMaps: {},
  programs,
});
box.start();

const hosts = new HostNetwork('killed', ['host'], { withMachine: true });
const [program, ...args] = [...hosts.inside('host'), ...sleep.split(' ')];
spawn(program!, args, { stdio: 'ignore' });

const server = new Postgres();

console.log(JSON.stringify({ id: network.id, machine: hosts.machine, folders: [folder, pod.folder, server.folder] }));
