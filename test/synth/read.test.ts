import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { nameOf } from '../../synth/manifest.ts';
import { isTarget } from '../../synth/read/patch.ts';
import { lineFinder, lineOf } from '../../synth/read/position.ts';
import { readYaml } from '../../synth/read/yaml.ts';
import { readManifests } from '../../synth/read.ts';

let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes these files into an empty folder. */
function tree(files: Readonly<Record<string, string | Buffer>>) {
  root = mkdtempSync(join(tmpdir(), 'read-'));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
}

/** `world: objects` of each world, and `severity rule file:line message` of each finding. */
function read(...paths: string[]) {
  const { worlds, findings, objectsRead } = readManifests(paths.length ? paths : ['.'], { root });
  return {
    worlds: Object.fromEntries(
      worlds.map(({ name, rendered }) => [name, rendered.manifests.map(({ object }) => nameOf(object)).toSorted()]),
    ),
    findings: findings.map(
      ({ severity, rule, file, line, message }) => `${severity} ${rule} ${file}:${line ?? ''} ${message}`,
    ),
    objects: worlds.flatMap(({ rendered }) => rendered.manifests.map(({ object }) => object)),
    manifests: worlds.flatMap(({ rendered }) => rendered.manifests),
    objectsRead,
  };
}

const config = (name: string, more = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}`;
const kustomization = (lines: string) => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${lines}`;
const flux = (name: string, path: string, more = '') =>
  `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: ${name}, namespace: flux-system }\nspec:\n  path: ${path}\n  sourceRef: { kind: GitRepository, name: flux-system }\n${more}`;

