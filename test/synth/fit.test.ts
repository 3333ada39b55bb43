import { describe, expect, test } from '@jest/globals';
import type { Node, NodePool } from '../../imports/environment.ts';
import { fitOf, goesOn } from '../../synth/fit/fit.ts';
import { pageOf } from '../../synth/fit/page.ts';
import { resolve } from '../../synth/resolve.ts';
import { fleet, object, unit } from './fleet.ts';

const node = (name: string, cpu: string, more: Partial<Node> = {}): Node => ({
  name,
  arch: 'arm64',
  cpu,
  memory: '8Gi',
  disk: '100Gi',
  ...more,
});
const three = [node('a', '4'), node('b', '4'), node('c', '4')];

const pod = (cpu: string, spec: object = {}, labels = { app: 'x' }) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'x', resources: { requests: { cpu, memory: '1Gi' } } }], ...spec },
});
const workload = (kind: string, name: string, spec: object) => object(`apps/v1 ${kind}`, `shop/${name}`, { spec });

type Relations = Parameters<typeof unit> extends [unknown, unknown, ...infer Rest] ? Rest : never;
function fitted(nodes: readonly (Node | NodePool)[], objects: Parameters<typeof unit>[1], ...relations: Relations) {
  const storageClasses = { disk: { kind: 'node', default: true, expandable: false } } as const;
  const rendered = fleet(unit('shop/unit', objects, ...relations));
  const index = resolve(rendered, { provides: [], closed: true, cluster: { nodes, storageClasses } });
  const { scenarios } = fitOf(index, nodes);
  const scenario = (name: string) => scenarios.find((each) => each.name === name)!;
  return {
    scenarios,
    scenario,
    homeless: (name: string) => scenario(name).homeless.map(({ resident, pods, why }) => [resident.name, pods, why]),
    used: (name: string) => scenario('at rest').seats.find((seat) => seat.node === name)!.used,
  };
}

const apart = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
};

