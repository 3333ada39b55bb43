import { expect, test } from '@jest/globals';
import { type App, Chart } from 'cdk8s';
import { images } from '../../charts/versions.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { kafka } from '../../constructs/stores/kafka.ts';
import { minio } from '../../constructs/stores/minio.ts';
import { postgres } from '../../constructs/stores/postgres.ts';
import type { Environment } from '../../imports/environment.ts';
import { declare } from '../../imports/relations.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { environment } from '../constructs/render.ts';

const none = { none: 'a test' };

/** The findings of one environment whose only chart `build` fills, over what is committed. */
function synth(build: (chart: Chart) => void, tree: ReadonlyMap<string, string> = new Map()) {
  const systems: Environment['systems'] = [
    (app: App) => {
      const chart = new Chart(app, 'shop', { namespace: 'shop' });
      new Namespace(chart, 'namespace');
      build(chart);
    },
  ];
  const nodes = [{ ...environment.nodes[0]!, count: 4 }];
  const provides = { kinds: ['monitoring.coreos.com/*'] };
  const { files, findings } = synthesize({ ...environment, nodes, provides, systems }, tree);
  return { files, findings, of: (rule: string) => findings.filter((finding) => finding.rule === rule) };
}

test('every version of PostgreSQL that the engine knows has its image in versions.ts', () => {
  for (const version of ['16', '17', '18'] as const) {
    const { of } = synth((chart) => {
      const engine = postgres({ version, databases: ['notifi'], images });
      new HaStatefulStore(chart, 'postgresql', { engine, members: 1, storage: '5Gi', size: 'medium', backup: none });
    });
    expect(of('refused')).toEqual([]);
  }
});

test('another number of members is refused where the committed ones know each other by a fixed list', () => {
  const stores = (brokers: number, drives: number) => (chart: Chart) => {
    const topics = [{ name: 'orders', partitions: 3, retentionDays: 7 }];
    const rest = { storage: '5Gi', size: 'large', backup: none } as const;
    new HaStatefulStore(chart, 'kafka', { engine: kafka({ topics, images }), members: brokers, ...rest });
    new HaStatefulStore(chart, 'minio', { engine: minio({ buckets: ['own'], images }), members: drives, ...rest });
  };
  const { files } = synth(stores(1, 3));
  const { of } = synth(stores(3, 4), files);
  expect(of('fixed-setting')).toMatchObject([
    {
      severity: 'error',
      object: 'v1 ConfigMap shop/kafka',
      message: expect.stringMatching(/^KAFKA_CONTROLLER_QUORUM_VOTERS: 0@kafka-0\S+ is committed and cannot become /),
      fix: expect.stringContaining('make a new store beside it'),
    },
    { object: 'v1 ConfigMap shop/minio', message: expect.stringContaining('{0...2}') },
  ]);
  expect(synth(stores(1, 3), files).of('fixed-setting')).toEqual([]);
});

test.each([1, 3])('another major version is refused, whose data would be in another folder: %i members', (members) => {
  const store = (version: '16' | '17') => (chart: Chart) => {
    const engine = postgres({ version, databases: ['notifi'], images });
    new HaStatefulStore(chart, 'postgresql', { engine, members, storage: '5Gi', size: 'medium', backup: none });
  };
  expect(synth(store('17'), synth(store('16')).files).of('fixed-setting')).toMatchObject([
    {
      severity: 'error',
      object: 'v1 ConfigMap shop/postgresql',
      message: expect.stringMatching(/^PG\w+: .*16.* is committed and cannot become .*17/),
      fix: expect.stringContaining('restore a backup of the old one into it'),
    },
  ]);
});

test('what a construct says of itself can be accepted', () => {
  const store = (allow: boolean) => (chart: Chart) => {
    const engine = postgres({ version: '17', databases: ['notifi'], images });
    const made = new HaStatefulStore(chart, 'postgresql', {
      engine,
      members: 5,
      storage: '5Gi',
      size: 'medium',
      backup: none,
    });
    if (allow) declare(made, { allow: { rule: 'advice', reason: 'the fifth node is bought' } });
  };
  expect(synth(store(false)).of('advice')).toMatchObject([{ severity: 'warning' }]);
  const { of } = synth(store(true));
  expect(of('advice')).toMatchObject([{ severity: 'info', fix: 'accepted: the fifth node is bought' }]);
  expect(of('unused-exception')).toEqual([]);
});

test('two stores of one name are one clear message, in one chart and in two of one namespace', () => {
  const store = (chart: Chart) => {
    const engine = postgres({ version: '17', databases: ['notifi'], images });
    new HaStatefulStore(chart, 'postgresql', { engine, members: 1, storage: '5Gi', size: 'medium', backup: none });
  };
  const errors = (build: (chart: Chart) => void) =>
    synth(build)
      .findings.filter(({ severity }) => severity === 'error')
      .map(({ object, message }) => `${object}: ${message}`);
  const inOne = errors((chart) => {
    store(chart);
    store(chart);
  });
  expect(inOne).toEqual(['test: postgresql: is there twice in shop']);
  const inTwo = errors((chart) => {
    store(chart);
    store(new Chart(chart.node.root as App, 'other', { namespace: 'shop' }));
  });
  expect(inTwo).toEqual([
    expect.stringMatching(
      /shop\/postgresql.*: made twice: by shop\/postgresql\/.* and by other\/postgresql\/.*; so are .*StatefulSet shop\/postgresql/,
    ),
  ]);
});
