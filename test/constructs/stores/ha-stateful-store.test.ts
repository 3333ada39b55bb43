import { describe, expect, test } from '@jest/globals';
import { External } from '../../../constructs/external.ts';
import { HaStatefulStore, type HaStatefulStoreProps } from '../../../constructs/ha-stateful-store.ts';
import type { Design } from '../../../constructs/stores/engine.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, type Options, render } from '../render.ts';

const [node] = environment.nodes;
const nodes = [1, 2, 3].map((n) => ({ ...node!, name: `node-${n}` }));

const design: Design<object> = {
  image: 'store:1.0.0',
  run: { user: 70 },
  ports: { client: 7000, peer: 7001 },
  probes: { readinessProbe: { tcpSocket: { port: 'client' } } },
  data: { path: '/data' },
  sidecars: [
    {
      name: 'exporter',
      image: 'exporter:1.0.0',
      size: 'tiny',
      container: { ports: [{ name: 'metrics', containerPort: 9000 }] },
    },
  ],
  peers: ['peer'],
  services: [{ ports: ['client'], selector: { role: 'leader' } }],
  metrics: { port: 'metrics' },
  alerts: [],
  clients: () => ({ tables: () => 'of the engine' }),
  dump: () => ({ image: 'dump:1.0.0', script: 'dump > "$FILE"', uses: [] }),
};

type Changes = Partial<Omit<HaStatefulStoreProps<object>, 'engine'>> & { readonly design?: Partial<Design<object>> };

const store = ({ design: parts, ...changes }: Changes = {}, options: Options = {}) =>
  render(
    (chart) => {
      const made = new HaStatefulStore(chart, 'store', {
        engine: () => ({ ...design, ...parts }),
        members: 3,
        storage: '10Gi',
        size: 'medium',
        backup: { none: 'a test' },
        ...changes,
      });
      new Workload(chart, 'client', { image: 'client:1.0.0', size: 'tiny', uses: [made] });
    },
    { nodes, ...options },
  );

const warningsOf = ({ relations }: ReturnType<typeof store>) => relations.flatMap(({ warnings = [] }) => warnings);

