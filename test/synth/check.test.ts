import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { Environment } from '../../imports/environment.ts';
import { type CheckOptions, check } from '../../synth/check/check.ts';
import { scheduleFault } from '../../synth/check/schedule.ts';
import { type Declared, type Finding, idOf, type KubeObject, type Manifest } from '../../synth/manifest.ts';
import { resolve, type World } from '../../synth/resolve.ts';

interface Run extends CheckOptions {
  readonly world?: Partial<World>;
  readonly declared?: readonly Declared[];
}

const SOURCE = { file: 'charts/notifi/notifi.ts', line: 7 };

function findings(yaml: string, { world, declared = [], ...options }: Run = {}) {
  const manifests = (loadAll(yaml) as KubeObject[]).map(
    (object): Manifest => ({
      object,
      path: `notifi/api/${object.kind}-${object.metadata.name}`,
      chart: 'notifi',
      unit: 'api',
      source: SOURCE,
    }),
  );
  return check(resolve({ manifests, declared }, { provides: [], closed: true, ...world }), options);
}

const found = (rule: string, yaml: string, run?: Run) => findings(yaml, run).filter((finding) => finding.rule === rule);

const secretPod = (name: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, env: [{name: A, valueFrom: {secretKeyRef: {name: ${name}, key: password}}}]}]}
---
apiVersion: v1
kind: Secret
metadata: {name: postgres, namespace: notifi}
data: {password: c2VjcmV0LXZhbHVl}
`;

describe('a finding', () => {
  test('names the object, the TypeScript line, what is wrong and the fix', () => {
    expect(found('missing-secret', secretPod('postgers'))).toEqual([
      {
        rule: 'missing-secret',
        severity: 'error',
        object: 'v1 Pod notifi/api',
        source: SOURCE,
        message:
          'spec.containers[0].env[0].valueFrom.secretKeyRef: there is no Secret "postgers" in namespace "notifi" (did you mean "postgres"?); what needs it does not start',
        fix: expect.stringContaining('declare the credential'),
      },
    ]);
  });

  test('never holds the value of a Secret', () => {
    const all = JSON.stringify(findings(secretPod('postgres')));
    expect(all).toContain('secret-plaintext');
    expect(all).not.toMatch(/c2VjcmV0LXZhbHVl|secret-value/);
  });

  test('in a file stands at the line of its field', () => {
    const object = loadAll(secretPod('x'))[0] as KubeObject;
    const manifest = { object, path: 'a.yaml:2', chart: '', unit: '', file: { file: 'a.yaml', line: 2 } };
    const index = resolve({ manifests: [manifest], declared: [] }, { provides: [], closed: true });
    const lineOf = (file: string, line: number, field: string) => line + field.length + file.length;
    const [finding] = check(index, { lineOf }).filter(({ rule }) => rule === 'missing-secret');
    expect(finding).toMatchObject({
      file: 'a.yaml',
      line: 2 + 'spec.containers[0].env[0].valueFrom.secretKeyRef'.length + 6,
    });
    expect(check(index).find(({ rule }) => rule === 'missing-secret')).toMatchObject({ file: 'a.yaml', line: 2 });
  });

  test('comes after the errors, if it is none', () => {
    const severities = findings(secretPod('postgers')).map(({ severity }) => severity);
    const rank = ['error', 'warning', 'info'];
    expect(severities).toEqual([...severities].sort((a, b) => rank.indexOf(a) - rank.indexOf(b)));
    expect(new Set(severities).size).toBeGreaterThan(1);
  });
});

describe('an exception', () => {
  const allow = (path: string, rule: string): Declared => ({
    path,
    chart: 'notifi',
    unit: 'api',
    source: SOURCE,
    allow: { rule, reason: 'made by hand before the move' },
  });

  test('turns the findings below its construct into a mention with the reason', () => {
    const [finding] = found('missing-secret', secretPod('other'), {
      declared: [allow('notifi/api', 'missing-secret')],
    });
    expect(finding).toMatchObject({ severity: 'info', fix: 'accepted: made by hand before the move' });
  });

  test('covers nothing beside it', () => {
    const run = { declared: [allow('notifi/ap', 'missing-secret')] };
    expect(found('missing-secret', secretPod('other'), run)).toMatchObject([{ severity: 'error' }]);
    expect(found('unused-exception', secretPod('other'), run)).toMatchObject([
      { severity: 'warning', object: 'notifi/ap', source: SOURCE },
    ]);
  });

  test('of a rule that does not exist is said', () => {
    expect(
      found('unused-exception', secretPod('postgres'), { declared: [allow('notifi/api', 'no-such-rule')] }),
    ).toMatchObject([{ message: 'allow: there is no rule "no-such-rule"' }]);
  });
});

describe('an exception to what Flux could not get past', () => {
  test('is said to be none', () => {
    const allow = { rule: 'circular-order', reason: 'will be fine' };
    const declared = [{ path: 'notifi/api', chart: 'notifi', unit: 'api', source: SOURCE, allow }];
    expect(found('unused-exception', secretPod('postgres'), { declared })).toMatchObject([
      { message: 'allow: "circular-order" cannot be accepted, Flux would stand still before it' },
    ]);
  });
});

describe('an open world', () => {
  const open = { world: { closed: false } };

  test('does not blame a stranger for a Secret that may be made by hand, but for a slip', () => {
    expect(found('missing-secret', secretPod('other'), open)).toMatchObject([{ severity: 'info' }]);
    expect(found('missing-secret', secretPod('postgers'), open)).toMatchObject([{ severity: 'warning' }]);
  });

  test('still knows that a key is wrong', () => {
    const yaml = secretPod('postgres').replace('key: password', 'key: passwrd');
    expect(found('missing-secret-key', yaml, open)).toMatchObject([{ severity: 'error' }]);
  });

  test('lets a chart bring what starts with its name', () => {
    const yaml = `
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: notifi}, spec: {defaultBackend: {service: {name: NAME, port: {number: 80}}}}}
---
{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: loki, namespace: notifi}, spec: {}}
`;
    expect(found('missing-service', yaml.replace('NAME', 'loki-gateway'), open)).toEqual([]);
    expect(found('missing-service', yaml.replace('NAME', 'grafana'), open)).toMatchObject([{ severity: 'info' }]);
    expect(found('missing-service', yaml.replace('NAME', 'loki-gateway'))).toMatchObject([{ severity: 'error' }]);
  });
});

test.each([
  ['*/5 * * * *', undefined],
  ['0 3 * * 1-5', undefined],
  ['@daily', undefined],
  ['15 2 29 2 *', undefined],
  ['0 0 31 4 1', undefined],
  ['0 0 ? * mon', undefined],
  ['* * * *', '4 fields'],
  ['60 * * * *', 'minute'],
  ['* * 0 * *', 'day of month'],
  ['* * * 13 *', 'month'],
  ['* * * * 7', 'day of week'],
  ['5-1 * * * *', 'minute'],
  ['*/0 * * * *', 'minute'],
  ['0 0 30 2 *', 'no such day'],
  ['@dayly', 'abbreviation'],
  ['TZ=UTC 0 0 * * *', 'spec.timeZone'],
])('the schedule %j: %s', (schedule, fault) => {
  if (fault) expect(scheduleFault(schedule)).toContain(fault);
  else expect(scheduleFault(schedule)).toBeUndefined();
});

describe('what can never be changed', () => {
  const FIXED = { storageClasses: { x: { kind: 'node', expandable: false } } } as const;
  const set = (spec: string) =>
    `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: a}, spec: {${spec}}}`;
  const claim = (spec: string) =>
    `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: d, namespace: a}, spec: {${spec}}}`;
  const service = (spec: string) =>
    `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {${spec}}}`;
  const job = (image: string, annotations = '') =>
    `{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: a, annotations: {${annotations}}}, spec: {template: {spec: {containers: [{image: "${image}"}]}}}}`;
  const batch = (spec: string) =>
    `{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: a}, spec: {${spec}}}`;
  const indexed = 'completionMode: Indexed';
  const volume = (spec: string) =>
    `{apiVersion: v1, kind: PersistentVolume, metadata: {name: media}, spec: {capacity: {storage: 1Ti}, ${spec}}}`;
  const binding = (name: string) =>
    `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: a}, roleRef: {kind: Role, name: ${name}}}`;
  const config = (value: string) =>
    `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: a}, immutable: true, data: {x: ${value}}}`;

  test.each([
    ['serviceName', set('serviceName: a'), set('serviceName: b'), 'delete statefulset db -n a --cascade=orphan'],
    [
      'podManagementPolicy',
      set('serviceName: a'),
      set('serviceName: a, podManagementPolicy: Parallel'),
      '--cascade=orphan',
    ],
    [
      'volumeClaimTemplates',
      set('volumeClaimTemplates: [{spec: {storageClassName: x}}]'),
      set('volumeClaimTemplates: [{spec: {storageClassName: y}}]'),
      'kubectl patch pvc',
    ],
    ['replicas', set('replicas: 1'), set('replicas: 3'), undefined],
    [
      'size down',
      claim('resources: {requests: {storage: 10Gi}}'),
      claim('resources: {requests: {storage: 5Gi}}'),
      'copy the data',
    ],
    [
      'size up',
      claim('resources: {requests: {storage: 10Gi}}'),
      claim('resources: {requests: {storage: 10240Mi}}'),
      undefined,
    ],
    [
      'size up, on a fixed class',
      claim('storageClassName: x, resources: {requests: {storage: 1Gi}}'),
      claim('storageClassName: x, resources: {requests: {storage: 2Gi}}'),
      'copy the data',
    ],
    ['storage class', claim('storageClassName: x'), claim('storageClassName: y'), 'copy the data'],
    ['clusterIP', service('ports: []'), service('clusterIP: None'), 'kubectl delete service s -n a'],
    ['no clusterIP', service('clusterIP: None'), service('ports: []'), undefined],
    ['IP family', service('ipFamilies: [IPv4]'), service('ipFamilies: [IPv6]'), 'kubectl delete service s -n a'],
    ['second IP family', service('ipFamilies: [IPv4]'), service('ipFamilies: [IPv4, IPv6]'), undefined],
    ['Job template', job('a:1'), job('a:2'), 'hash of the template'],
    ['Job completions', batch('completions: 3'), batch('completions: 4'), 'hash of the template'],
    [
      'completions of an indexed Job',
      batch(`${indexed}, completions: 3`),
      batch(`${indexed}, completions: 4`),
      undefined,
    ],
    ['completions that are the default', batch('backoffLimit: 1'), batch('backoffLimit: 2, completions: 1'), undefined],
    ['Job policy', batch('backoffLimit: 1'), batch('backoffLimitPerIndex: 1'), 'hash of the template'],
    ['file server', volume('nfs: {server: a, path: /x}'), volume('nfs: {server: b, path: /x}'), 'under a new name'],
    [
      'volume source',
      volume('nfs: {server: a, path: /x}'),
      volume('csi: {driver: a, volumeHandle: x}'),
      'under a new name',
    ],
    [
      'what is left out of a volume',
      volume('nfs: {server: a, path: /x}'),
      volume('mountOptions: [hard], nfs: {server: a, path: /x, readOnly: false}'),
      undefined,
    ],
    ['forced Job', job('a:1'), job('a:2', 'kustomize.toolkit.fluxcd.io/force: Enabled'), undefined],
    ['roleRef', binding('r'), binding('s'), 'kubectl delete rolebinding b -n a'],
    ['immutable data', config('1'), config('2'), 'hash of the content'],
  ])('%s', (_, before, now, migration) => {
    const committed = new Map((loadAll(before) as KubeObject[]).map((object) => [idOf(object), object]));
    const fixes = found('immutable-field', now, {
      world: { cluster: FIXED },
      committed: (id) => committed.get(id),
    }).map(({ fix }) => fix);
    if (migration === undefined) expect(fixes).toEqual([]);
    else expect(fixes).toContainEqual(expect.stringContaining(migration));
  });

  test('of a Secret is not shown', () => {
    const secret = (value: string) =>
      `{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: a}, immutable: true, data: {x: ${value}}}`;
    const committed = (loadAll(secret('b2xk')) as KubeObject[])[0];
    const [{ message }] = found('immutable-field', secret('bmV3'), { committed: () => committed }) as [Finding];
    expect(message).toBe('data: (hidden) is committed and cannot become (hidden)');
  });
});

test('one host and path may be answered by Ingresses of two classes', () => {
  const ingress = (name: string, annotation: string) =>
    `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: ${name}, namespace: a, annotations: {kubernetes.io/ingress.class: ${annotation}}}, spec: {rules: [{host: h, http: {paths: [{path: /, pathType: Prefix}]}}]}}`;
  expect(found('duplicate-route', [ingress('a', 'nginx'), ingress('b', 'internal')].join('\n---\n'))).toEqual([]);
  expect(found('duplicate-route', [ingress('a', 'nginx'), ingress('b', 'nginx')].join('\n---\n'))).toHaveLength(1);
});

test('a budget without a selector takes no pod, one with an empty selector every pod', () => {
  const deployment =
    '{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: a}, spec: {replicas: 1, template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c}]}}}}';
  const budget = (name: string, spec: string) =>
    `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: ${name}, namespace: a}, spec: {${spec}}}`;
  const rulesOf = (spec: string) =>
    findings(
      [deployment, budget('one', `${spec} minAvailable: 1`), budget('all', 'selector: {}, maxUnavailable: 1')].join(
        '\n---\n',
      ),
    )
      .map(({ rule, object }) => `${object.split('/').at(-1)} ${rule}`)
      .filter((each) => /budget/.test(each));
  expect(rulesOf('')).toEqual(['one budget-selects-nothing']);
  expect(rulesOf('selector: {},')).toEqual(['all overlapping-budgets', 'one budget-blocks-drain']);
});

test.each([
  ['a Service beside the pod', '$(MY_DB_SERVICE_HOST):$(MY_DB_PORT_5432_TCP_PORT)', '', []],
  ['the API server', '$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_PORT_443_TCP_ADDR)', 'enableServiceLinks: false,', []],
  ['a Service, with links off', '$(MY_DB_SERVICE_HOST)', 'enableServiceLinks: false,', ['MY_DB_SERVICE_HOST']],
  ['no Service', '$(DB_SERVICE_HOST)', '', ['DB_SERVICE_HOST']],
])('a variable that the kubelet adds for %s is known', (_, value, links, unknown) => {
  const pod = `{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {${links} containers: [{name: c, args: ["${value}"]}]}}`;
  const service =
    '{apiVersion: v1, kind: Service, metadata: {name: my-db, namespace: a}, spec: {ports: [{port: 5432}]}}';
  const names = found('undefined-variable', `${pod}\n---\n${service}`).map(
    ({ message }) => /\$\((\w+)\)/.exec(message)?.[1],
  );
  expect(names).toEqual(unknown);
});

describe('a place for every pod', () => {
  const nodes: Environment['nodes'] = [
    { name: 'pi', arch: 'arm64', cpu: '4', memory: '8Gi', disk: '64Gi', labels: { generation: '5' } },
    {
      name: 'pc',
      arch: 'amd64',
      cpu: '8',
      memory: '32Gi',
      disk: '1Ti',
      taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
      count: 2,
    },
  ];
  const place = (spec: string, requests = '{cpu: 1, memory: 1Gi}') =>
    found(
      'unschedulable',
      `{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {containers: [{name: c, resources: {requests: ${requests}}}], ${spec}}}`,
      {
        world: { cluster: { nodes } },
      },
    ).map(({ message }) => message);
  const tolerates = 'tolerations: [{key: dedicated, value: db, effect: NoSchedule}]';
  const requires = (expression: string) =>
    `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [${expression}]}]}}}`;

  test.each([
    ['nodeSelector: {kubernetes.io/arch: arm64}', undefined, undefined],
    ['nodeSelector: {kubernetes.io/arch: riscv64}', undefined, 'no node has kubernetes.io/arch=riscv64'],
    ['nodeSelector: {kubernetes.io/arch: amd64}', undefined, 'do not tolerate dedicated:NoSchedule'],
    [`${tolerates}, nodeSelector: {kubernetes.io/arch: amd64}`, undefined, undefined],
    [
      'tolerations: [{key: dedicated, value: web}], nodeSelector: {kubernetes.io/arch: amd64}',
      undefined,
      'do not tolerate',
    ],
    ['tolerations: [{operator: Exists}], nodeSelector: {kubernetes.io/arch: amd64}', undefined, undefined],
    [requires('{key: generation, operator: Gt, values: ["4"]}'), undefined, undefined],
    [requires('{key: generation, operator: Gt, values: ["5"]}'), undefined, 'none of pi, pc satisfies'],
    [
      'restartPolicy: Always',
      '{cpu: 5, memory: 1Gi}',
      'one pod requests 5 CPU and 1024Mi, more than any of pi (4 CPU, 8Gi) has',
    ],
    [tolerates, '{cpu: 5, memory: 1Gi}', undefined],
    [
      'initContainers: [{name: i, resources: {requests: {memory: 9Gi}}}]',
      undefined,
      'one pod requests 1 CPU and 9216Mi',
    ],
  ])('%s %s', (spec, requests, message) => {
    expect(place(spec, requests)).toEqual(message === undefined ? [] : [expect.stringContaining(message)]);
  });
});
