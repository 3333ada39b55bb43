import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { isCustom, isNamespaced, servedVersions } from '../../imports/kinds.ts';
import { schemaOf } from '../../imports/schemas.ts';
import { formats } from '../../synth/check/formats.ts';
import { shapeRules } from '../../synth/check/shape.ts';
import { strictly } from '../../synth/check/strict.ts';
import type { KubeObject, Manifest } from '../../synth/manifest.ts';
import { resolve } from '../../synth/resolve.ts';
import fc from '../property.ts';

const read = (yaml: string) => (loadAll(yaml) as (KubeObject | null)[]).filter((object) => object !== null);
const samples = read(readFileSync('test/cluster/samples.yaml', 'utf8'));

function problems(yaml: string, closed = true) {
  const manifests = read(yaml).map(
    (object, number): Manifest => ({ object, path: `${number}`, chart: 'chart', unit: 'unit' }),
  );
  const index = resolve({ manifests, declared: [] }, { provides: [], closed });
  const context = { index, closed, committed: () => undefined };
  return shapeRules.flatMap((rule) =>
    [...rule.check(context)].map(
      ({ severity = rule.severity, message, fix }) => `${severity} ${rule.name} ${message}; ${fix}`,
    ),
  );
}

describe.each(shapeRules.map((rule) => [rule.name, rule] as const))('%s', (name, { breaks, passes }) => {
  test('finds its breaking example once, and no other rule of the family does', () => {
    expect(problems(breaks)).toEqual([expect.stringContaining(` ${name} `)]);
  });
  test('leaves its passing example alone', () => {
    expect(problems(passes)).toEqual([]);
  });
});

// By Go's time.LoadLocation.
test.each([
  ['Europe/Berlin', true],
  ['Asia/Calcutta', true],
  ['US/Pacific', true],
  ['EST5EDT', true],
  ['Etc/UTC', true],
  ['UTC', true],
  ['utc', false],
  ['etc/utc', false],
  ['europe/berlin', false],
  ['EUROPE/BERLIN', false],
  ['Europe/Bonn', false],
  ['+01:00', false],
])('time zone %s: %s', (name, known) => {
  expect(formats['time-zone']!.test(name)).toBe(known);
});

test('says field, value, what is allowed and what was meant', () => {
  const found = problems(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi, labels: {"a b": c}}
spec:
  replicas: "3"
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: Api
          image: api:1
          imagePullpolicy: Always
          ports: [{containerPort: 70000, name: no_underscores, protocol: tcp}]
          resources: {limits: {memory: 12 MB, gpu: 1}}
          livenessProbe: {periodSeconds: 5}
`);
  expect(found.sort()).toMatchInlineSnapshot(`
[
  "error invalid-name metadata.labels["a b"]: "a b" is not allowed; allowed: a name (letters, digits, -, _ and ., starting and ending with a letter or digit, at most 63 characters), after a DNS name and / where it has a prefix",
  "error invalid-name spec.template.spec.containers[0].name: "Api" is not allowed; allowed: lower case letters, digits and -, starting and ending with a letter or digit, at most 63 characters",
  "error invalid-name spec.template.spec.containers[0].ports[0].name: "no_underscores" is not allowed; allowed: lower case letters, digits and single -, with a letter, at most 15 characters",
  "error invalid-name spec.template.spec.containers[0].resources.limits.gpu: "gpu" is not allowed; allowed: cpu, memory, ephemeral-storage, hugepages-<size>, or a name with a domain and /",
  "error invalid-value spec.template.spec.containers[0].ports[0].containerPort: 70000 is not allowed; allowed: a whole number from 1 to 65535",
  "error invalid-value spec.template.spec.containers[0].ports[0].protocol: "tcp" is not allowed; allowed: one of SCTP, TCP, UDP",
  "error invalid-value spec.template.spec.containers[0].resources.limits.memory: "12 MB" is not allowed; allowed: a quantity that is not negative, such as 500m, 2 or 1.5Gi",
  "error missing-field spec.template.spec.containers[0].livenessProbe: none of exec, grpc, httpGet, tcpSocket is set; set exactly one of them",
  "error unknown-field spec.template.spec.containers[0].imagePullpolicy: unknown field (did you mean "imagePullPolicy"?); write imagePullPolicy",
  "error wrong-type spec.replicas: "3" where a whole number belongs; write 3 without quotes",
]
`);
});

test("a stranger's ${VAR}, SOPS and an operator of another version are no errors", () => {
  const yaml = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: "api-\${ENV}", namespace: notifi}
spec:
  replicas: \${REPLICAS}
  selector: {matchLabels: {app: api}}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api, resources: {limits: {memory: "\${MEM:=1Gi}"}}}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: notifi}
stringData: {password: "ENC[AES256_GCM,data:x]"}
sops: {mac: x, version: 3.9.0}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: notifi}
spec: {selector: {}, endpoints: [], ofNextYear: true}
`;
  expect(problems(yaml, false)).toEqual([expect.stringMatching(/^warning unknown-field spec\.ofNextYear/)]);
  expect(problems(yaml).filter((text) => text.startsWith('error')).length).toBeGreaterThan(3);
});

