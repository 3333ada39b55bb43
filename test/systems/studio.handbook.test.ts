import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import studio from '../../charts/environments/studio.ts';
import { handbookOf } from '../../commands/handbook.ts';
import { type Plain, rendered } from './environment.ts';

const { objects } = rendered(studio);
const handbook = studio.handbook(studio, objects);
const docs = new URL('../../docs/', import.meta.url).pathname;
const runbook = handbook['studio.md']!;

test('what stands under docs/ is what is rendered', () => {
  const written = handbookOf(studio);
  for (const [path, text] of Object.entries(written)) expect(readFileSync(join(docs, path), 'utf8')).toBe(text);
  const files = readdirSync(join(docs, 'studio'), { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  expect(files).toHaveLength(Object.keys(written).length - 1);
});

describe('the runbook', () => {
  test('has every duty of the plan', () => {
    for (const heading of [
      ...['From bare nodes to a running Notifi', 'Daily', 'Weekly', 'Monthly', 'Restarting a service', 'Failover'],
      ...['Backup and restore', 'Scaling', 'Updating a node', 'Rotating passwords', 'Certificates'],
      ...['Disaster recovery drill', 'Moving in from the cloud', 'Troubleshooting', 'To fill in'],
    ]) {
      expect(runbook).toMatch(new RegExp(`^#{2,3} ${heading}$`, 'm'));
    }
    expect(runbook.match(/```/g)!.length % 2).toBe(0);
    expect(runbook).not.toMatch(/undefined|\[object Object\]|NaN/);
  });

  test('has every page and its certificate', () => {
    const section = (heading: string) => runbook.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]!.split(/^## /m)[0]!;
    const hosts = ['grafana', 'prometheus', 'rabbitmq', 'linkerd'].map((page) => `${page}.notifi.example.net`);
    for (const host of hosts) {
      expect(section('Where to look')).toContain(`https://${host} `);
      expect(section('Certificates')).toContain(`${host} (`);
    }
  });

  test('names containers that there are', () => {
    const named = [...runbook.matchAll(/kubectl -n (\S+) exec (?:-it |-i )?([a-z-]+)-0 -c (\S+)/g)];
    expect(named.length).toBeGreaterThan(4);
    for (const [, namespace, store, container] of named) {
      const set = objects.find(
        ({ kind, metadata }) => kind === 'StatefulSet' && metadata.namespace === namespace && metadata.name === store,
      ) as Plain;
      expect(set.spec.template.spec.containers.map(({ name }: Plain) => name)).toContain(container);
    }
  });

  test('starts Jobs that there are, every one that a person starts', () => {
    const started = [...runbook.matchAll(/-n (\S+) create job --from=cronjob\/(\S+)/g)].map(
      ([, namespace, name]) => `${namespace}/${name}`,
    );
    const jobs = (objects as Plain[]).filter(({ kind }) => kind === 'CronJob');
    const nameOf = ({ metadata }: Plain) => `${metadata.namespace}/${metadata.name}`;
    expect(jobs.map(nameOf)).toEqual(expect.arrayContaining(started));
    expect(started).toEqual(expect.arrayContaining(jobs.filter(({ spec }) => spec.suspend).map(nameOf)));
  });

  test('names Secrets that there are', () => {
    const { declared } = rendered(studio);
    const secrets = declared.flatMap(({ sealed }) => sealed?.name ?? []);
    const [, rotation = ''] = /## Rotating passwords([\s\S]*?)\n## /.exec(runbook)!;
    const rows = [...rotation.matchAll(/^\| [^|]+ \| ([a-z<][a-z<>-]+) /gm)].map(([, secret]) => secret!);
    expect(rows.length).toBeGreaterThan(6);
    for (const row of rows) {
      const pattern = new RegExp(`^${row.replaceAll(/<[a-z]+>/g, '.+')}$`);
      expect(secrets.filter((secret) => pattern.test(secret))).not.toEqual([]);
    }
  });
});

describe("K3s' configuration", () => {
  test.each(studio.nodes.map(({ name }) => name))('of %s is what the environment says of the node', (name) => {
    const node = studio.nodes.find((each) => each.name === name)!;
    const config = load(handbook[`studio/k3s/${name}.yaml`]!) as Plain;
    expect(config['node-ip']).toBe(node.machine.address);
    const labels = Object.fromEntries(config['node-label'].map((label: string) => label.split('=')));
    const { 'node-role.kubernetes.io/control-plane': _, ...own } = node.labels as Record<string, string>;
    expect(labels).toEqual(own);
    expect('server' in config).toBe(name !== 'pi-node-1');
    expect(config['node-taint'] ?? []).toEqual(
      name === 'pi-node-1' ? ['node-role.kubernetes.io/control-plane:NoSchedule'] : [],
    );
  });
});

/** Debian's packages nginx and libnginx-mod-stream; where they are not installed, what needs them is skipped. */
const modules = '/usr/lib/nginx/modules';
const withNginx = existsSync('/usr/sbin/nginx') && existsSync(`${modules}/ngx_stream_module.so`) ? test : test.skip;

describe('the edge', () => {
  const config = handbook['studio/nginx.conf']!;

  test('asks only nodes that run a Traefik, and says who called', () => {
    expect(config.match(/server 192\.168\.1\.10[2-5]:30443/g)).toHaveLength(4);
    expect(config).not.toContain('192.168.1.101:');
    expect(config).toContain('proxy_protocol on;');
  });

  withNginx('is a configuration that nginx takes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'edge-'));
    try {
      cpSync(modules, join(folder, 'modules'), { recursive: true, dereference: true });
      mkdirSync(join(folder, 'log'));
      const local = config
        .replaceAll('/var/log/nginx', join(folder, 'log'))
        .replace('/run/nginx.pid', join(folder, 'pid'));
      writeFileSync(join(folder, 'nginx.conf'), local);
      execFileSync('/usr/sbin/nginx', ['-t', '-q', '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'pipe' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
