import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toYaml } from '../synth/emit.ts';
import { runner } from '../test/workspace.ts';

// Times `review` as a whole process over 5,000 objects in 1,000 files, every one of which changed, and over the same
// tree with one file changed. Run: node --experimental-vm-modules --no-warnings run.mjs bench/review.ts

const SERVICES = 1000;
const ROUNDS = 5;

const repo = mkdtempSync(join(tmpdir(), 'bench-review-'));
const git = (...words: string[]) =>
  execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...words], {
    cwd: repo,
    stdio: 'pipe',
  });

function service(name: string, round: number): string {
  const metadata = { name, namespace: 'bench', labels: { 'app.kubernetes.io/name': name, round: `r${round}` } };
  const selector = { 'app.kubernetes.io/name': name };
  const container = {
    name,
    image: `registry.example.org/${name}:1.0.${round}`,
    ports: [{ name: 'http', containerPort: 8080 }],
    env: Array.from({ length: 8 }, (_, i) => ({ name: `VARIABLE_${i}`, value: `${i}` })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: round ? '640Mi' : '512Mi' } },
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'app.yaml': `server:\n  port: 8080\nround: ${round}\n` } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: selector },
        template: { metadata: { labels: selector }, spec: { serviceAccountName: name, containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress'],
        ingress: [{ ports: [{ port: 8080 }] }],
      },
    },
  ]
    .map((object) => toYaml(object))
    .join('---\n');
}

function write(services: number, round: number) {
  for (let i = 0; i < services; i++)
    writeFileSync(join(repo, `clusters/bench/service-${i}.yaml`), service(`service-${i}`, round));
}

function time(what: string) {
  const seconds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    execFileSync(
      process.execPath,
      [...runner(), 'main.ts', 'review', '--repo', repo, '--base', 'HEAD', '--format', 'json'],
      {
        cwd: new URL('..', import.meta.url),
        maxBuffer: 2 ** 30,
      },
    );
    return (performance.now() - start) / 1000;
  }).sort((a, b) => a - b);
  const [least, median, most] = [0, ROUNDS >> 1, ROUNDS - 1].map((at) => seconds[at]!.toFixed(2));
  console.log(`${what}: ${median} s (${least}-${most})`);
}

try {
  mkdirSync(join(repo, 'clusters/bench'), { recursive: true });
  git('init', '--quiet');
  write(SERVICES, 0);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'base');
  write(1, 1);
  time('1 of 1,000 files changed');
  write(SERVICES, 1);
  time('5,000 changed objects');
} finally {
  rmSync(repo, { recursive: true, force: true });
}