describe('files', () => {
  test('documents, Lists, JSON, comments, CRLF and a byte order mark', () => {
    tree({
      'many.yaml': `# Source: chart/templates/a.yaml\n---\n${config('a')}---\n# nothing\n---\n\n${config('b')}...\n---\n`,
      'list.yaml': `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: { name: c }\n  - apiVersion: v1\n    kind: Secret\n    metadata: { name: d }\n`,
      'one.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'e' } }, null, '\t'),
      'windows.yml': `\uFEFF${config('f')}`.replaceAll('\n', '\r\n'),
    });
    const { worlds, findings, manifests, objectsRead } = read();
    expect(worlds).toEqual({
      '.': ['ConfigMap a', 'ConfigMap b', 'ConfigMap c', 'ConfigMap e', 'ConfigMap f', 'Secret d'],
    });
    expect(findings).toEqual([]);
    expect(objectsRead).toBe(6);
    const places = Object.fromEntries(
      manifests.map(({ object, file }) => [object.metadata.name, `${file!.file}:${file!.line}`]),
    );
    expect(places).toEqual({
      a: 'many.yaml:3',
      b: 'many.yaml:11',
      c: 'list.yaml:4',
      d: 'list.yaml:7',
      e: 'one.json:1',
      f: 'windows.yml:1',
    });
  });

  test('YAML that is no Kubernetes object is passed over, broken or not', () => {
    tree({
      'values.yaml': 'image:\n  tag: 1\n',
      'docker-compose.yaml': 'services: {}\n',
      'broken.yaml': 'a: [\n',
      'kind.yaml': 'apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n',
      'kubeconfig.yaml': 'apiVersion: v1\nkind: Config\nclusters: []\n',
      'talos.yaml': 'apiVersion: v1alpha1\nkind: WatchdogTimerConfig\n',
      'package.json': '{ "name": "x" }',
      '.github/workflows/ci.yaml': config('hidden'),
      'node_modules/x/x.yaml': config('installed'),
      'image.yaml': Buffer.from([0, 1, 2, 3]),
    });
    expect(read()).toMatchObject({
      worlds: {},
      findings: ['info not-read image.yaml: it is not text in UTF-8 and was not read'],
    });
  });

  test('a fault is told with its line, and everything else is read', () => {
    tree({
      'twice.yaml': `${config('a')}---\n${config('b', 'data:\n  x: a\n  x: b\n')}`,
      'tab.yaml': `${config('c')}---\n${config('d', 'data:\n\tx: a\n')}`,
      'nameless.yaml': 'apiVersion: v1\nkind: Service\nspec: {}\n',
    });
    const { worlds, findings } = read();
    expect(worlds).toEqual({ '.': ['ConfigMap a', 'ConfigMap b', 'ConfigMap c'] });
    expect(findings.toSorted()).toEqual([
      'error duplicate-key twice.yaml:12 "x" is given twice',
      'error missing-name nameless.yaml:1 it has no metadata.name',
      'error yaml-syntax tab.yaml:11 tab characters must not be used in indentation',
    ]);
  });

  test('below a key that is given twice, what is broken or endless is told as anywhere else', () => {
    const twice = 'data:\n  x: a\n  x: b\n';
    const bomb = ['a', 'b', 'c', 'd'].map((name, i, names) => {
      const items = i ? `*${names[i - 1]},` : '1,';
      return `${name}: &${name} [${items.repeat(100)}]\n`;
    });
    tree({
      'broken.yaml': config('a', `${twice}spec: [\n`),
      'bomb.yaml': config('b', twice + bomb.join('')),
    });
    expect(read()).toMatchObject({
      worlds: {},
      findings: [
        expect.stringMatching(/^error yaml-syntax bomb.yaml:1 its aliases expand to more than/),
        expect.stringMatching(/^error yaml-syntax broken.yaml:9 unexpected end of the stream/),
      ],
    });
  });

  test('a file that is asked for by name is told of in any case', () => {
    tree({ 'values.yaml': 'a: 1\na: 2\n' });
    expect(read('values.yaml').findings).toEqual(['error duplicate-key values.yaml:2 "a" is given twice']);
    expect(read('absent').findings).toEqual([expect.stringContaining('error unreadable absent: ENOENT')]);
  });

  test('a chart is passed over with one word, and so are templates without one', () => {
    tree({
      'chart/Chart.yaml': 'apiVersion: v2\nname: x\n',
      'chart/templates/a.yaml': config('{{ .Release.Name }}'),
      'chart/crds/a.yaml': config('crd'),
      'other/a.yaml': 'apiVersion: v1\nkind: ConfigMap\n{{ if x }}\nmetadata: {}\n{{ end }}\n',
      'other/b.yaml': config('"{{ name }}"'),
    });
    expect(read()).toMatchObject({
      worlds: { 'chart/crds': ['ConfigMap crd'] },
      findings: [
        'info not-read chart: the templates of this Helm chart were not read',
        'info not-read other: templates in this folder were not read',
      ],
    });
  });

  test('a circle of links and a bomb of aliases end', () => {
    tree({
      'a/one.yaml': config('one'),
      'a/bomb.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bomb }\na: &a [${'1,'.repeat(100)}]\nb: &b [${'*a,'.repeat(100)}]\nc: &c [${'*b,'.repeat(100)}]\nd: [${'*c,'.repeat(100)}]\n`,
    });
    symlinkSync(join(root, 'a'), join(root, 'a/again'));
    symlinkSync(join(root, 'a/y.yaml'), join(root, 'a/x.yaml'));
    symlinkSync(join(root, 'a/x.yaml'), join(root, 'a/y.yaml'));
    expect(read()).toMatchObject({
      worlds: { a: ['ConfigMap one'] },
      findings: [expect.stringContaining('aliases expand to more than')],
    });
  });

  test('SOPS leaves keys, not values', () => {
    tree({
      'secret.yaml':
        'apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata: { token: "ENC[AES256_GCM,data:x,type:str]" }\nstringData: { user: "ENC[AES256_GCM,data:x,type:str]" }\nsops: { version: 3.9.0 }\n',
    });
    expect(read().objects).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'a' },
        data: { token: '' },
        stringData: { user: '${ENCRYPTED}' },
      },
    ]);
  });
});

