import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { Node, Platforms } from '../../imports/environment.ts';
import { rules } from '../../synth/check/check.ts';
import { idOf, type KubeObject, type Manifest } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';

/** What the environment of the examples knows of images. */
const platforms: Platforms = {
  'docker.io/example/amd64-only': ['amd64'],
  'docker.io/example/everywhere': ['amd64', 'arm64'],
};

/** Runs one rule in a closed world. A document under `# committed` is what the folder holds now; a Node is a machine of the cluster. */
function problems(rule: (typeof rules)[number], yaml: string) {
  const documents = yaml.split(/^---$/m).flatMap((text) => {
    const committed = /^# committed$/m.test(text);
    return (loadAll(text) as (KubeObject | undefined)[]).flatMap((object) => (object ? [{ object, committed }] : []));
  });
  const committed = new Map(documents.filter((each) => each.committed).map(({ object }) => [idOf(object), object]));
  const rendered = documents.filter((each) => !each.committed).map(({ object }) => object);
  const manifests = rendered.map(
    (object, i): Manifest => ({ object, path: `chart/unit/${i}`, chart: 'chart', unit: 'unit' }),
  );
  const nodes = rendered
    .filter(({ kind }) => kind === 'Node')
    .map(
      ({ metadata, spec, status }) =>
        ({
          name: metadata.name,
          arch: metadata.labels?.['kubernetes.io/arch'] ?? 'amd64',
          disk: '100Gi',
          labels: metadata.labels,
          ...(spec as Pick<Node, 'taints'>),
          ...(status as { capacity: Pick<Node, 'cpu' | 'memory'> }).capacity,
        }) as Node,
    );
  const world = { provides: [], closed: true, cluster: nodes.length ? { nodes, platforms } : undefined };
  const index = resolve({ manifests, declared: [] }, world);
  return [...rule.check({ index, closed: true, committed: (id) => committed.get(id) })];
}

test('every rule has its own name, in kebab case', () => {
  const names = rules.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});

describe.each(rules.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
  test('finds its breaking example once, and says how to mend it', () => {
    const found = problems(rule, rule.breaks);
    expect(found.map(({ message }) => message)).toHaveLength(1);
    expect(found[0]!.message.length).toBeGreaterThan(10);
    expect(found[0]!.fix.length).toBeGreaterThan(5);
  });

  test('leaves its passing example alone', () => {
    expect(problems(rule, rule.passes).map(({ message }) => message)).toEqual([]);
  });
});

test('monitor-selects-nothing: a number that no container declares is no target', () => {
  const rule = rules.find(({ name }) => name === 'monitor-selects-nothing')!;
  const monitored = (port: number) => `
{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: notifi, labels: {app: api}}, spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: api, namespace: notifi}
spec: {selector: {matchLabels: {app: api}}, podMetricsEndpoints: [{portNumber: ${port}}]}
`;
  expect(problems(rule, monitored(8080))).toEqual([]);
  expect(problems(rule, monitored(9464)).map(({ message }) => message)).toEqual([
    'spec.podMetricsEndpoints[0].portNumber: no container it selects declares port 9464, and only such ports are scraped',
  ]);
});