describe('HaStatefulStore', () => {
  test('renders what every store needs', () => {
    const { names, problems, relations } = store();
    expect(problems).toEqual([]);
    expect(names.filter((name) => name.includes('/store'))).toEqual([
      'NetworkPolicy shop/store',
      'PodDisruptionBudget shop/store',
      'PrometheusRule shop/store',
      'Service shop/store',
      'Service shop/store-headless',
      'ServiceAccount shop/store',
      'ServiceMonitor shop/store',
      'StatefulSet shop/store',
    ]);
    expect(relations).toContainEqual({ layer: 'stores' });
  });

  test('members start at once, are named before they are ready, and keep their volumes', () => {
    const { find } = store();
    const { spec } = find('StatefulSet', 'store');
    expect(spec).toMatchObject({
      replicas: 3,
      serviceName: 'store-headless',
      podManagementPolicy: 'Parallel',
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    expect(spec.volumeClaimTemplates[0].spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local-path',
      resources: { requests: { storage: '10Gi' } },
    });
    expect(find('Service', 'store-headless').spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(find('PodDisruptionBudget', 'store').spec.maxUnavailable).toBe(1);
  });

  test('selectors are the declared name and nothing else, and every pod carries them', () => {
    const { find } = store({ design: { labels: { scope: 'x' } } });
    const { selector, template } = find('StatefulSet', 'store').spec;
    expect(selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'store' });
    expect(template.metadata.labels).toMatchObject({ ...selector.matchLabels, scope: 'x' });
    expect(find('Service', 'store').spec.selector).toEqual({ ...selector.matchLabels, role: 'leader' });
  });

  test('the volume is the server’s and belongs to its group; a sidecar has it where its engine says so', () => {
    const mountsOf = (data: boolean) => {
      const sidecars = [{ ...design.sidecars![0]!, data }];
      const { spec } = store({ design: { sidecars, run: { user: 70, group: 71 } } }).find('StatefulSet', 'store').spec
        .template;
      expect(spec.securityContext).toMatchObject({ runAsUser: 70, runAsGroup: 71, fsGroup: 71 });
      return spec.containers.map(({ volumeMounts }: { volumeMounts: { mountPath: string }[] }) =>
        volumeMounts.some(({ mountPath }) => mountPath === '/data'),
      );
    };
    expect(mountsOf(false)).toEqual([true, false]);
    expect(mountsOf(true)).toEqual([true, true]);
  });

  test('only peers, clients and Prometheus get in, each at its port', () => {
    const { ingress } = store().find('NetworkPolicy', 'store').spec;
    const open = ingress.map(
      (rule: { from: { podSelector: { matchLabels: object } }[]; ports: { port: number }[] }) => [
        Object.values(rule.from[0]!.podSelector.matchLabels)[0],
        rule.ports.map(({ port }) => port),
      ],
    );
    expect(Object.fromEntries(open)).toEqual({ client: [7000], store: [7001], prometheus: [9000] });
  });

  test('a single member has no budget, which would block every drain, and no member to stay away from', () => {
    const { find, problems } = store({ members: 1 });
    expect(problems).toEqual([]);
    expect(find('PodDisruptionBudget', 'store')).toBeUndefined();
    expect(find('StatefulSet', 'store').spec.template.spec.affinity).toBeUndefined();
  });

  test('is scraped member by member under its own name', () => {
    const { find } = store();
    const { selector, jobLabel } = find('ServiceMonitor', 'store').spec;
    expect(find('Service', 'store-headless').metadata.labels).toMatchObject(selector.matchLabels);
    expect(find('Service', 'store').metadata.labels).not.toMatchObject(selector.matchLabels);
    expect(find('Service', 'store-headless').metadata.labels[jobLabel]).toBe('store');
  });

  test('gives what its engine gives', () => {
    const { problems } = render((chart) => {
      const made = new HaStatefulStore(chart, 'store', {
        engine: () => ({ ...design, clients: () => ({ tables: () => ['a'] }) }),
        members: 1,
        storage: '1Gi',
        size: 'tiny',
        backup: { none: 'a test' },
      });
      expect(made.tables()).toEqual(['a']);
      // @ts-expect-error this engine has no databases
      expect(made.database).toBeUndefined();
    });
    expect(problems).toEqual([]);
  });
});

describe('members stand on nodes of their own', () => {
  const affinityOf = (rendered: ReturnType<typeof store>) =>
    rendered.find('StatefulSet', 'store').spec.template.spec.affinity;
  const needs = { nodes: [{ key: 'capability/store', operator: 'In' as const, values: ['true'] }] };

  test('where there are enough', () => {
    const rendered = store();
    expect(affinityOf(rendered).podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).toHaveLength(1);
    expect(warningsOf(rendered)).toEqual([]);
  });

  test.each([
    ['too few', { nodes: nodes.slice(1) }],
    [
      'tainted ones',
      { nodes: nodes.map((one, n) => (n ? one : { ...one, taints: [{ key: 'x', effect: 'NoSchedule' as const }] })) },
    ],
  ])('if they can, and a warning says that they cannot: %s', (_, options) => {
    const rendered = store({}, options);
    expect(affinityOf(rendered).podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution).toHaveLength(1);
    expect(warningsOf(rendered)).toEqual([
      expect.stringMatching(/^members: 3 share 2 nodes, .*; use 1 member or add nodes$/),
    ]);
    expect(rendered.problems).toEqual([]);
  });

  test('that a tolerated taint does not keep them from', () => {
    const tainted = nodes.map((one) => ({ ...one, taints: [{ key: 'x', value: 'y', effect: 'NoSchedule' as const }] }));
    const tolerations = [{ key: 'x', operator: 'Equal' as const, value: 'y', effect: 'NoSchedule' as const }];
    expect(warningsOf(store({ placement: { tolerations } }, { nodes: tainted }))).toEqual([]);
  });

  test('of the sort the engine runs on, in pools too', () => {
    const pool = { ...node!, count: 3, labels: { 'capability/store': 'true' } };
    const rendered = store({ design: needs }, { nodes: [...nodes, pool] });
    expect(warningsOf(rendered)).toEqual([]);
    const { nodeSelectorTerms } = affinityOf(rendered).nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(nodeSelectorTerms).toEqual([{ matchExpressions: needs.nodes }]);
  });

  test('and nowhere if there is none', () => {
    expect(store({ design: needs }).problems).toEqual([
      'nodes: none that it runs on (capability/store In true); label, add or tolerate nodes',
    ]);
  });
});

describe('a backup', () => {
  const targets = (to: 'outside' | 'inside', changes: object = {}) =>
    render(
      (chart) => {
        const inside = {
          env: { TARGET: 'x' },
          endpoints: [{ to: { namespace: 'shop', labels: { a: 'b' } }, port: 9000 }],
        };
        const outside = new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } });
        new HaStatefulStore(chart, 'store', {
          engine: () => ({ ...design, ...changes }),
          members: 3,
          storage: '10Gi',
          size: 'medium',
          backup: {
            rpoMinutes: 60,
            targets: to === 'outside' ? [inside, outside] : [inside],
            uploader: 'rclone:1.0.0',
          },
        });
      },
      { nodes },
    );

  test('runs as often as asked, and its age is watched', () => {
    const { find, problems } = targets('outside');
    expect(problems).toEqual([]);
    expect(find('CronJob', 'store-backup').spec.schedule).toBe('0 * * * *');
    const { rules } = find('PrometheusRule', 'store').spec.groups[0];
    expect(rules.map(({ alert }: { alert: string }) => alert)).toEqual([
      'StoreMemberDown',
      'StoreMajorityDown',
      'StoreDiskNearlyFull',
      'DatabaseBackupOverdue',
    ]);
  });

  test('beside the store alone is said to be none', () => {
    expect(warningsOf(targets('outside'))).toEqual([]);
    expect(warningsOf(targets('inside'))).toEqual([expect.stringContaining('takes data and backup; add one outside')]);
  });

  test('of what cannot be dumped is refused', () => {
    expect(targets('outside', { dump: undefined }).problems).toEqual([expect.stringContaining('has no dump')]);
  });
});