describe('fit', () => {
  test('spreads pods, and leaves to others what is full', () => {
    const { used, homeless } = fitted(three, [workload('Deployment', 'web', { replicas: 3, template: pod('3') })]);
    expect([used('a').cpu, used('b').cpu, used('c').cpu]).toEqual([3, 3, 3]);
    expect(homeless('at rest')).toEqual([]);
  });

  test('names the pods without a node, and what each node lacks', () => {
    const { homeless } = fitted(three, [workload('Deployment', 'web', { replicas: 5, template: pod('3') })]);
    expect(homeless('at rest')).toEqual([['Deployment shop/web', 2, 'a, b, c: no CPU left']]);
  });

  test('puts a pod of a DaemonSet on every node that takes it', () => {
    const tainted = node('d', '4', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] });
    const { used } = fitted([...three, tainted], [workload('DaemonSet', 'agent', { template: pod('1') })]);
    expect([used('a').pods, used('c').pods, used('d').pods]).toEqual([1, 1, 0]);
  });

  test('keeps members apart, and says so where there are too few nodes', () => {
    const { homeless } = fitted(three, [workload('StatefulSet', 'db', { replicas: 4, template: pod('1', apart) })]);
    expect(homeless('at rest')).toEqual([['StatefulSet shop/db', 1, 'a, b, c: has one of them already']]);
  });

  test('keeps to a required spread', () => {
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'x' } },
        },
      ],
    };
    const uneven = [node('a', '8'), node('b', '1')];
    const { homeless } = fitted(uneven, [workload('Deployment', 'web', { replicas: 4, template: pod('1', spread) })]);
    expect(homeless('at rest')).toEqual([['Deployment shop/web', 1, 'a: would have too many of them; b: no CPU left']]);
  });

  test('compares nodes that refuse the pods too, unless taints are honored', () => {
    const tainted = node('d', '4', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] });
    const small = node('e', '500m');
    const spread = (more: object) => ({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } }, ...more },
      ],
    });
    const waiting = (nodes: readonly Node[], more: object) => {
      const web = workload('Deployment', 'web', { replicas: 4, template: pod('1', spread(more)) });
      return fitted(nodes, [web]).homeless('at rest');
    };
    const full = 'a, b, c: would have too many of them';
    expect(waiting([...three, tainted], {})).toEqual([['Deployment shop/web', 1, full]]);
    expect(waiting([...three, tainted], { nodeTaintsPolicy: 'Honor' })).toEqual([]);
    expect(waiting([...three, small], {})).toEqual([['Deployment shop/web', 1, full]]);
  });

  test('keeps only those apart whom a selector takes', () => {
    const term = (selector: object) => ({
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', ...selector }],
        },
      },
    });
    const waiting = (selector: object) =>
      fitted(three, [workload('StatefulSet', 'db', { replicas: 4, template: pod('1', term(selector)) })]).homeless(
        'at rest',
      );
    expect(waiting({})).toEqual([]);
    expect(waiting({ labelSelector: {} })).toHaveLength(1);
  });

  test('moves what a lost node ran, and lets members wait for their disks', () => {
    const claims = [{ metadata: { name: 'data' }, spec: { resources: { requests: { storage: '10Gi' } } } }];
    const { scenario, homeless } = fitted(three, [
      workload('StatefulSet', 'db', { replicas: 3, template: pod('1', apart), volumeClaimTemplates: claims }),
      workload('Deployment', 'web', { replicas: 3, template: pod('2', {}, { app: 'web' } as never) }),
    ]);
    const lost = scenario('without b');
    expect(lost.seats.map(({ node: name }) => name)).toEqual(['a', 'c']);
    expect(lost.away.map(({ resident, lost, left }) => [resident.name, lost, left])).toEqual([
      ['StatefulSet shop/db', 1, 2],
    ]);
    expect(lost.away.every(goesOn)).toBe(true);
    expect(homeless('without b')).toEqual([['Deployment shop/web', 1, 'a, c: no CPU left']]);
  });

  test('of a large pool the fullest machine is lost, of a small one each', () => {
    const pool = (count: number) => ({ ...node('pool', '4'), count });
    const lost = (count: number) =>
      fitted([pool(count)], [workload('Deployment', 'web', { replicas: 1, template: pod('3') })])
        .scenarios.map(({ name }) => name)
        .filter((name) => name.startsWith('without'));
    expect(lost(2)).toEqual(['without pool-1', 'without pool-2']);
    expect(lost(100)).toEqual(['without pool-1']);
  });

  test('a store stops at half of its members, what a chart runs only with the last one', () => {
    const claims = [{ metadata: { name: 'data' }, spec: { resources: { requests: { storage: '10Gi' } } } }];
    const { scenario } = fitted(
      [node('a', '4'), node('b', '4')],
      [
        workload('StatefulSet', 'db', { replicas: 2, template: pod('1', apart), volumeClaimTemplates: claims }),
        object('helm.toolkit.fluxcd.io/v2 HelmRelease', 'shop/chart'),
      ],
      { runs: [{ namespace: 'shop', name: 'alerts', pods: 2, cpu: '1', memory: '1Gi', storage: '1Gi' }] },
    );
    expect(scenario('without a').away.map((each) => [each.resident.name, each.lost, goesOn(each)])).toEqual([
      ['StatefulSet shop/db', 1, false],
      ['pods shop/alerts', 1, true],
    ]);
  });

  test('says that the API server goes with its node', () => {
    const server = node('a', '4', { labels: { 'node-role.kubernetes.io/control-plane': 'true' } });
    expect(fitted([server, node('b', '4')], []).scenario('without a').notes).toEqual([
      'the API server is gone with it: nothing is placed until it is back',
    ]);
  });

  test('counts the surge of a rollout, the most of an autoscaler and of Knative, and the proxy of the mesh', () => {
    const proxied = {
      ...pod('1'),
      metadata: { labels: { app: 'x' }, annotations: { 'config.linkerd.io/proxy-cpu-request': '500m' } },
    };
    const worker = object('serving.knative.dev/v1 Service', 'shop/worker', {
      spec: {
        template: {
          ...pod('1', {}, { app: 'worker' } as never),
          metadata: { annotations: { 'autoscaling.knative.dev/max-scale': '3' } },
        },
      },
    });
    const scaler = object('autoscaling/v2 HorizontalPodAutoscaler', 'shop/web', {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 2,
        maxReplicas: 5,
      },
    });
    const { scenario } = fitted(three, [workload('Deployment', 'web', { template: proxied }), scaler, worker]);
    const sum = (name: string) => scenario(name).seats.reduce((cpu, { used }) => cpu + used.cpu, 0);
    expect(sum('at rest')).toBe(3);
    expect(sum('everything rolled out at once')).toBe(4.5);
    expect(sum('every autoscaler at its most')).toBe(10.5);
  });

  test('counts what charts and operators run', () => {
    const { used, homeless } = fitted(
      [node('a', '4')],
      [
        object('helm.toolkit.fluxcd.io/v2 HelmRelease', 'shop/chart'),
        object('rabbitmq.com/v1beta1 RabbitmqCluster', 'shop/broker', {
          spec: { replicas: 2, resources: { requests: { cpu: '1', memory: '1Gi' } }, persistence: { storage: '60Gi' } },
        }),
      ],
      { runs: [{ namespace: 'shop', name: 'chart', pods: 1, cpu: '500m', memory: '1Gi', storage: '20Gi' }] },
    );
    expect(used('a')).toEqual({ cpu: 1.5, memory: 2 * 2 ** 30, disk: 80 * 2 ** 30, pods: 2 });
    // A disk is full at 85 percent.
    expect(homeless('at rest')).toEqual([['RabbitmqCluster shop/broker', 1, 'a: no disk left']]);
  });

  test("counts the pods of RabbitMQ's brokers and triggers, and none of a class that shares its pods", () => {
    const sized = (amount: string) => ({
      'rabbitmq.eventing.knative.dev/cpu-request': amount,
      'rabbitmq.eventing.knative.dev/memory-request': '64Mi',
    });
    const broker = (name: string, annotations: Record<string, string>) =>
      object('eventing.knative.dev/v1 Broker', `shop/${name}`, { metadata: { name, namespace: 'shop', annotations } });
    const trigger = (name: string, delivery?: object) =>
      object('eventing.knative.dev/v1 Trigger', `shop/${name}`, {
        metadata: { name, namespace: 'shop', annotations: sized('100m') },
        spec: { broker: 'events', delivery },
      });
    const { used } = fitted(
      [node('a', '4')],
      [
        broker('events', { 'eventing.knative.dev/broker.class': 'RabbitMQBroker', ...sized('500m') }),
        broker('shared', { 'eventing.knative.dev/broker.class': 'MTChannelBasedBroker', ...sized('500m') }),
        trigger('mail'),
        trigger('sms', { deadLetterSink: { ref: { name: 'dead' } } }),
      ],
    );
    expect(used('a')).toMatchObject({ cpu: expect.closeTo(1.3), memory: 5 * 64 * 2 ** 20, pods: 5 });
  });

  test('a chart may run on nodes with taints too', () => {
    const tainted = node('d', '4', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] });
    const exporter = { namespace: 'shop', name: 'exporter', pods: 'every-node', cpu: '1', memory: '1Gi' } as const;
    const chart = [object('helm.toolkit.fluxcd.io/v2 HelmRelease', 'shop/chart')];
    expect(fitted([tainted], chart, { runs: [exporter] }).used('d').pods).toBe(0);
    expect(fitted([tainted], chart, { runs: [{ ...exporter, everywhere: true }] }).used('d').pods).toBe(1);
  });

  test('places what has the higher priority first', () => {
    const priority = object('scheduling.k8s.io/v1 PriorityClass', 'core', { value: 1000 });
    const { homeless } = fitted(
      [node('a', '4')],
      [
        workload('Deployment', 'web', { replicas: 1, template: pod('3') }),
        workload('Deployment', 'core', { replicas: 1, template: pod('3', { priorityClassName: 'core' }) }),
        priority,
      ],
    );
    expect(homeless('at rest').map(([name]) => name)).toEqual(['Deployment shop/web']);
  });

  test('a Job takes room only while it runs, and has to find it alone', () => {
    const job = (name: string, cpu: string) =>
      object('batch/v1 Job', `shop/${name}`, { spec: { template: pod(cpu, {}, { app: name } as never) } });
    const { scenario, used } = fitted([node('a', '4')], [job('small', '3'), job('other', '3'), job('large', '5')]);
    expect(used('a').cpu).toBe(0);
    expect(scenario('at rest').notes).toEqual(['Job shop/large finds no room: no node may take it']);
  });

  test('takes each node of a pool by itself', () => {
    const { scenarios, homeless } = fitted(
      [{ ...node('pool', '2'), count: 2 }],
      [workload('Deployment', 'web', { replicas: 3, template: pod('2') })],
    );
    expect(scenarios.map(({ name }) => name)).toContain('without pool-2');
    expect(homeless('at rest')).toEqual([['Deployment shop/web', 1, 'pool-1, pool-2: no CPU left']]);
  });

  test('draws a page that needs nothing else', () => {
    const { scenarios } = fitted(three, [workload('Deployment', 'web', { replicas: 5, template: pod('3') })]);
    const page = pageOf('a<b', { residents: [], scenarios });
    expect(page).toContain('<title>a&lt;b: who sits where</title>');
    expect(page).toContain('2 of Deployment shop/web without a node: a, b, c: no CPU left');
    expect(page).not.toMatch(/https?:|<script|src=/);
  });
});