test('scalars are read as the API server reads them', () => {
  const text =
    'a: yes\nb: 0755\nc: 2020-01-01\nd: 1e3\ne: off\nf: "on"\ng: ~\nh: -0x1F\ni: 12:30\nj: 1_000\nbase: &x { p: 1 }\nm: { <<: *x, q: 2 }';
  expect(readYaml(text).value).toEqual({
    a: true,
    b: 493,
    c: '2020-01-01',
    d: 1000,
    e: false,
    f: 'on',
    g: null,
    h: -31,
    i: '12:30',
    j: 1000,
    base: { p: 1 },
    m: { p: 1, q: 2 },
  });
});

describe('worlds', () => {
  test('files of one folder belong together, folders apart, alternatives apart', () => {
    tree({
      'a/one.yaml': config('one'),
      'a/two.yaml': config('two'),
      'a/three.yaml': config('one'),
      'b/one.yaml': config('one'),
    });
    expect(read().worlds).toEqual({
      a: ['ConfigMap one', 'ConfigMap two'],
      'a (2)': ['ConfigMap one'],
      b: ['ConfigMap one'],
    });
  });

  test('a base belongs to every overlay, each with its own changes', () => {
    tree({
      'base/kustomization.yaml': kustomization(
        'resources: [deployment.yaml]\nconfigMapGenerator:\n  - { name: env, literals: [A=1], files: [conf.ini, other=conf.ini] }\n',
      ),
      'base/conf.ini': 'x',
      'base/deployment.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  selector: { matchLabels: { app: web } }\n  template:\n    metadata: { labels: { app: web } }\n    spec:\n      containers:\n        - { name: web, image: web:1, env: [{ name: A, value: a }], envFrom: [{ configMapRef: { name: env } }] }\n',
      'base/notes.yaml': config('unlisted'),
      'prod/kustomization.yaml': kustomization(
        'resources: [../base]\nnamespace: prod\nnamePrefix: p-\ncommonLabels: { env: prod }\nimages: [{ name: web, newTag: "2" }]\nconfigMapGenerator:\n  - { name: env, behavior: merge, literals: [B=2] }\npatches:\n  - path: env.yaml\n  - { target: { kind: Deployment }, patch: "[{ op: add, path: /spec/replicas, value: 3 }]" }\n',
      ),
      'prod/env.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { spec: { containers: [{ name: web, env: [{ name: B, value: b }] }] } } }\n',
      'dev/kustomization.yaml': kustomization('resources: [../base]\nnamespace: dev\n'),
    });
    const { worlds, findings, objects, objectsRead } = read();
    expect(worlds).toEqual({
      prod: ['ConfigMap prod/p-env', 'Deployment prod/p-web'],
      dev: ['ConfigMap dev/env', 'Deployment dev/web'],
    });
    expect(findings).toEqual([
      'info not-read base/kustomization.yaml: it does not list notes.yaml: not applied, not checked',
    ]);
    expect(objectsRead).toBe(2);
    expect(objects.find(({ metadata }) => metadata.name === 'p-env')).toMatchObject({
      data: { A: '1', B: '2', 'conf.ini': 'x', other: 'x' },
    });
    expect(objects.find(({ metadata }) => metadata.name === 'p-web')).toMatchObject({
      metadata: { labels: { env: 'prod' } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web', env: 'prod' } },
        template: {
          metadata: { labels: { app: 'web', env: 'prod' } },
          spec: {
            containers: [
              {
                image: 'web:2',
                env: [
                  { name: 'B', value: 'b' },
                  { name: 'A', value: 'a' },
                ],
                envFrom: [{ configMapRef: { name: 'p-env' } }],
              },
            ],
          },
        },
      },
    });
  });

  test('names that a base changed are followed, from patches and generators of the overlay too', () => {
    tree({
      'base/kustomization.yaml': kustomization(
        'resources: [all.yaml]\nnamespace: system\nnamePrefix: web-\nconfigMapGenerator: [{ name: config, literals: [A=1] }]\nvars: [{ name: HOST, objref: { kind: Service, name: hook, apiVersion: v1 } }]\n',
      ),
      'base/all.yaml': [
        '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: api }, spec: { template: { spec: { serviceAccountName: api, containers: [{ name: api, args: [$(HOST), $(OTHER)] }] } } } }',
        '{ apiVersion: v1, kind: ServiceAccount, metadata: { name: api } }',
        '{ apiVersion: v1, kind: Service, metadata: { name: hook } }',
        '{ apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: { name: hook }, webhooks: [{ clientConfig: { service: { name: hook, namespace: x } } }] }',
        '{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: { name: api }, subjects: [{ kind: ServiceAccount, name: api, namespace: x }] }',
      ].join('\n---\n'),
      'kustomization.yaml': kustomization(
        'resources: [base]\nreplicas: [{ name: web-api, count: 2 }]\nconfigMapGenerator: [{ name: config, behavior: merge, literals: [B=2] }]\npatches: [{ path: patch.yaml }]\n',
      ),
      'patch.yaml':
        '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: api }, spec: { template: { spec: { containers: [{ name: api, envFrom: [{ configMapRef: { name: config } }] }] } } } }',
    });
    const { worlds, findings, objects } = read();
    expect(findings).toEqual([]);
    expect(worlds['.']).toEqual([
      'ClusterRoleBinding web-api',
      'ConfigMap system/web-config',
      'Deployment system/web-api',
      'Service system/web-hook',
      'ServiceAccount system/web-api',
      'ValidatingWebhookConfiguration web-hook',
    ]);
    const find = (kind: string) => objects.find((object) => object.kind === kind);
    expect(find('ConfigMap')).toMatchObject({ data: { A: '1', B: '2' } });
    expect(find('Deployment')!.spec).toEqual({
      replicas: 2,
      template: {
        spec: {
          serviceAccountName: 'web-api',
          containers: [
            { name: 'api', args: ['${HOST}', '$(OTHER)'], envFrom: [{ configMapRef: { name: 'web-config' } }] },
          ],
        },
      },
    });
    expect(find('ClusterRoleBinding')).toMatchObject({ subjects: [{ name: 'web-api', namespace: 'system' }] });
    expect(find('ValidatingWebhookConfiguration')).toMatchObject({
      webhooks: [{ clientConfig: { service: { name: 'web-hook', namespace: 'system' } } }],
    });
  });

  test('a patch that is none of any kind is passed over', () => {
    tree({
      'kustomization.yaml': kustomization('resources: [a.yaml]\npatches: [{ path: p.yaml }]\n'),
      'a.yaml': config('a'),
      'p.yaml': 'kind: on\nmetadata: { name: a }\n',
    });
    expect(read()).toMatchObject({ worlds: { '.': ['ConfigMap a'] }, findings: [] });
  });

  test('what a kustomization names has to be there', () => {
    tree({
      'kustomization.yaml': kustomization(
        'resources:\n  - absent.yaml\n  - plain\n  - https://example.com/x.yaml\npatches:\n  - path: gone.yaml\n',
      ),
      'plain/a.yaml': config('a'),
      'circle/a/kustomization.yaml': kustomization('resources: [../b]\n'),
      'circle/b/kustomization.yaml': kustomization('resources: [../a]\n'),
      'strict/kustomization.yaml': kustomization(
        'resources: [a.yaml]\npatches:\n  - patch: |\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: { name: b }\n',
      ),
      'strict/a.yaml': config('a'),
    });
    expect(read().findings.toSorted()).toEqual([
      'error kustomization circle/b/kustomization.yaml:3 ../a takes this kustomization in again',
      'error kustomization kustomization.yaml:4 absent.yaml does not exist',
      'error kustomization kustomization.yaml:5 plain has no kustomization.yaml',
      'error kustomization kustomization.yaml:8 the patch gone.yaml does not exist',
      'error kustomization strict/kustomization.yaml:8 a patch is for ConfigMap b, which this kustomization does not take',
    ]);
  });

  test('a cluster is what its Flux Kustomizations take, and theirs', () => {
    tree({
      'clusters/prod/flux-system/kustomization.yaml': kustomization('resources: [sync.yaml]\n'),
      'clusters/prod/flux-system/sync.yaml': flux('flux-system', './clusters/prod'),
      'clusters/prod/apps.yaml': flux(
        'apps',
        './apps/prod',
        '  targetNamespace: apps\n  postBuild: { substitute: { NAME: shop, SIZE: "3" } }\n',
      ),
      'clusters/dev/apps.yaml': flux('apps', './apps/dev'),
      'apps/base/kustomization.yaml': kustomization('resources: [a.yaml]\n'),
      'apps/base/a.yaml': config('${NAME}', 'data:\n  size: ${SIZE}\n  other: "${OTHER:=x}-${NAME}"\n'),
      'apps/prod/kustomization.yaml': kustomization('resources: [../base]\n'),
      'apps/dev/a/kustomization.yaml': kustomization('resources: [a.yaml]\n'),
      'apps/dev/a/a.yaml': config('deep'),
      'apps/dev/b.yaml': config('plain'),
    });
    const { worlds, findings, objects } = read();
    expect(findings).toEqual([]);
    expect(worlds).toEqual({
      'clusters/prod/flux-system': [
        'ConfigMap apps/shop',
        'Kustomization flux-system/apps',
        'Kustomization flux-system/flux-system',
      ],
      'clusters/dev': ['ConfigMap deep', 'ConfigMap plain', 'Kustomization flux-system/apps'],
    });
    // Written alone, a variable takes the type of its value.
    expect(objects.find(({ metadata }) => metadata.name === 'shop')!.data).toEqual({
      size: '${SIZE}',
      other: 'x-shop',
    });
  });

  test('files that are asked for by name belong together', () => {
    tree({ 'a/one.yaml': config('one'), 'b/two.yaml': config('two') });
    expect(read('a/one.yaml', 'b/two.yaml').worlds).toEqual({ a: ['ConfigMap one', 'ConfigMap two'] });
  });

  test('what stands elsewhere may be there, but not what stands in another cluster', () => {
    tree({
      'clusters/prod/a.yaml': flux('apps', './none'),
      'clusters/dev/a.yaml': flux('apps', './none'),
      'clusters/dev/b.yaml': config('dev'),
      'shared/a.yaml':
        'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: x }\nspec: { target: { name: made } }\n',
    });
    const { worlds } = readManifests(['.'], { root });
    const names = (world: string) =>
      worlds.find(({ name }) => name === world)!.provides.objects!.map(({ kind, name }) => `${kind} ${name}`);
    expect(names('clusters/prod')).toEqual(['ExternalSecret x', 'Secret made']);
    expect(names('shared')).toContain('ConfigMap dev');
  });
});