describe('refuses', () => {
  const shared = { nas: { kind: 'shared' as const, expandable: false } };
  test.each([
    [
      'two members',
      { members: 2 },
      {},
      'members: 2 cannot form a quorum, when one is lost the other stops too; use 1 or 3',
    ],
    ['an even number', { members: 4 }, {}, 'members: 4 survive no more losses than 3; use 3 or 5'],
    ['no member', { members: 0 }, {}, 'members: 0 is no number of members; use 1 or 3'],
    ['half a member', { members: 1.5 }, {}, 'members: 1.5 is no number of members; use 1 or 3'],
    [
      'a count that the engine refuses',
      { design: { quorum: { of: [1, 4], why: 'drives stripe' } } },
      {},
      'members: 3, drives stripe; use 1 or 4',
    ],
    ['no storage', { storage: '0' }, {}, 'storage: "0" holds nothing, a volume needs a size; write it like 50Gi'],
    ['what is no quantity', { storage: '50 GB' }, {}, 'storage: "50 GB" holds nothing'],
    ['an unknown storage class', { storageClass: 'fast' }, {}, 'storageClass: fast is not one of the environment'],
    [
      'no storage class',
      {},
      { storageClasses: shared },
      'storageClass: missing, the environment has no default class; name one of nas',
    ],
  ])('%s', (_, changes, options, message) => {
    expect(store(changes, options).problems).toEqual([expect.stringContaining(message)]);
  });
});
