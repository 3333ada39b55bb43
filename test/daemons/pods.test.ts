// What the other tests take for granted of their pods and networks.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../cluster/client.ts';
import { runner } from '../workspace.ts';
import { Network } from './network.ts';
import { podOf } from './sleepers.ts';

let network: Network;
beforeEach(() => {
  network = new Network('shop');
});
afterEach(() => network.close());

test('a container that goes on is killed when the time of its pod is over, also where another one has ended', async () => {
  const pod = podOf(network, {
    obedient: 'exec sleep 600',
    deaf: "trap '' TERM; echo deaf; while :; do sleep 1; done",
  });
  pod.start();
  await waitFor('both', async () => pod.log('deaf') !== '');
  await pod.stop();
  expect(pod.isRunning).toBe(false);
  await pod.remove();
});

test('a container that died of a signal does not hold up the end of its pod', async () => {
  const pod = podOf(network, { crashed: 'kill -KILL $$' });
  pod.start();
  await waitFor('its death', async () => (await pod.exec('crashed', ['true'])).code !== 0);
  await pod.kill();
  expect(pod.isRunning).toBe(false);
  await pod.remove();
});

test('of a run that is killed nothing stays: no process, no namespace, no device', async () => {
  const seconds = `600.${process.pid}`;
  const program = fileURLToPath(new URL('killed-run.ts', import.meta.url));
  const child = spawn(process.execPath, [...runner(), program, seconds], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { id, machine, folders } = JSON.parse(line);
  const started = `^sleep ${seconds}$| -D ${folders.join('| -D ')}`;
  const running = () => spawnSync('pgrep', ['--full', started], { encoding: 'utf8' }).stdout;
  const there = () =>
    ['netns', '-oneline address'].map((words) => execFileSync('ip', words.split(' '), { encoding: 'utf8' })).join();
  const names = [`${id}-0`, ` ${machine}/`, `killed-${child.pid}-`];
  await waitFor('four that sleep, and a server', async () => running().trim().split('\n').length === 5);
  for (const name of names) expect(there()).toContain(name);
  child.kill('SIGKILL');
  await waitFor('nothing of it', async () => !running() && names.every((name) => !there().includes(name)), 30);
  for (const folder of folders) rmSync(folder, { recursive: true });
});
