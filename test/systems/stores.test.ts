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
  const { storageClasses } = environment;
  const nodes = [{ ...environment.nodes[0]!, count: 4 }];
  const { files, findings } = synthesize({ ...environment, storageClasses, nodes, systems }, tree);
  return { files, of: (rule: string) => findings.filter((finding) => finding.rule === rule) };
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
  expect(of('fixed-members')).toMatchObject([
    {
      severity: 'error',
      object: 'v1 ConfigMap shop/kafka',
      message: expect.stringMatching(/^KAFKA_CONTROLLER_QUORUM_VOTERS: 0@kafka-0\S+ is committed and cannot become /),
      fix: expect.stringContaining('make a new store beside it'),
    },
    { object: 'v1 ConfigMap shop/minio', message: expect.stringContaining('{0...2}') },
  ]);
  expect(synth(stores(1, 3), files).of('fixed-members')).toEqual([]);
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