test('every sample that the API server takes passes', () => {
  for (const object of samples) {
    const schema = schemaOf(object.apiVersion, object.kind);
    expect({ kind: object.kind, faults: schema && strictly(object, schema, isCustom(object.apiVersion)) }).toEqual({
      kind: object.kind,
      faults: [],
    });
  }
});

test('a field of another name is found wherever it stands', () => {
  const arbitrary = fc.record({ sample: fc.constantFrom(...samples), seed: fc.nat() });
  fc.assert(
    fc.property(arbitrary, ({ sample, seed }) => {
      const { apiVersion, kind } = sample;
      const broken = structuredClone(sample);
      const closed = [...closedMaps(broken, schemaOf(apiVersion, kind)!)];
      closed[seed % closed.length]!['noSuchField'] = seed;
      const faults = strictly(broken, schemaOf(apiVersion, kind)!, isCustom(apiVersion));
      expect(faults.map(({ rule }) => rule)).toContain('unknown-field');
    }),
    { numRuns: 1000 },
  );
});

/** The maps of an object whose fields are all known. */
function* closedMaps(value: unknown, schema: ReturnType<typeof schemaOf>): Iterable<Record<string, unknown>> {
  if (!schema || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const item of value) yield* closedMaps(item, schema.items);
  else {
    if (schema.additionalProperties === false) yield value as Record<string, unknown>;
    for (const [name, item] of Object.entries(value)) yield* closedMaps(item, schema.properties?.[name]);
  }
}

test('every reference, format and pattern of the schemas is one the check knows', () => {
  const kinds = JSON.parse(readFileSync('imports/schemas/kinds.json', 'utf8')) as Record<
    string,
    { namespaced?: string[]; cluster?: string[] }
  >;
  for (const [apiVersion, { namespaced = [], cluster = [] }] of Object.entries(kinds)) {
    for (const kind of [...namespaced, ...cluster])
      expect([apiVersion, kind, schemaOf(apiVersion, kind)?.type]).toEqual([apiVersion, kind, 'object']);
  }
  const ignored = new Set(['int64', 'double', 'float', 'uri', 'hostname', 'email', 'duration', 'password']);
  for (const file of readdirSync('imports/schemas')) {
    JSON.parse(readFileSync(`imports/schemas/${file}`, 'utf8'), (key, value) => {
      if (key === 'pattern' && typeof value === 'string') expect(() => new RegExp(value, 'u')).not.toThrow();
      if (key === 'format' && typeof value === 'string' && !ignored.has(value)) expect(formats).toHaveProperty([value]);
      return value;
    });
  }
});

test('scope and versions of a kind are those of its group', () => {
  expect(isNamespaced('apps/v1', 'Deployment')).toBe(true);
  expect(isNamespaced('cert-manager.io/v1alpha2', 'ClusterIssuer')).toBe(false);
  expect(isNamespaced('example.com/v1', 'Widget')).toBeUndefined();
  expect(servedVersions('autoscaling/v2beta2', 'HorizontalPodAutoscaler')).toEqual([
    'autoscaling/v1',
    'autoscaling/v2',
  ]);
});