test.each([
  ['a=1', true],
  ['a==1,b=2', true],
  ['a!=1', false],
  ['c!=1', true],
  ['a, !c', true],
  ['!a', false],
  ['a in (1, 3), b notin (1)', true],
  ['a in (2)', false],
  ['c in (2)', false],
])('a patch for %s means an object labelled a=1, b=2: %s', (labelSelector, expected) => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels: { a: '1', b: '2' } } };
  expect(isTarget({ labelSelector }, object)).toBe(expected);
});

describe('lineOf', () => {
  const text = [
    ...['apiVersion: v1', 'kind: A', 'metadata:', '  name: a', '---'],
    ...[
      '# second',
      'apiVersion: v1',
      'kind: B',
      'metadata:',
      '  labels:',
      '    a.b/c: x',
      'spec:',
      '  list:',
      '    - name: one',
      '      port: 1',
      '    - name: two',
      '      port: 2',
    ],
  ].join('\n');

  test.each([
    [1, 'metadata.name', 4],
    [7, 'metadata.labels["a.b/c"]', 11],
    [7, 'spec.list[1].port', 17],
    [7, 'spec.list[1].absent', 16],
    [7, 'status', 7],
  ])('from line %d, %s is on line %d', (line, field, expected) => {
    expect(lineOf(text, line, field)).toBe(expected);
  });

  test('counts from the item of a List', () => {
    const list = 'kind: List\napiVersion: v1\nitems:\n  - kind: A\n    spec: 1\n  - kind: B\n    spec: 2\n';
    expect(lineOf(list, 6, 'spec')).toBe(7);
  });

  test('stays at the document where the file is gone', () => {
    expect(lineFinder('/nowhere')('x.yaml', 3, 'spec')).toBe(3);
  });
});
